"""Three hundred broken files: each is decoded or refused, none crashes, hangs, or raises anything else."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest
from tests.helpers.mutate import MUTATIONS, mutated_files, whole_files

from limbeck.errors import MediaError
from limbeck.media import ClipRecipe, probe, read_clip

COUNT = 300
SECONDS = 20.0
RECIPE = ClipRecipe(image_size=64)


def test_mutations_are_the_same_every_time(tmp_path: Path) -> None:
    first, again = mutated_files(tmp_path / "a", 18), mutated_files(tmp_path / "b", 18)
    assert [p.name for p in first] == [p.name for p in again]
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in again]
    assert {p.name.split("-")[1] for p in first} == set(MUTATIONS)


@pytest.mark.slow
def test_three_hundred_broken_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read in processes of their own, with a time limit a file, so that a crash or a hang is seen and named."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))  # worker processes import this module by its name
    files = mutated_files(tmp_path / "rotten", COUNT)
    whole = {p.name: p for p in whole_files(tmp_path / "whole")}
    outcomes = _read_all(files, whole["sound.wav"], whole["picture.png"])
    bad = {name: o for name, o in outcomes.items() if not o.startswith(("decoded", "refused"))}
    assert not bad
    decoded = sum(o.startswith("decoded") for o in outcomes.values())
    assert COUNT // 10 < decoded < COUNT * 2 // 3, "mutations are too strong or too weak to test anything"


@pytest.mark.slow
@pytest.mark.parametrize(("what", "seen"), [("crash", "crashed with code -11"), ("hang", "hung"), ("raise", "raised")])
def test_the_test_sees_crashes_and_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, seen: str) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))
    monkeypatch.setattr(f"{__name__}.SECONDS", 4.0)
    files = [tmp_path / "a.wav", tmp_path / f"{what}.misbehave", tmp_path / "b.wav"]
    outcomes = _read_all(files, files[0], files[0])
    assert outcomes["a.wav"].startswith("refused missing_file")
    assert outcomes[f"{what}.misbehave"].startswith(seen)
    assert outcomes["b.wav"].startswith("refused missing_file")


def _misbehave(what: str) -> None:
    {"crash": lambda: os.kill(os.getpid(), signal.SIGSEGV), "hang": lambda: time.sleep(60), "raise": lambda: 1 / 0}[
        what
    ]()


def _read_all(files: list[Path], sound: Path, picture: Path) -> dict[str, str]:
    """Name to outcome; a worker that dies or is late is replaced, and its file gets the blame."""
    outcomes: dict[str, str] = {}
    context = multiprocessing.get_context("spawn")
    waiting = list(files)
    while waiting:
        here, there = context.Pipe()
        worker = context.Process(target=_work, args=(there, waiting, sound, picture), daemon=True)
        worker.start()
        there.close()
        patience = 3 * SECONDS  # importing takes its time on a busy machine
        while waiting:
            try:
                late = not here.poll(patience)
                outcome = "hung" if late else here.recv()
            except EOFError:
                worker.join(SECONDS)
                late, outcome = True, f"crashed with code {worker.exitcode}"
            outcomes[waiting.pop(0).name] = outcome
            patience = SECONDS
            if late:
                break
        worker.kill()
        worker.join()
        here.close()
    return outcomes


def _work(out: Connection, files: list[Path], sound: Path, picture: Path) -> None:
    for path in files:
        out.send(_outcome(path, sound, picture))


def _outcome(path: Path, sound: Path, picture: Path) -> str:
    told = []
    for audio, image in ((path, path), (path, picture), (sound, path)):
        try:
            if path.suffix == ".misbehave":
                _misbehave(path.stem)
            clip = read_clip(audio, image, start_s=0.5, length_s=1.0, recipe=RECIPE)
        except MediaError as error:
            told.append(error.reason)
            continue
        except BaseException as error:
            return f"raised {error!r}"
        if clip.waveform.shape != (RECIPE.mel.samples,) or clip.frame.shape != (64, 64, 3):
            return f"has shapes {clip.waveform.shape} and {clip.frame.shape}"
        if not np.isfinite(clip.waveform).all() or np.abs(clip.waveform).max() > 1:
            return "has samples out of range"
        return "decoded " + "; ".join(clip.repairs)
    try:
        probe(path)
    except MediaError as error:
        told.append(error.reason)
    except BaseException as error:
        return f"probe raised {error!r}"
    return "refused " + ", ".join(told)
