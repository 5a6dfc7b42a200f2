"""What rendering must show, at the size it is claimed at, by the functions of ``benchmarks/spatial.py``."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from limbeck.spatial.hrtf import SphericalHead

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "spatial.py"


@pytest.fixture(scope="module")
def functions() -> dict[str, Any]:
    return runpy.run_path(str(BENCHMARK))


@pytest.mark.slow
def test_a_thousand_scenes_are_heard_from_where_they_are(functions: dict[str, Any]) -> None:
    degrees = functions["ambisonic_errors"](1000)
    assert np.median(degrees) < 1
    assert degrees.max() < 3


@pytest.mark.slow
def test_ears_hear_the_delay_of_a_sphere(functions: dict[str, Any]) -> None:
    delays, sides, laterals = functions["binaural_errors"](300, SphericalHead())
    assert np.abs(delays).max() < 25e-6
    assert sides[np.abs(laterals) > 1].all()


@pytest.mark.slow
def test_pitch_is_right_to_a_thousandth(functions: dict[str, Any]) -> None:
    assert np.abs(functions["pitch_errors"](40)).max() < 1e-3


@pytest.mark.slow
def test_memory_does_not_grow_with_the_scene() -> None:
    """A longer scene leaves a few numbers for each tenth of a second, and no sound."""
    short, long = (
        float(subprocess.check_output([sys.executable, BENCHMARK, "--memory-of", str(seconds)], text=True))
        for seconds in (60, 600)
    )
    assert long < short + 40
