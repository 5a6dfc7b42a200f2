"""Runs a program that kills another one at random moments, and reads what it found."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def told_by(program: str, folder: Path, kills: int) -> dict[str, Any]:
    """What ``tests.helpers.PROGRAM`` tells in JSON after so many kills in a `folder`."""
    ran = subprocess.run(
        [sys.executable, "-m", f"tests.helpers.{program}", str(folder), str(kills)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    return found
