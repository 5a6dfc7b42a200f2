"""The examples run as they stand, on any machine."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

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
