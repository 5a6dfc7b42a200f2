"""Repeats done by other processes: the score of one process, nothing done twice, and what fails is told."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.generated import RECIPE, Generated
from tests.helpers.tasks import Elsewhere

import limbeck
from limbeck import cli
from limbeck.engine.executor import AnyTask, Executor, Here
from limbeck.errors import InputError, LimbeckError
from limbeck.evaluation import Score
from limbeck.evaluation.measures import Measure
from limbeck.evaluation.measures.accuracy import Accuracy
from limbeck.evaluation.measures.continual import Continual
from limbeck.networks import Architecture

QUICK: dict[str, Any] = {
    "network": Architecture(options={"width": 4}), "epochs": 2, "device": "cpu", "threads": 1, "progress": False,
}  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared dataset, and a set that was distilled from it."""
    folder = tmp_path_factory.mktemp("place")
    limbeck.prepare(Generated(60, classes="abcde"), out=folder / "prepared", recipe=RECIPE, workers=1, progress=False)
    limbeck.distill(folder / "prepared", "random", per_class=2, out=folder / "set", progress=False)
    return folder


class Backwards(Executor):
    """Runs the last tasks first, in other folders, and stops after some; keeps the numbers of those it was given."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.given = list[int]()
        self._stop_after = stop_after

    def run(self, tasks: Iterable[AnyTask]) -> Iterator[tuple[AnyTask, str | None]]:
        ordered: list[Any] = [*tasks]
        self.given = [task.number for task in ordered]
        yield from islice(Elsewhere().run(ordered[::-1]), self._stop_after)
        if self._stop_after is not None:
            raise KeyboardInterrupt


def stripped(score: Score) -> Score:
    """All but the time."""
    return score.model_copy(update={"repeats": tuple(r.model_copy(update={"seconds": 0}) for r in score.repeats)})


@pytest.mark.parametrize("measure", [Accuracy(), Continual(tasks=2)], ids=["accuracy", "one that distils"])
def test_the_score_is_that_of_one_process(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, measure: Measure
) -> None:
    shutil.copytree(place, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    asked = {"on": "prepared", "repeats": 3, **QUICK}
    here = limbeck.evaluate("set", measure, out="here", **asked)
    there = limbeck.evaluate("set", measure, executor=Backwards(), **asked)
    assert stripped(there) == stripped(here)
    assert [r.threads for r in there.repeats] == [1, 1, 1]
    (kept,) = (tmp_path / "set/scores").iterdir()  # and no part of it
    assert Score.read(kept) == there
    held = limbeck.evaluate(limbeck.DistilledSet.load("set"), measure, out="held", executor=Elsewhere(), **asked)
    assert stripped(held) == stripped(here)


def test_controls_and_the_whole_are_those_of_one_process(place: Path, tmp_path: Path) -> None:
    asked = {"on": place / "prepared", "repeats": 2, **QUICK}
    here = limbeck.evaluate_controls(place / "set", out=tmp_path / "here", **asked)
    there = limbeck.evaluate_controls(place / "set", out=tmp_path / "there", executor=Elsewhere(), **asked)
    assert {name: stripped(one) for name, one in there.items()} == {name: stripped(one) for name, one in here.items()}
    assert there["whole"].n == 1
    assert not list((tmp_path / "there").rglob(".*parts"))


def test_what_is_done_is_not_done_again(place: Path, tmp_path: Path) -> None:
    asked = {"on": place / "prepared", "out": tmp_path, **QUICK}
    first = limbeck.evaluate(place / "set", repeats=1, **asked)
    stopped, again = Backwards(stop_after=2), Backwards()
    with pytest.raises(KeyboardInterrupt):
        limbeck.evaluate(place / "set", repeats=5, executor=stopped, **asked)
    assert stopped.given == [1, 2, 3, 4]
    (damaged,) = tmp_path.rglob("3/repeat.json")
    whole = damaged.read_bytes()
    damaged.write_bytes(whole.replace(b'"threads": 1', b'"threads": 2'))
    with pytest.raises(InputError, match=r"repeat.json was damaged"):
        limbeck.evaluate(place / "set", repeats=5, executor=again, **asked)
    damaged.write_bytes(whole)
    score = limbeck.evaluate(place / "set", repeats=5, executor=again, **asked)
    assert again.given == [1, 2]
    assert score.repeats[0] == first.repeats[0]
    assert stripped(score) == stripped(limbeck.evaluate(place / "set", repeats=5, **asked | {"out": tmp_path / "new"}))
    limbeck.evaluate(place / "set", repeats=4, executor=again, **asked)
    assert again.given == []


def test_what_fails_is_told_and_the_rest_is_kept(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place / "set", tmp_path / "set")
    asked = {"on": place / "prepared", "repeats": 3, **QUICK}

    class Changes(Executor):
        """Runs tasks while somebody replaces the set."""

        def run(self, tasks: Iterable[AnyTask]) -> Iterator[tuple[AnyTask, str | None]]:
            for number, task in enumerate(tasks):
                if number == 1:
                    other = limbeck.distill(place / "prepared", "random", per_class=2, seed=9, progress=False)
                    other.save(tmp_path / "set")
                yield from Here().run([task])

    with pytest.raises(LimbeckError, match=r"2 repeats of 3 failed: .* another question than was asked: trained_on"):
        limbeck.evaluate(tmp_path / "set", executor=Changes(), **asked)
    (kept,) = (tmp_path / "set/scores").glob("*.json")
    assert Score.read(kept).n == 1
    with pytest.raises(LimbeckError, match=r"3 repeats of 3 failed: The training loss became"):
        limbeck.evaluate(place / "set", executor=Here(), out=tmp_path, **asked, lr=1e30)


def test_bad_input_is_refused_before_any_work(place: Path, tmp_path: Path) -> None:
    asked = {"on": place / "prepared", **QUICK}
    with pytest.raises(InputError, match="Say which with `out`"):
        limbeck.evaluate(None, executor=Here(), **asked)
    with pytest.raises(InputError, match="At least one repeat and one thread"):
        limbeck.evaluate(None, repeats=0, executor=Here(), out=tmp_path, **asked)
    with pytest.raises(InputError, match="At least one repeat and one thread"):
        limbeck.evaluate(None, out=tmp_path, **asked | {"threads": 0})
    assert not any(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("processes", [["--device", "cpu", "--processes", 2], ["--devices", "cpu,cpu"]])
def test_processes_are_typed(place: Path, tmp_path: Path, typed: Callable[..., str], processes: list[object]) -> None:
    words = ["evaluate", place / "set", "--on", place / "prepared", "--set", "network.width=4", "--epochs", 2, "--json"]
    words += ["--threads", 1, "--repeats", 3, "-q", "--out"]
    here, there = (
        Score.from_json(json.loads(typed(*words, tmp_path / name, *more)))
        for name, more in (("here", ["--device", "cpu"]), ("there", processes))
    )
    assert stripped(there) == stripped(here)


@pytest.mark.parametrize(
    ("more", "refused"),
    [
        (["--processes", "2"], "with --whole give --out"),
        (["--out", "new", "--gpus-per-job", "1"], "need --ray"),
        (["--out", "new", "--processes", "2", "--ray", "auto"], "--processes and --devices are for this machine"),
        (["--devices", "cpu,cpu"], "with --whole give --out"),
        (["--out", "new", "--devices", "cpu,cpu", "--device", "cpu"], "leave out --device"),
        (["--out", "new", "--devices", "cpu,meta"], "Devices of one kind"),
        (["--out", "new", "--devices", "cpu,"], "Device '' cannot be used here"),
    ],
)
def test_options_that_do_not_go_together(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any, more: list[str], refused: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as caught:
        cli.main(["evaluate", "--whole", "--on", str(place / "prepared"), *more])
    assert caught.value.code in (1, 2)
    assert refused in " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert not any(tmp_path.iterdir())
