"""Arrays in memory come through as they are, or are refused with a reason."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from tests.helpers import layouts

from limbeck.errors import MediaError
from limbeck.media import (
    ClipRecipe,
    MelRecipe,
    frames_of,
    picture_of,
    read_clip,
    read_sound,
    sound_of,
    video_of,
    write_wav,
)

RECIPE = ClipRecipe(image_size=32)
DRAW = np.random.default_rng(0)
PIXELS = DRAW.integers(0, 256, (32, 32, 3), dtype=np.uint8)


def test_pictures_of_the_size_are_bit_identical_in_every_form() -> None:
    for form in (PIXELS, PIXELS.transpose(2, 0, 1), (PIXELS / 255).astype(np.float32), PIXELS.astype(np.float64) / 255):
        assert np.array_equal(picture_of(form, RECIPE), PIXELS)
    opaque = np.dstack([PIXELS, np.full((32, 32), 255, np.uint8)])
    assert np.array_equal(picture_of(opaque, RECIPE), PIXELS)


def test_grey_pictures_have_three_equal_channels() -> None:
    grey = PIXELS[:, :, 0]
    for form in (grey, grey[None], grey[:, :, None], (grey / 255).astype(np.float16)):
        found = picture_of(form, RECIPE)
        assert found.shape == (32, 32, 3)
        assert np.ptp(found, axis=2).max() == 0
    assert np.array_equal(picture_of(grey, RECIPE)[:, :, 1], grey)


def test_pictures_of_another_size_are_those_of_files(tmp_path: Path) -> None:
    path = layouts.picture(tmp_path / "red.png", (200, 10, 10))
    made = read_clip(None, path, recipe=ClipRecipe(tracks=("image",), image_size=24))
    red = np.broadcast_to(np.array([200, 10, 10], np.uint8), (32, 32, 3))
    assert np.array_equal(picture_of(red, ClipRecipe(image_size=24)), made.picture)


@pytest.mark.parametrize(
    ("pixels", "reason"),
    [
        (np.zeros((32, 32, 2), np.uint8), "bad_shape"),
        (np.zeros((0, 32, 3), np.uint8), "bad_shape"),
        (np.zeros(32, np.uint8), "bad_shape"),
        (np.zeros((1, 2, 32, 32), np.uint8), "bad_shape"),
        (np.zeros((32, 32, 3), np.int64), "bad_dtype"),
        (np.full((32, 32, 3), np.nan), "not_finite"),
        (np.full((32, 32, 3), 255.0), "out_of_range"),
        (np.full((32, 32, 3), -1.0), "out_of_range"),
        (np.zeros((2, 2000, 3), np.uint8), "absurd_picture_size"),
        (np.array([["a"]]), "bad_dtype"),
    ],
)
def test_other_arrays_are_no_pictures(pixels: np.ndarray, reason: str) -> None:
    with pytest.raises(MediaError, match=reason):
        picture_of(pixels, RECIPE)


def test_of_videos_the_frames_that_are_shown_then_are_taken() -> None:
    video = np.stack([np.roll(PIXELS, shift, axis=1) for shift in range(8)])
    recipe = ClipRecipe(image_size=32, times=(0.0, 0.49, 0.5, 1.0))
    assert np.array_equal(frames_of(video, recipe), video[[0, 3, 4, 7]])
    assert np.array_equal(frames_of(video.transpose(0, 3, 1, 2) / 255, recipe), video[[0, 3, 4, 7]])
    assert np.array_equal(frames_of(PIXELS, recipe), PIXELS)
    with pytest.raises(MediaError, match="bad_shape"):
        frames_of(np.zeros((0, 32, 32, 3), np.uint8), recipe)


VIDEO = DRAW.integers(0, 256, (8, 12, 10, 3), dtype=np.uint8)
GREY = VIDEO[..., 0]


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (VIDEO, VIDEO),
        (VIDEO.transpose(0, 3, 1, 2), VIDEO),
        (VIDEO.transpose(3, 0, 1, 2), VIDEO),
        *[(VIDEO[:count], VIDEO[:count]) for count in (1, 2, 3, 4)],
        (VIDEO[:2].transpose(0, 3, 1, 2), VIDEO[:2]),
        (VIDEO[:2].transpose(3, 0, 1, 2), VIDEO[:2]),
        (GREY, GREY[..., None]),
        (GREY[..., None], GREY[..., None]),
        (GREY[:, None], GREY[..., None]),
        (GREY[None], GREY[..., None]),
        (GREY[:1], GREY[:1, ..., None]),
        (GREY[:1, None], GREY[:1, ..., None]),
    ],
)
def test_axes_of_videos_are_told_by_their_lengths(given: np.ndarray, read: np.ndarray) -> None:
    assert np.array_equal(video_of(given), read)
    assert np.array_equal(video_of(read), read)
    recipe = ClipRecipe(image_size=8, times=(0.0, 1.0))
    if given.ndim == 4:
        assert np.array_equal(frames_of(given, recipe), [picture_of(read[i], recipe) for i in (0, -1)])


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        *[((3, count, 12, 10), r"Give it as \(time, height, width, channel\)") for count in (1, 3, 4)],
        *[((count, 3, 12, 10), r"Give it as \(time, height, width, channel\)") for count in (1, 4)],
        ((3, 12, 10), r"Give it as \(time, height, width, channel\)"),
        ((4, 12, 10), "cannot be known"),
        ((12, 10, 3), "A video is"),
        ((8, 3, 10, 3), "A video is"),
        ((8, 12, 10, 2), "A video is"),
        ((12, 10, 3, 8), "A video is"),
        ((0, 12, 10, 3), "A video is"),
        ((12, 10), "A video is"),
        ((1, 8, 12, 10, 3), "A video is"),
    ],
)
def test_axes_of_videos_that_may_be_either_are_not_guessed(shape: tuple[int, ...], told: str) -> None:
    with pytest.raises(MediaError, match=told) as caught:
        video_of(np.zeros(shape, np.uint8))
    assert caught.value.reason == "bad_shape"


def test_channels_may_cancel_out_in_a_part(tmp_path: Path) -> None:
    tone = layouts.tone(700, 0.5)
    stereo = np.stack([np.concatenate([tone, tone]), np.concatenate([tone, -tone])])
    write_wav(tmp_path / "half.wav", stereo, layouts.RATE_HZ)
    array, file = sound_of(stereo, layouts.RATE_HZ, MelRecipe()), read_sound(tmp_path / "half.wav", recipe=MelRecipe())
    alone = np.r_[:4400, 6600:11000]  # where it begins depends on how long decoded pieces are
    expected = sound_of(stereo[0], layouts.RATE_HZ, MelRecipe())[0][alone]
    for found, repairs in (array, file):
        assert np.abs(found[alone] - expected).max() < 1e-3
        assert re.fullmatch(r"the channels cancel each other out for 0\.\d\d s: one of them used", *repairs)


def test_waveforms_are_those_of_files(tmp_path: Path) -> None:
    tone = layouts.tone(700, 0.7)
    path = layouts.sound(tmp_path / "tone.wav", [tone])
    found, repairs = sound_of((tone * 32768).round().astype(np.int16), layouts.RATE_HZ, MelRecipe())
    expected, told = read_sound(path, recipe=MelRecipe())
    assert np.abs(found - expected).max() < 1e-4
    assert repairs == told
    for form in (tone[None], tone[:, None], np.stack([tone, tone]), np.stack([tone, tone], axis=1)):
        assert np.allclose(sound_of(form, layouts.RATE_HZ, MelRecipe())[0], found, atol=1e-4)


@pytest.mark.parametrize(
    ("waveform", "rate_hz", "reason"),
    [
        (np.zeros(0, np.float32), 8000, "bad_shape"),
        (np.zeros((40, 50), np.float32), 8000, "bad_shape"),
        (np.zeros((2, 2, 50), np.float32), 8000, "bad_shape"),
        (np.zeros(8000, np.int64), 8000, "bad_dtype"),
        (np.zeros(8000, np.float32), 8000, "silent_audio"),
        (np.full(8000, np.nan, np.float32), 8000, "nan_audio"),
        (np.linspace(-3e4, 3e4, 8000), 8000, "absurd_loudness"),
        (np.ones(8000, np.float32), 3, "absurd_sample_rate"),
        (np.ones(8000, np.float32), 8000.5, "absurd_sample_rate"),
        (np.ones(8000, np.float32), float("nan"), "absurd_sample_rate"),
    ],
)
def test_other_arrays_are_no_sound(waveform: np.ndarray, rate_hz: float, reason: str) -> None:
    with pytest.raises(MediaError, match=reason):
        sound_of(waveform, rate_hz, MelRecipe())
