"""Bounds by hand."""

from __future__ import annotations

import torch

from limbeck.modalities import Modality, Scale
from limbeck.modalities.audio import Audio
from limbeck.modalities.image import PUBLISHED, Image
from limbeck.storage import Meaning, payload_bytes
from limbeck.storage.uint8 import UInt8, from_levels, to_levels
from limbeck.testing import RECIPE

MEANINGS = {
    "audio": Meaning(Audio(RECIPE), Scale(mean=(-50.0,), std=(10.0,))),
    "image": Meaning(Image(RECIPE), PUBLISHED),
}


def test_error_is_half_a_level_and_bytes_are_a_quarter():
    draw = torch.Generator().manual_seed(0)
    decibels = torch.rand(5, 1, *RECIPE.mel.shape, generator=draw) * 120 - 100
    pixels = torch.randint(0, 256, (5, 3, 16, 16), generator=draw, dtype=torch.uint8)
    form, arrays = UInt8(), {"audio": decibels, "image": pixels}
    payload = form.encode({k: m.to_network(arrays[k], scale) for k, (m, scale) in MEANINGS.items()}, MEANINGS)
    back = {
        k: MEANINGS[k].modality.from_network(x, MEANINGS[k].scale) for k, x in form.decode(payload, MEANINGS).items()
    }
    spans = decibels.amax((1, 2, 3)).ceil() - decibels.amin((1, 2, 3)).floor()
    errors = (back["audio"] - decibels).abs().amax((1, 2, 3))
    assert (errors <= spans / 510 + 1e-4).all()
    assert errors.max() > 0.2
    assert torch.equal(back["image"], pixels)
    assert payload_bytes(payload) == 5 * (16 * 17 + 4 + 3 * 16 * 16)


def test_what_lies_outside_of_the_legal_pixels_is_cut_off():
    picture, scale = MEANINGS["image"]
    image = picture.to_network(torch.tensor([0, 255], dtype=torch.uint8).repeat(3, 8).reshape(1, 3, 4, 4), scale) * 3
    payload = UInt8().encode({"image": image}, {"image": MEANINGS["image"]})
    assert set(payload["image"].flatten().tolist()) == {0, 255}


def test_float_arrays_of_any_shape_are_levels_of_their_own_range():
    class Envelope(Audio):
        unit = "amplitude"
        channels_at = -3

        @property
        def shape(self) -> tuple[int, int, int]:
            return (2, 1, 30)

    kind: Modality = Envelope(RECIPE)
    meanings = {"envelope": Meaning(kind, Scale(mean=(0.0, 5.0), std=(1.0, 2.0)))}
    x = torch.randn(4, *kind.shape, generator=torch.Generator().manual_seed(0)) * 300
    payload = UInt8().encode({"envelope": x}, meanings)
    assert payload["envelope"].shape == x.shape
    assert payload["envelope_range"].shape == (4, 2)
    arrays, back = (
        kind.from_network(v, meanings["envelope"].scale) for v in (x, UInt8().decode(payload, meanings)["envelope"])
    )
    span = arrays.amax((1, 2, 3)).ceil() - arrays.amin((1, 2, 3)).floor()
    assert ((arrays - back).abs().amax((1, 2, 3)) <= span / 510 + 1e-3).all()


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
