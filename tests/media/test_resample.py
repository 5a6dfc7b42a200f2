from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from limbeck.errors import InputError
from limbeck.media import resample


def test_sinc_hann_is_the_reference(golden: Path) -> None:
    numbers = np.load(golden / "resample_44100_11000.npz")
    double = resample(numbers["x"].astype(np.float64), 44100, 11000, kind="sinc_hann")
    single = resample(numbers["x"], 44100, 11000, kind="sinc_hann")
    assert double.shape == numbers["y"].shape
    np.testing.assert_allclose(double, numbers["y"], atol=1e-12)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, numbers["y"], atol=1e-6)


@pytest.mark.parametrize("kind", ["soxr", "sinc_hann"])
@pytest.mark.parametrize(("from_hz", "to_hz"), [(44100, 11000), (8000, 11000), (48000, 16000), (11025, 11000)])
def test_a_sine_stays_the_same_sine(kind: str, from_hz: int, to_hz: int) -> None:
    seconds, hz = 1.0, 700.0
    before = np.sin(2 * np.pi * hz * np.arange(int(from_hz * seconds)) / from_hz)
    after = resample(before, from_hz, to_hz, kind=kind)
    expected = np.sin(2 * np.pi * hz * np.arange(len(after)) / to_hz)
    inside = slice(to_hz // 10, -to_hz // 10)
    assert np.abs(after - expected)[inside].max() < 3e-3


@pytest.mark.parametrize("kind", ["soxr", "sinc_hann"])
def test_what_is_above_half_the_new_rate_goes(kind: str) -> None:
    high = np.sin(2 * np.pi * 9000 * np.arange(44100) / 44100)
    assert np.abs(resample(high, 44100, 11000, kind=kind)[1000:-1000]).max() < 2e-3


@pytest.mark.parametrize("kind", ["soxr", "sinc_hann"])
def test_batches_lengths_and_formats(kind: str) -> None:
    sound = np.random.default_rng(0).standard_normal((2, 3, 1001)).astype(np.float32)
    out = resample(sound, 44100, 11000, kind=kind)
    assert out.shape == (2, 3, 250)
    assert out.dtype == np.float32
    np.testing.assert_allclose(out[1, 2], resample(sound[1, 2], 44100, 11000, kind=kind), atol=1e-6)


def test_equal_rates_change_nothing() -> None:
    sound = np.arange(5.0)
    assert resample(sound, 8000, 8000) is sound


def test_absurd_rates_are_refused() -> None:
    with pytest.raises(InputError, match="above 0"):
        resample(np.ones(10), 0, 11000)
    with pytest.raises(InputError, match="soxr"):
        resample(np.ones(10), 767_999, 191_999, kind="sinc_hann")
