"""The log-mel as a modality: values, scales, silence at the borders, grey levels, sound that comes back."""

from __future__ import annotations

import librosa
import numpy as np
import torch

from limbeck.media import RawClip
from limbeck.modalities import Statistics
from limbeck.modalities.audio import Audio
from limbeck.testing import RECIPE

AUDIO = Audio(RECIPE)
BANDS, FRAMES = RECIPE.mel.shape


def tone(hertz: float) -> RawClip:
    time_s = np.arange(RECIPE.mel.samples) / RECIPE.mel.sample_rate_hz
    return RawClip(np.sin(2 * np.pi * hertz * time_s).astype(np.float32) / 2, None)


def test_array_is_librosas_log_mel() -> None:
    raw, mel = tone(700.0), RECIPE.mel
    power = librosa.feature.melspectrogram(
        y=raw.sound,
        sr=mel.sample_rate_hz,
        n_fft=mel.fft_samples,
        hop_length=mel.hop_samples,
        n_mels=mel.mels,
        htk=True,
        norm=None,
        pad_mode="reflect",
    )
    np.testing.assert_allclose(AUDIO.array(raw)[0], 10 * np.log10(np.maximum(power, 1e-10)), atol=2e-3)


def test_statistics_are_per_band() -> None:
    arrays = np.arange(BANDS, dtype=np.float32)[:, None] + np.zeros((2, 1, BANDS, FRAMES), np.float32)
    found = AUDIO.statistics(AUDIO.moments(arrays))
    assert found.mean == tuple(map(float, range(BANDS)))
    assert found.std == (0.0,) * BANDS


def test_raw_scale_leaves_decibels_and_the_other_standardises_each_band() -> None:
    statistics = Statistics(mean=(-60.0,) * BANDS, std=(0.5, *(4.0,) * (BANDS - 1)))
    x = torch.full((1, 1, BANDS, FRAMES), -52.0)
    assert torch.equal(AUDIO.to_network(x, AUDIO.scale(statistics, "raw")), x)
    seen = AUDIO.to_network(x, AUDIO.scale(statistics, "standardised"))
    assert seen[0, 0, 0].eq(8.0).all()  # a band that hardly varies is divided by 1 dB
    assert seen[0, 0, 1:].eq(2.0).all()


def test_borders_are_silent() -> None:
    for kind in ("raw", "standardised"):
        scale = AUDIO.scale(Statistics(mean=(-60.0,) * BANDS, std=(4.0,) * BANDS), kind)
        border = torch.as_tensor(AUDIO.border(scale)).expand(1, 1, BANDS, FRAMES)
        torch.testing.assert_close(AUDIO.from_network(border, scale), torch.full((1, 1, BANDS, FRAMES), -100.0))


def test_low_bands_are_shown_at_the_bottom_and_the_loudest_is_white() -> None:
    x = torch.full((1, 1, BANDS, FRAMES), -90.0)
    x[0, 0, 0] = -10.0
    shown = AUDIO.show(x)
    assert shown.shape == (1, BANDS, FRAMES)
    assert shown[0, -1].eq(255).all()
    assert shown[0, :-1].eq(0).all()


def test_a_tone_is_played_at_its_pitch() -> None:
    played = AUDIO.play(torch.from_numpy(AUDIO.array(tone(700.0)))[None])
    spectrum = torch.fft.rfft(played[0]).abs()
    assert abs(float(spectrum.argmax()) * RECIPE.mel.sample_rate_hz / len(played[0]) - 700) < 100


def test_time_has_a_direction() -> None:
    assert Audio.keeps == {"flip", "rotate"}
