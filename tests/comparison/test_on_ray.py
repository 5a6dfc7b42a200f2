"""Tasks, and a recipe, on a real Ray cluster: as on one machine, bit for bit, also where machines are lost."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.comparison.test_run import accuracies
from tests.helpers.generated import RECIPE, Generated
from tests.helpers.lost import lose_one
from tests.helpers.tasks import Counts, Writes

import limbeck
from limbeck import cli, comparison, distillation
from limbeck.comparison import Recipe
from limbeck.engine import executor, on_ray
from limbeck.errors import InputError
from limbeck.evaluation import on_disk
from limbeck.networks import Architecture


@pytest.fixture
def machines(cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[on_ray.OnRay]:
    monkeypatch.setattr(executor, "RETRY_SECONDS", 0.05)
    with on_ray.connected("auto", folder=tmp_path, tell=lambda said: None) as found:
        yield found


@pytest.mark.slow
def test_one_rotten_task_stops_only_those_that_need_it(machines: on_ray.OnRay, tmp_path: Path) -> None:
    good, bad, fault = (Writes(tmp_path / n, kind=k) for n, k in (("good", ""), ("bad", "fails"), ("fault", "fault")))
    after, never = Writes(tmp_path / "after", (good,)), Writes(tmp_path / "never", (bad,))
    busy, late = Writes(tmp_path / "busy", kind="busy"), Writes(tmp_path / "late", kind="busy")
    dies = Writes(tmp_path / "dies", kind="dies")
    found = {t.file.name: error for t, error in machines.run([bad, never, good, fault, after, busy, late, dies])}
    assert found.keys() == {"good", "bad", "fault", "after", "busy", "late", "dies"}
    assert (found["good"], found["after"], found["busy"], found["late"], found["bad"]) == (None,) * 4 + ("No.",)
    assert "a fault in Limbeck" in (found["fault"] or "")
    assert "was lost 4 times (WorkerCrashedError)" in (found["dies"] or "")
    assert not (tmp_path / "never").exists()


def test_tasks_of_a_machine_that_is_lost_go_to_others(cluster: Any, machines: on_ray.OnRay, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    tasks = [Counts(tmp_path / str(i), gate) for i in range(3)]
    found = machines.run(tasks)
    lost = cluster.list_all_nodes()[-1]
    ended: list[str | None] = []
    work = threading.Thread(target=lambda: ended.extend(error for _, error in found))
    work.start()

    def begun() -> int:
        return sum(task.file.read_text().count("begins") for task in tasks if task.file.exists())

    while begun() < 3:  # one on each
        time.sleep(0.1)
    cluster.remove_node(lost, allow_graceful=False)
    cluster.add_node(num_cpus=1, node_ip_address="127.0.0.2")
    while begun() < 4:
        time.sleep(0.1)
    gate.touch()
    work.join(120)
    assert ended == [None] * 3
    said = [task.file.read_text().split() for task in tasks]
    assert sorted(said) == [["begins", "begins", "ends"], ["begins", "ends"], ["begins", "ends"]]


@pytest.mark.slow
def test_a_machine_that_is_lost_changes_no_bit(cluster: Any, recipe: Recipe, done: Path, tmp_path: Path) -> None:
    shutil.copytree(done / "prepared", tmp_path / "prepared")
    lost: list[Any] = []

    def lose(what: str, ended: int, total: int) -> None:
        if ended == 2 and not lost:
            lost.append(lose_one(cluster))

    said: list[str] = []
    with on_ray.connected("auto", folder=tmp_path, tell=said.append) as executor:
        assert executor.room >= 3  # a machine lost before may count for a moment
        comparison.run(
            recipe, name="two", out=tmp_path, executor=executor, device="cpu", progress=False, page=False, on_job=lose
        )
    assert lost
    assert said == ["Ray: 3 machines, 3 cores, 0 GPUs."]
    assert accuracies(tmp_path) == accuracies(done)
    sets = sorted((tmp_path / "sets").glob("*/data.safetensors"))  # other tests leave more sets in `done`
    assert len(sets) == 6
    for file in sets:
        assert (done / file.relative_to(tmp_path)).read_bytes() == file.read_bytes()


@pytest.mark.slow
def test_students_of_a_machine_that_is_lost_are_trained_on_others(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = limbeck.prepare(Generated(), out=tmp_path / "prepared", recipe=RECIPE, workers=1, progress=False)
    given = tmp_path / "set"
    limbeck.distill(prepared, "random", out=given, progress=False)
    lost: list[Any] = []

    def tell(ended: int, total: int) -> None:
        if ended == 1 and not lost:
            lost.append(lose_one(cluster))

    monkeypatch.setattr(on_disk, "bar", lambda title, *, show: nullcontext(tell))
    asked: dict[str, Any] = {
        "on": prepared,
        "network": Architecture(options={"width": 4}),
        "epochs": 3,
        "repeats": 6,
        "threads": 1,
    }
    with on_ray.connected("auto", folder=tmp_path, tell=lambda said: None) as executor:
        there = limbeck.evaluate(given, **asked, device="cpu", executor=executor)
    assert lost
    here = limbeck.evaluate(given, **asked, device="cpu", out=tmp_path / "here", progress=False)
    assert [(r.seed, r.losses, r.predictions) for r in there.repeats] == [
        (r.seed, r.losses, r.predictions) for r in here.repeats
    ]


@pytest.mark.slow
def test_machines_that_differ_are_refused(cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = on_ray.versions()
    monkeypatch.setattr(on_ray, "versions", lambda: here | {"torch": "1.0"})
    refused = pytest.raises(InputError, match=r"has other versions than this one: torch .* there, 1\.0 here")
    with refused, on_ray.connected("auto", folder=tmp_path):
        pass


@pytest.mark.slow
def test_more_for_a_task_than_any_machine_has_is_refused(cluster: Any, tmp_path: Path) -> None:
    asked = {"folder": tmp_path, "tell": lambda said: None}
    refused = pytest.raises(InputError, match="No machine has 2 cores and 0 GPUs, which each task is to get")
    with refused, on_ray.connected("auto", share=on_ray.Share(2), **asked):
        pass
    with on_ray.connected("auto", share=on_ray.Share(0.7), **asked) as executor:
        assert executor.room >= 3  # a machine lost before may count for a moment  # one on each machine, not 3 / 0.7


@pytest.mark.slow
def test_machines_tell_what_they_have(cluster: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match="There is no folder"):
        on_ray.machines("auto", folder=tmp_path / "runs")
    (tmp_path / "runs").mkdir()
    found = on_ray.machines("auto", folder=tmp_path / "runs")
    assert [(one.cores, one.gpus, one.sees) for one in found] == [(1.0, 0.0, True)] * 3
    assert all(one.versions == on_ray.versions() and one.memory_bytes > 0 for one in found)
    assert not any(one.unfit(tmp_path) for one in found)
    assert list((tmp_path / "runs").iterdir()) == []
    (blind, *_) = (replace(one, sees=False) for one in found)
    assert "does not see" in blind.unfit(tmp_path)
    capsys.readouterr()
    assert cli.app(["cluster", "--folder", str(tmp_path / "runs")], standalone_mode=False) in (None, 0)
    printed = capsys.readouterr()
    assert "3 machines" in printed.out
    assert printed.out.count("yes") == 3
    assert "Refused" not in printed.err


@pytest.mark.parametrize("address", ["127.0.0.1:9", "ray://127.0.0.1:9", "head"])
def test_an_address_without_a_cluster_is_told(address: str, tmp_path: Path) -> None:
    pytest.importorskip("ray")
    refused = pytest.raises(InputError, match=rf"There is no Ray cluster at '{address}'")
    with refused, on_ray.connected(address, folder=tmp_path):
        pass


@pytest.mark.slow
def test_nothing_else_imports_ray() -> None:
    program = "import limbeck.cli, limbeck.comparison, limbeck.sounds, sys\nassert 'ray' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.slow
def test_blocks_of_classes_of_a_machine_that_is_lost_are_distilled_on_others(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    classes = tuple("abcdef")
    prepared = limbeck.prepare(
        Generated(36, classes=classes), out=tmp_path / "prepared", recipe=RECIPE, workers=1, progress=False
    )
    lost: list[Any] = []

    def tell(ended: int, total: int) -> None:
        assert total == len(classes)
        if ended == 1 and not lost:
            lost.append(lose_one(cluster))

    monkeypatch.setattr(distillation, "bar", lambda title, *, show: nullcontext(tell))
    encoders = {"network": {"options": {"width": 8}}, "bank": 2}
    asked: dict[str, Any] = {"steps": 10, "encoders": encoders, "device": "cpu"}
    with on_ray.connected("auto", folder=tmp_path, tell=lambda said: None) as executor:
        limbeck.distill(prepared, "dm", out=tmp_path / "there", executor=executor, **asked)
    monkeypatch.undo()
    assert lost
    limbeck.distill(prepared, "dm", blocks="each", out=tmp_path / "here", progress=False, **asked)
    there, here = (tmp_path / name / "data.safetensors" for name in ("there", "here"))
    assert there.read_bytes() == here.read_bytes()
