"""The code on every card runs, as a user runs it: in a process of its own, in the folder the card lies in."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from limbeck import exports
from limbeck.distilled import DistilledSet

Make = Callable[..., DistilledSet]
SHAPES = "\nprint(tuple(audio.shape), tuple(image.shape), int(label))\n"


def run_card(folder: Path, more: str, home: Path) -> str:
    """What the one piece of Python on a card prints, with something added at its end."""
    (code,) = re.findall(r"^```python\n(.*?)^```", (folder / "README.md").read_text(encoding="utf-8"), re.M | re.S)
    done = subprocess.run(
        [sys.executable, "-c", code + more], cwd=folder, env=os.environ | {"HF_HOME": str(home), "HF_HUB_OFFLINE": "1"},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", exports.names())
def test_the_card_of_an_export_runs(name: str, tmp_path: Path, make_set: Make) -> None:
    made = make_set()
    folder = exports.load(name)().write(made, tmp_path / "a folder")
    if name == "folder":  # reads a picture and decibels
        told = run_card(folder, "\nprint(picture.shape, decibels.shape)\n", tmp_path)
        size = made.recipe.image_size
        assert told == f"({size}, {size}, 3) {made.recipe.mel.shape}\n"
        return
    audio, image, labels = made.training_pairs()
    told = run_card(folder, SHAPES, tmp_path)
    assert told.splitlines()[-1] == f"{tuple(audio[0].shape)} {tuple(image[0].shape)} {int(labels[0])}"


def test_the_card_of_a_distilled_set_runs(tmp_path: Path, make_set: Make) -> None:
    made = make_set()
    audio, image, labels = made.training_pairs()
    told = run_card(made.save(tmp_path / "a set"), SHAPES, tmp_path)
    assert told == f"{tuple(audio[0].shape)} {tuple(image[0].shape)} {int(labels[0])}\n"
