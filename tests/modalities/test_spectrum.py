"""Magnitudes of spectra: values, decibels for networks, sound that comes back, mixtures that are taken apart."""

from __future__ import annotations

import librosa
import numpy as np
import torch

from limbeck.media import RawClip
from limbeck.modalities import Statistics
from limbeck.modalities.spectrum import Spectrum
from limbeck.testing import RECIPE

SPECTRUM, MEL = Spectrum(RECIPE), RECIPE.mel
_, BINS, FRAMES = SPECTRUM.shape


def sine(bin: int, amplitude: float = 0.5) -> np.ndarray:
    time_s = np.arange(MEL.samples) / MEL.sample_rate_hz
    return (amplitude * np.sin(2 * np.pi * bin * MEL.sample_rate_hz / MEL.fft_samples * time_s)).astype(np.float32)


def noise(seed: int) -> torch.Tensor:
    return torch.rand(MEL.samples, generator=torch.Generator().manual_seed(seed)) - 0.5


def test_array_is_librosas_spectrum_by_half_the_windows_sum() -> None:
    sound = noise(0).numpy()
    expected = np.abs(librosa.stft(sound, n_fft=MEL.fft_samples, hop_length=MEL.hop_samples, pad_mode="reflect"))
    found = SPECTRUM.array(RawClip(sound, None))
    assert found.shape == (1, MEL.fft_samples // 2 + 1, MEL.samples // MEL.hop_samples + 1)
    np.testing.assert_allclose(found[0], expected / (MEL.fft_samples / 4), atol=1e-5)


def test_a_sine_of_full_scale_is_one() -> None:
    found = SPECTRUM.array(RawClip(sine(20, 1.0), None))[0, :, FRAMES // 2]
    assert found.argmax() == 20
    np.testing.assert_allclose(found[18:23], [0, 0.5, 1, 0.5, 0], atol=1e-5)


def test_networks_see_decibels_and_statistics_are_of_them() -> None:
    arrays = np.full((2, 1, BINS, FRAMES), 0.1, np.float32)
    arrays[1] = 0.001
    statistics = SPECTRUM.statistics(SPECTRUM.moments(arrays))
    np.testing.assert_allclose((statistics.mean, statistics.std), ((-40.0,) * BINS, (20.0,) * BINS), rtol=1e-6)
    seen = SPECTRUM.to_network(torch.from_numpy(arrays), SPECTRUM.scale(statistics, "standardised"))
    torch.testing.assert_close(seen[:, 0, 0, 0], torch.tensor([1.0, -1.0]))
    raw = SPECTRUM.to_network(torch.tensor([[[[0.1], [0.0]]]]), SPECTRUM.scale(statistics, "raw"))
    torch.testing.assert_close(raw.flatten(), torch.tensor([-20.0, -100.0]))


def test_silence_is_nought_again_and_borders_are_silent() -> None:
    for kind in ("raw", "standardised"):
        scale = SPECTRUM.scale(Statistics(mean=(-60.0,) * BINS, std=(4.0,) * BINS), kind)
        blank = torch.zeros(1, *SPECTRUM.shape)
        assert torch.equal(SPECTRUM.from_network(SPECTRUM.to_network(blank, scale), scale), blank)
        border = torch.as_tensor(SPECTRUM.border(scale)).expand(1, *SPECTRUM.shape)
        assert torch.equal(SPECTRUM.from_network(border, scale), blank)


def test_sounds_are_added_and_taken_apart_by_transforms() -> None:
    one, other = noise(1), noise(2)
    together = SPECTRUM.transform(one + other)
    torch.testing.assert_close(together, SPECTRUM.transform(one) + SPECTRUM.transform(other))
    low = torch.from_numpy(sine(10))
    mixed = SPECTRUM.transform(torch.stack([low, low + torch.from_numpy(sine(60))]))
    kept = SPECTRUM.inverse(mixed * (torch.arange(BINS)[:, None] < 35))
    inside = slice(MEL.fft_samples, -MEL.fft_samples)  # the ends of a clip cut tones off, which are heard everywhere
    for sound in kept:
        torch.testing.assert_close(sound[inside], low[inside], atol=1e-3, rtol=0)


def test_heard_again_at_the_same_frequency() -> None:
    arrays = torch.from_numpy(SPECTRUM.array(RawClip(sine(20), None)))[None]
    played = SPECTRUM.play(arrays)
    assert played.shape == (1, MEL.samples)
    again = SPECTRUM.transform(played)[0].abs()
    assert again[:, FRAMES // 2].argmax() == 20
    torch.testing.assert_close(again[20, 2:-2], arrays[0, 0, 20, 2:-2], atol=0.05, rtol=0)


def test_a_frequency_is_where_its_bin_is() -> None:
    marks = {words: at for at, words in SPECTRUM.ticks[0].at}
    assert marks["1 k"] == 1000 * MEL.fft_samples / MEL.sample_rate_hz
    wide = Spectrum(RECIPE.model_copy(update={"mel": MEL.model_copy(update={"sample_rate_hz": 22050})}))
    assert [words for _, words in wide.ticks[0].at] == ["1 k", "2 k", "4 k", "8 k"], "words would overlap below"
