"""Longer sound in parts: each is the log-mel of its part, and they come back one after the other."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from limbeck.errors import InputError
from limbeck.media import ClipRecipe, MelRecipe, RawClip
from limbeck.modalities import Statistics
from limbeck.modalities.audio import Audio
from limbeck.modalities.segments import Segments

MEL = MelRecipe(sample_rate_hz=4000, clip_seconds=2.0, mels=16, fft_samples=200, hop_samples=100)
SEGMENTS = Segments(ClipRecipe(mel=MEL, segments=4))
PART = Audio(ClipRecipe(mel=MEL.model_copy(update={"clip_seconds": 0.5})))


def test_each_is_the_log_mel_of_its_part() -> None:
    sound = np.random.default_rng(0).uniform(-1, 1, MEL.samples).astype(np.float32)
    found = SEGMENTS.array(RawClip(sound, None))
    assert found.shape == SEGMENTS.shape == (4, 1, 16, 21)
    for i, part in enumerate(np.split(sound, 4)):
        np.testing.assert_allclose(found[i], PART.array(RawClip(part, None)), atol=1e-4)


def test_parts_that_are_no_whole_number_of_samples_lose_none_but_the_last() -> None:
    odd = Segments(ClipRecipe(mel=MEL, segments=3))
    sound = np.ones(MEL.samples, np.float32) / 2
    assert odd.mel.samples == 2667
    assert odd.array(RawClip(sound, None)).shape == odd.shape == (3, 1, 16, 27)


def test_statistics_are_per_band_over_all_parts() -> None:
    arrays = np.arange(16, dtype=np.float32)[:, None] + np.zeros((2, 4, 1, 16, 21), np.float32)
    assert SEGMENTS.statistics(SEGMENTS.moments(arrays)).mean == tuple(map(float, range(16)))


def test_shown_and_heard_one_after_the_other() -> None:
    time_s = np.arange(MEL.samples) / MEL.sample_rate_hz
    tone = (np.sin(2 * np.pi * 500 * time_s) * (time_s > 1.0)).astype(np.float32) / 2
    arrays = torch.from_numpy(SEGMENTS.array(RawClip(tone, None)))[None]
    shown = SEGMENTS.show(arrays)
    assert shown.shape == (1, 16, 4 * 21)
    assert shown[0, :, :40].max() == 0
    assert shown[0, :, 45:].max() == 255
    played = SEGMENTS.play(arrays)[0]
    assert played.shape == (MEL.samples,)
    assert played[4200:].abs().max() > 10 * played[:3800].abs().max()


def test_the_time_axis_is_that_of_the_whole() -> None:
    marks = SEGMENTS.ticks[1].at
    assert marks[0] == (0.0, "0")
    assert marks[-1] == (4 * 21 - 1, "2")
    assert Audio(ClipRecipe(mel=MEL)).ticks[1].at[-1] == (80, "2")


def test_borders_are_silent() -> None:
    scale = SEGMENTS.scale(Statistics(mean=(-60.0,) * 16, std=(4.0,) * 16), "standardised")
    border = torch.as_tensor(SEGMENTS.border(scale)).expand(1, *SEGMENTS.shape)
    torch.testing.assert_close(SEGMENTS.from_network(border, scale), torch.full((1, *SEGMENTS.shape), -100.0))


def test_parts_too_short_for_a_frame_are_refused() -> None:
    with pytest.raises(InputError, match="too few"):
        Segments(ClipRecipe(mel=MEL, segments=100)).shape  # noqa: B018 - it is asked for
