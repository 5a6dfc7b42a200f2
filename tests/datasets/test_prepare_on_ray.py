"""Preparing on a real Ray cluster: the bytes of one machine, also where machines or the program that asked are lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.helpers.generated import RECIPE, Generated, contents
from tests.helpers.lost import lose_one
from tests.helpers.recordings import recording
from tests.helpers.tasks import Elsewhere

from limbeck._locations import Location
from limbeck.datasets import _plan, _prepare, prepare
from limbeck.engine import on_ray
from limbeck.engine.executor import AnyTask, Executor, Here, Task
from limbeck.errors import FingerprintError, InputError

ROOT = Path(__file__).parents[2]
CLIPS = 60
FAULTS = {3: "rotten", 17: "crash", 41: "error"}


@pytest.fixture(autouse=True)
def _several_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_plan, "_SHARD_CLIPS", 5)
    monkeypatch.setattr(_prepare, "_TASK_SHARDS", 2)


def here(folder: Path) -> dict[str, str]:
    prepare(Generated(CLIPS, faults=FAULTS), out=folder, recipe=RECIPE, workers=1, progress=False)
    return contents(folder)


@pytest.mark.slow
def test_a_lost_machine_and_rotten_clips_change_no_byte(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost: list[Any] = []

    def tell(done: int, total: int) -> None:
        if done >= 10 and not lost:
            lost.append(lose_one(cluster))

    monkeypatch.setattr(_prepare, "bar", lambda title, *, show: nullcontext(tell))
    out = tmp_path / "out"
    data = Generated(CLIPS, faults=FAULTS, delay_s=0.05)
    with on_ray.connected("auto", folder=out, tell=lambda said: None) as executor:
        prepared = prepare(data, out=out, recipe=RECIPE, executor=executor, progress=False)
    assert lost
    assert [clip["reason"] for clip in prepared.rejected] == ["no_audio_track", "crashed", "unreadable"]
    assert contents(out) == here(tmp_path / "here")


PROGRAM = """
import sys
from pathlib import Path
from tests.datasets.test_prepare_on_ray import CLIPS, FAULTS
from tests.helpers.generated import RECIPE, Generated
from limbeck.datasets import _plan, _prepare, prepare
from limbeck.engine import on_ray
_plan._SHARD_CLIPS, _prepare._TASK_SHARDS = 5, 1
out = Path(sys.argv[1])
with on_ray.connected("auto", folder=out) as executor:
    data = Generated(CLIPS, faults=FAULTS, delay_s=float(sys.argv[2]))
    prepare(data, out=out, recipe=RECIPE, executor=executor, progress=False)
"""


@pytest.mark.slow
def test_the_program_that_asked_is_killed_and_started_again(cluster: Any, tmp_path: Path) -> None:
    out = tmp_path / "out"

    def begin(delay_s: float) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", PROGRAM, str(out), str(delay_s)], cwd=ROOT)

    first = begin(0.2)
    while not list((out / "shards").glob("*.safetensors")):
        assert first.poll() is None
        time.sleep(0.05)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    there = {path: path.stat().st_mtime_ns for path in (out / "shards").glob("*.safetensors")}
    assert 0 < len(there) < CLIPS // 5
    assert begin(0).wait() == 0
    assert {path: path.stat().st_mtime_ns for path in there} == there
    assert contents(out) == here(tmp_path / "here")


@pytest.mark.slow
def test_files_by_relative_names(cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in range(12):
        recording(tmp_path / "data" / "ab"[place % 2] / f"{place}.wav", 0.5, place)
    (tmp_path / "data" / "a" / "rotten.wav").write_bytes(b"RIFF no sound")
    monkeypatch.chdir(tmp_path)
    asked = {"recipe": RECIPE, "modality": "audio", "progress": False}
    with on_ray.connected("auto", folder=Path("out"), tell=lambda said: None) as executor:
        prepare("folder", "data", out="out", executor=executor, **asked)
        with pytest.raises(InputError, match="Samples that a program holds"):
            prepare([(0, "a")], out="samples", executor=executor)
    prepare("folder", "data", out="here", workers=1, **asked)
    assert contents(tmp_path / "out") == contents(tmp_path / "here")


def test_a_disk_that_is_gone_rejects_nothing(tmp_path: Path) -> None:
    files = [recording(tmp_path / "data" / "ab"[place % 2] / f"{place}.wav", 0.5, place) for place in range(4)]
    plan = _plan.Plan.of(_prepare.opened("folder", tmp_path / "data", {}), RECIPE, "audio")
    task = _prepare.Shards.of(plan, [0], tmp_path / "out", workers=1, timeout_s=60)
    files[1].unlink()
    files[3].unlink()  # those of one of two disks
    with pytest.raises(InputError, match=r"None of 2 files is in .*/b any more"):
        task.run()


def test_options_that_are_relative_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in range(10):
        recording(tmp_path / "sounds" / "ab"[place % 2] / f"{place}.wav", 0.5, place)
        picture = tmp_path / "elsewhere" / "ab"[place % 2] / f"{place}.png"
        picture.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (16, 16), (place, 0, 0)).save(picture)
    monkeypatch.chdir(tmp_path)
    asked = {"sounds": tmp_path / "sounds", "images": "elsewhere", "recipe": RECIPE, "progress": False}
    prepare("paired", out="out", executor=Elsewhere(), **asked)
    assert not prepare("paired", out="here", workers=1, **asked).rejected
    assert contents(tmp_path / "out") == contents(tmp_path / "here")


def test_what_a_killed_question_to_machines_leaves_is_no_other_thing(tmp_path: Path) -> None:
    (tmp_path / ".seen-0123abcd").write_text("0123")
    assert prepare(Generated(8), out=tmp_path, recipe=RECIPE, workers=1, progress=False)


class Outlived(Executor):
    """Runs tasks of which one was also begun for a killed program, by a machine that ends it last."""

    def __init__(self, killed: Task) -> None:
        self._killed = killed

    def run(self, tasks: Iterable[AnyTask]) -> Iterator[tuple[AnyTask, str | None]]:
        yield from Here().run(tasks)
        self._killed.run()


def test_shards_of_a_killed_program_with_other_settings_are_refused(tmp_path: Path) -> None:
    other = _plan.Plan.of(Generated(8), RECIPE.model_copy(update={"fit": "crop"}), None)
    late = Outlived(_prepare.Shards.of(other, [0], Location.of(tmp_path), workers=1, timeout_s=60))
    with pytest.raises(FingerprintError, match=r"clips made with other settings \(fit crop, now stretch\)"):
        prepare(Generated(8), out=tmp_path, recipe=RECIPE, executor=late, progress=False)
