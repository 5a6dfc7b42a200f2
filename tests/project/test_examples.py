"""The examples run as they stand, on any machine."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(name: str, *arguments: str | Path) -> str:
    command = [sys.executable, "-W", "error::DeprecationWarning:__main__", str(EXAMPLES / name), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_example_is_tested() -> None:
    tests = Path(__file__).read_text(encoding="utf-8")
    assert [path.name for path in EXAMPLES.glob("*.py") if f'run("{path.name}"' not in tests] == []


def test_sounds_are_named(tmp_path: Path) -> None:
    *lines, last = run("name_sounds.py", tmp_path / "out").splitlines()
    assert len(lines) == 10
    assert all("(it is " in line for line in lines)
    right, total, chance = map(int, re.findall(r"\d+", last))
    assert total == 40
    assert right >= 3 * chance


def test_a_set_is_distilled_by_hand() -> None:
    said = run("distill_by_hand.py", "--videos", "40", "--steps", "2", "--width", "8", "--epochs", "2")
    assert re.search(r"^step 0: loss \d", said, re.M)
    assert len(re.findall(r"^(random clips|distilled): \d+\.\d % of \d+ test clips$", said, re.M)) == 2


def test_a_method_of_ones_own_distils() -> None:
    said = run("your_own_method.py", "--videos", "40", "--steps", "2", "--epochs", "2")
    assert re.findall(r"^(\S+): \d+\.\d %$", said, re.M) == ["__main__.MeanAndSpread", "dm"]


def test_data_of_ones_own_is_distilled() -> None:
    said = run("your_own_data.py", "--each", "8")
    assert re.search(r"^torch dataset: 2 samples of image, \{'V': \d", said, re.M)
    assert re.search(r"^arrays: 3 samples of audio, classes high, low, middle$", said, re.M)
    assert re.search(r"^sounds: 3 samples, \{'A': \d", said, re.M)
    assert re.search(r"^plain network: \d+ % of forty pictures$", said, re.M)
