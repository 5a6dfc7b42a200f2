from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from limbeck.errors import InputError
from limbeck.media import MelRecipe, invert_log_mel, log_mel
from limbeck.media.decode import read_sound

RECIPE = MelRecipe()


def _sine(hz: float, recipe: MelRecipe = RECIPE, loudness: float = 0.5) -> torch.Tensor:
    at = torch.arange(recipe.samples, dtype=torch.float64) / recipe.sample_rate_hz
    return loudness * torch.sin(2 * torch.pi * hz * at)


def test_log_mel_is_the_reference(golden: Path) -> None:
    numbers = np.load(golden / "mel.npz")
    wave = torch.from_numpy(numbers["waveform"])
    double, single = log_mel(wave.double(), RECIPE), log_mel(wave, RECIPE)
    np.testing.assert_allclose(double.numpy(), numbers["mel_db"], atol=1e-9)
    np.testing.assert_allclose(single.numpy(), numbers["mel_db"], atol=1e-3)
    assert (double[numbers["empty_filters"]] == -100).all()


def test_log_mel_by_the_definition() -> None:
    """A second answer: a plain loop over frames, a DFT by matrix, triangles drawn by hand."""
    recipe = MelRecipe(sample_rate_hz=4000, clip_seconds=0.25, fft_samples=64, hop_samples=50, mels=12)
    wave = np.random.default_rng(0).standard_normal(recipe.samples)
    n = recipe.fft_samples
    padded = np.pad(wave, n // 2, mode="reflect")
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)
    dft = np.exp(-2j * np.pi * np.outer(np.arange(n // 2 + 1), np.arange(n)) / n)
    top = 2595 * np.log10(1 + 2000 / 700)
    corner_hz = 700 * (10 ** (np.linspace(0, top, recipe.mels + 2) / 2595) - 1)
    bins_hz = np.arange(n // 2 + 1) * recipe.sample_rate_hz / n
    expected = np.empty(recipe.shape)
    for frame in range(recipe.shape[1]):
        power = np.abs(dft @ (window * padded[frame * 50 : frame * 50 + n])) ** 2
        for band in range(recipe.mels):
            low, mid, high = corner_hz[band : band + 3]
            triangle = np.clip(np.minimum((bins_hz - low) / (mid - low), (high - bins_hz) / (high - mid)), 0, None)
            expected[band, frame] = 10 * np.log10(max(triangle @ power, 1e-10))
    np.testing.assert_allclose(log_mel(torch.from_numpy(wave), recipe).numpy(), expected, atol=1e-9)


def test_batches_are_their_rows() -> None:
    waves = torch.randn(2, 3, RECIPE.samples, generator=torch.Generator().manual_seed(0))
    together = log_mel(waves, RECIPE)
    assert together.shape == (2, 3, *RECIPE.shape)
    torch.testing.assert_close(together[1, 2], log_mel(waves[1, 2], RECIPE), atol=1e-4, rtol=0)


def test_twice_as_loud_is_six_decibels_more() -> None:
    wave = torch.randn(RECIPE.samples, generator=torch.Generator().manual_seed(0), dtype=torch.float64) / 4
    more = log_mel(2 * wave, RECIPE) - log_mel(wave, RECIPE)
    audible = log_mel(wave, RECIPE) > -90
    torch.testing.assert_close(more[audible], torch.full_like(more[audible], 20 * np.log10(2)))


def test_gradients_are_right() -> None:
    recipe = MelRecipe(sample_rate_hz=1000, clip_seconds=0.06, fft_samples=16, hop_samples=8, mels=4)
    wave = torch.randn(recipe.samples, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert torch.autograd.gradcheck(lambda w: log_mel(w, recipe), wave.requires_grad_())


def test_silence_is_the_floor_and_has_a_finite_gradient() -> None:
    silence = torch.zeros(RECIPE.samples, requires_grad=True)
    db = log_mel(silence, RECIPE)
    assert (db == -100).all()
    db.sum().backward()
    assert silence.grad is not None
    assert torch.isfinite(silence.grad).all()


def test_no_warning_about_empty_filters() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        log_mel(torch.zeros(2000), MelRecipe(mels=256, clip_seconds=0.2))


@pytest.mark.parametrize("wave", [torch.zeros(11000, dtype=torch.int16), torch.zeros(200)])
def test_unfit_waveforms_are_refused(wave: torch.Tensor) -> None:
    with pytest.raises(InputError):
        log_mel(wave, RECIPE)


@pytest.mark.parametrize("hz", [440.0, 1000.0, 2500.0])
def test_a_sine_comes_back_with_its_pitch(hz: float) -> None:
    back = invert_log_mel(log_mel(_sine(hz), RECIPE), RECIPE)
    spectrum = torch.fft.rfft(back * torch.hann_window(len(back)), n=4 * len(back)).abs()
    found = float(spectrum.argmax()) * RECIPE.sample_rate_hz / (4 * len(back))
    assert abs(found - hz) < RECIPE.sample_rate_hz / RECIPE.fft_samples / 2
    assert float(back.square().mean().sqrt()) == pytest.approx(0.5 / 2**0.5, rel=0.05)


def test_inversion_keeps_shape_loudness_and_the_global_generator() -> None:
    db = log_mel(torch.stack([_sine(500, loudness=0.9), 1e-3 * _sine(900)])[:, None], RECIPE)
    state = torch.get_rng_state()
    loud, faint = invert_log_mel(db, RECIPE, seed=3)
    assert torch.equal(state, torch.get_rng_state())
    assert loud.shape == faint.shape == (1, RECIPE.samples)
    assert loud.abs().max() <= 1
    assert faint.abs().max() < 2e-3
    assert torch.equal(invert_log_mel(db, RECIPE, seed=3)[0], loud)


def test_whatever_was_optimised_can_be_listened_to() -> None:
    wild = 80 * torch.randn(2, *RECIPE.shape, generator=torch.Generator().manual_seed(0))
    back = invert_log_mel(wild, RECIPE, iterations=4)
    assert torch.isfinite(back).all()
    assert back.abs().max() <= 1
    assert (invert_log_mel(torch.full(RECIPE.shape, -100.0), RECIPE, iterations=2) == 0).all()


def test_a_log_mel_of_another_recipe_is_refused() -> None:
    with pytest.raises(InputError, match="64, 56"):
        invert_log_mel(torch.zeros(64, 56), RECIPE)


@pytest.mark.slow
@pytest.mark.data
def test_real_sound_survives_the_round_trip(test_data: Path) -> None:
    """Stated error within 60 dB of the loudest: below 1 dB on average over ten classes, below 5 dB for each clip.

    The worst are clicks in silence, whose phases Griffin-Lim does not find.
    """
    folders = sorted(p for p in (test_data / "esc10").iterdir() if p.is_dir())
    waves = [read_sound(sorted(f.glob("*.ogg"))[2], recipe=RECIPE)[0] for f in folders]
    db = log_mel(torch.from_numpy(np.stack(waves)), RECIPE)
    again = log_mel(invert_log_mel(db, RECIPE), RECIPE)
    heard = db > db.amax((1, 2), keepdim=True) - 60
    errors = torch.stack([(a - b)[h].abs().mean() for a, b, h in zip(again, db, heard, strict=True)])
    assert errors.mean() < 1.0, errors
    assert errors.max() < 5.0, errors
