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


def run_card(folder: Path, more: str, home: Path) -> str:
    """What the one piece of Python on a card prints, with something added at its end."""
    (code,) = re.findall(r"^```python\n(.*?)^```", (folder / "README.md").read_text(encoding="utf-8"), re.M | re.S)
    done = subprocess.run(
        [sys.executable, "-c", code + more], cwd=folder, env=os.environ | {"HF_HOME": str(home), "HF_HUB_OFFLINE": "1"},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def _told(made: DistilledSet) -> str:
    shapes = "".join(f"{tuple(m.shape)} " for m in made.modalities.values())
    return f"{shapes}{int(made.targets.labels[0])}\n"


@pytest.mark.slow
@pytest.mark.parametrize("name", exports.names())
def test_the_card_of_an_export_runs(name: str, seen: tuple[str, ...], tmp_path: Path, make_set: Make) -> None:
    made = make_set(seen=seen)
    folder = exports.load(name)().write(made, tmp_path / "a folder")
    read = [f"sample[{m!r}]" for m in seen] if name == "folder" else [*seen]  # one mapping, or a name for each
    more = "".join(f"tuple({x}.shape), " for x in read)
    told = run_card(folder, f"\nprint({more}int(label))\n", tmp_path)
    assert told.splitlines(keepends=True)[-1] == _told(made)


@pytest.mark.slow
def test_the_card_of_a_distilled_set_runs(seen: tuple[str, ...], tmp_path: Path, make_set: Make) -> None:
    made = make_set(seen=seen)
    more = "".join(f"tuple(sample[{m!r}].shape), " for m in seen)
    told = run_card(made.save(tmp_path / "a set"), f"\nprint({more}int(label))\n", tmp_path)
    assert told.splitlines(keepends=True)[-1] == _told(made)
