"""Verbs on a Ray cluster whose machines, and whose own process, are killed; run as a script it does one of them.

``python -m tests.helpers.killed_on_ray VERB PLACE OUT`` says when it is at work, and ends when all is done.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.helpers.generated import RECIPE, Generated, contents
from tests.helpers.recordings import recording, recordings
from tests.helpers.spectral_encoder import SpectralEncoder
from tests.index.test_on_ray import rows, updated

import limbeck
from limbeck import _files, comparison
from limbeck.comparison import Recipe
from limbeck.datasets import _plan, _prepare
from limbeck.engine import executor, on_ray
from limbeck.engine.executor import Executor
from limbeck.evaluation import Repeat, Score
from limbeck.index import SoundIndex, _block, _update
from limbeck.networks import Architecture

AT_WORK = "at work"
TOML = """
title = "Sounds"
baseline = "random"
per_class = [1]
distillations = 3
students = 2
whole = 1

[data]
dataset = "folder"
modality = "audio"

[data.clip]
mel = { sample_rate_hz = 4000, clip_seconds = 0.4, mels = 16, fft_samples = 200, hop_samples = 100 }

[network]
options = { width = 4 }

[protocol]
epochs = 20

[rows.random]
method = "random"

[rows.dm]
method = "dm"
settings = { steps = 300, encoders = { bank = 2, batch = 3 } }
"""
STUDENTS: dict[str, Any] = {
    "network": Architecture(options={"width": 4}),
    "device": "cpu",
    "threads": 1,
    "progress": False,
}


@dataclass(frozen=True)
class Verb:
    """What is done at a `place` that `make` has made, once with an executor and once without.

    Attributes:
        work: Does it in a folder; what it needs is at the place.
        found: All that it came to, in which nothing may stand twice.
        finished: What is done for good, by name, with what changes if it is done again.
    """

    make: Callable[[Path], object]
    work: Callable[[Path, Path, Executor | None], object]
    found: Callable[[Path], Any]
    finished: Callable[[Path], dict[Any, Any]]


def _prepare_clips(place: Path, out: Path, machines: Executor | None) -> None:
    data = Generated(60, faults={3: "rotten", 17: "crash"}, delay_s=0.1 if machines else 0.0)
    limbeck.prepare(data, out=out, recipe=RECIPE, workers=1, executor=machines, progress=False)


def _index_recordings(place: Path, out: Path, machines: Executor | None) -> None:
    load = partial(SpectralEncoder, delay_s=0.1 if machines else 0.0)
    # Several readers, or commits in between, bring windows together by chance, which rounds some otherwise.
    updated(out, place / "recorded", executor=machines, load=load, workers=1)


def _make_recordings(place: Path) -> None:
    recordings(place / "recorded", 24)
    (place / "recorded" / "rotten.wav").write_bytes(b"RIFF no sound")


def _make_classes(place: Path) -> None:
    for number in range(24):
        recording(place / "classes" / "ab"[number % 2] / f"{number}.wav", 0.5, number)
    (place / "classes" / "a" / "rotten.wav").write_bytes(b"RIFF no sound")


def _compare(place: Path, out: Path, machines: Executor | None) -> None:
    recipe = place / "sounds.toml"
    recipe.write_text(TOML)
    how: dict[str, Any] = {"device": "cpu", "executor": machines}
    comparison.run(Recipe.load(recipe), name="sounds", out=out, data=place / "classes", **how)


def _compared(out: Path) -> Any:
    cells = json.loads((out / "sounds" / "table.json").read_text())["cells"]
    accuracies = {(cell["row"], cell["seed"]): cell["accuracy"] for cell in cells}
    assert len(cells) == len(accuracies) == 7
    return {file.parent.name: file.read_bytes() for file in out.glob("sets/*/data.safetensors")}, accuracies


def _make_set(place: Path) -> None:
    prepared = limbeck.prepare(Generated(), out=place / "prepared", recipe=RECIPE, workers=1, progress=False)
    limbeck.distill(prepared, "random", out=place / "set", progress=False)


def _evaluate(place: Path, out: Path, machines: Executor | None) -> None:
    how: dict[str, Any] = {"on": place / "prepared", "repeats": 12, "epochs": 60, "executor": machines}
    limbeck.evaluate(place / "set", out=out, **how, **STUDENTS)


def _evaluated(out: Path) -> Any:
    (file,) = (path for path in out.rglob("*") if path.is_file())
    found = [(one.seed, one.losses, one.predictions) for one in Score.read(file).repeats]
    assert len(found) == 12
    return found


def _times(pattern: str, out: Path) -> dict[Any, Any]:
    return {path: path.stat().st_mtime_ns for path in out.glob(pattern)}


def _repeats(out: Path) -> dict[Any, Any]:
    """Seconds of each repeat by its seed and the folder of its score, in a part of the score or in it."""
    found = {}
    for part in out.rglob("repeat.json"):
        with contextlib.suppress(FileNotFoundError):  # it goes into the score meanwhile
            one = Repeat.from_json(_files.read_record(part))
            found[part.parents[2], one.seed] = one.seconds
    for file in (*out.glob("*.json"), *out.glob("*/*/scores/*.json")):
        found |= {(file.parent, one.seed): one.seconds for one in Score.read(file).repeats}
    return found


VERBS = {
    "prepare": Verb(lambda place: None, _prepare_clips, contents, partial(_times, "shards/*.safetensors")),
    "index": Verb(
        _make_recordings,
        _index_recordings,
        lambda out: (rows(SoundIndex.open(out)), (out / ".parts").exists()),
        lambda out: rows(SoundIndex.open(out)) if SoundIndex.exists(out) else {},
    ),
    "benchmark": Verb(
        _make_classes, _compare, _compared, lambda out: _times("sets/*/run/done.json", out) | _repeats(out)
    ),
    "evaluate": Verb(_make_set, _evaluate, _evaluated, _repeats),
}


def small_tasks(put: Callable[[object, str, Any], None] = setattr) -> None:
    """Make many small tasks of what a user has as a few large ones."""
    for module, name, value in (
        (_plan, "_SHARD_CLIPS", 5),
        (_prepare, "_TASK_SHARDS", 1),
        (_block, "_FILES", 2),
        (executor, "RETRY_SECONDS", 0.2),
    ):
        put(module, name, value)


if __name__ == "__main__":
    name, place, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    small_tasks()
    _update._COMMIT_S = 0.0
    with on_ray.connected("auto", folder=out, tell=lambda said: None) as machines:
        print(AT_WORK, flush=True)
        VERBS[name].work(place, out, machines)
