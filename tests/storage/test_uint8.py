"""Bounds by hand."""

from __future__ import annotations

import torch
from tests.helpers.clips import RECIPE

from limbeck.datasets import Scale
from limbeck.storage import payload_bytes
from limbeck.storage._levels import from_levels, to_levels
from limbeck.storage.uint8 import UInt8

SCALE = Scale(mel_mean=(-50.0,), mel_std=(10.0,))


def test_error_is_half_a_level_and_bytes_are_a_quarter():
    draw = torch.Generator().manual_seed(0)
    decibels = torch.rand(5, 1, *RECIPE.mel.shape, generator=draw) * 120 - 100
    pixels = torch.randint(0, 256, (5, 3, 16, 16), generator=draw, dtype=torch.uint8)
    form = UInt8()
    payload = form.encode(SCALE.audio(decibels), SCALE.image(pixels), SCALE)
    audio, image = form.decode(payload, SCALE, RECIPE)
    spans = decibels.amax((1, 2, 3)).ceil() - decibels.amin((1, 2, 3)).floor()
    errors = (SCALE.to_db(audio) - decibels).abs().amax((1, 2, 3))
    assert (errors <= spans / 510 + 1e-4).all()
    assert errors.max() > 0.2
    assert torch.equal(SCALE.to_pixels(image), pixels)
    assert payload_bytes(payload) == 5 * (16 * 17 + 4 + 3 * 16 * 16)


def test_what_lies_outside_of_the_legal_pixels_is_cut_off():
    image = SCALE.image(torch.tensor([0, 255], dtype=torch.uint8).repeat(3, 8).reshape(1, 3, 4, 4)) * 3
    payload = UInt8().encode(torch.zeros(1, 1, 4, 4), image, SCALE)
    assert set(payload["image"].flatten().tolist()) == {0, 255}


def test_levels_are_the_same_the_second_time():
    decibels = torch.randn(4, 1, 8, 8, generator=torch.Generator().manual_seed(1)) * 30
    levels, span = to_levels(decibels)
    again, again_span = to_levels(from_levels(levels, span))
    assert (again_span[:, 1] - again_span[:, 0] <= span[:, 1] - span[:, 0]).all()
    kept = (again_span == span).all(1)
    assert torch.equal(again[kept], levels[kept])


def test_silence_and_extremes_stay_finite():
    for value in (-100.0, 0.0, 1e9, -1e9):
        levels, span = to_levels(torch.full((1, 1, 2, 2), value))
        assert torch.isfinite(from_levels(levels, span)).all()
    levels, span = to_levels(torch.full((1, 1, 2, 2), -100.0))
    assert (from_levels(levels, span) == -100).all()
