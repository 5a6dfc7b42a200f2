"""Distillations in blocks whose program, or a machine of a cluster, is killed: the same bits, and nothing twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.generated import RECIPE, Generated

import limbeck

STEPS = 60
SETTINGS: dict[str, Any] = {"steps": STEPS, "encoders": {"network": {"options": {"width": 8}}, "bank": 2}}
WORDS = ["--steps", str(STEPS), "--set", "encoders.bank=2", "--set", "encoders.network.options.width=8"]

pytestmark = pytest.mark.slow


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    out = tmp_path / "prepared"
    limbeck.prepare(Generated(48, classes=("a", "b", "c", "d")), out=out, recipe=RECIPE, workers=1, progress=False)
    return out


def begin(prepared: Path, out: Path, *more: str) -> subprocess.Popen[bytes]:
    asked = ["distill", str(prepared), "--method", "dm", "--out", str(out), "--blocks", "4", "--device", "cpu", "-q"]
    return subprocess.Popen([sys.executable, "-m", "limbeck", *asked, *WORDS, *more], stdout=subprocess.DEVNULL)


def done(out: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in (out / "run" / "blocks").glob("*/run/done.json")}


def here(prepared: Path, out: Path) -> bytes:
    limbeck.distill(prepared, "dm", blocks=4, out=out, device="cpu", progress=False, **SETTINGS)
    return (out / "data.safetensors").read_bytes()


def kill_once_there_is_one(running: subprocess.Popen[bytes], out: Path) -> dict[Path, int]:
    """Kill the program that asked when a block is done; those that are done then."""
    while not (there := done(out)):
        assert running.poll() is None
        time.sleep(0.02)
    running.kill()
    running.wait()
    return there


@pytest.mark.parametrize("more", [["--processes", "2"], ["--ray", "auto"]], ids=["processes", "ray"])
def test_the_program_that_asked_is_killed_and_given_again(
    more: list[str], cluster: Any, prepared: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    there = kill_once_there_is_one(begin(prepared, out, *more), out)
    second = begin(prepared, out, *more)
    kept: dict[Path, int] = {}
    while second.poll() is None:
        kept |= done(out)
        time.sleep(0.02)
    assert second.returncode == 0
    assert {path: kept[path] for path in there} == there, "nothing was done twice"
    assert (out / "data.safetensors").read_bytes() == here(prepared, tmp_path / "here")


def test_killed_at_any_moment_again_and_again(prepared: Path, tmp_path: Path) -> None:
    out, draw, kills = tmp_path / "out", random.Random(0), 0
    while True:
        running = begin(prepared, out, "--processes", "2")
        if kills == 6:
            assert running.wait() == 0
            break
        try:
            assert running.wait(draw.uniform(2, 12)) == 0
        except subprocess.TimeoutExpired:
            os.kill(running.pid, signal.SIGKILL)
            running.wait()
            kills += 1
            continue
        break
    assert kills
    assert (out / "data.safetensors").read_bytes() == here(prepared, tmp_path / "here")
