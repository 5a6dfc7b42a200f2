"""A frame as a modality: values, the published scale, rounding, and the order in which its frequencies are kept."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from limbeck.errors import InputError
from limbeck.media import RawClip
from limbeck.modalities import Statistics
from limbeck.modalities.image import PUBLISHED, Image
from limbeck.testing import RECIPE

IMAGE = Image(RECIPE)
SIZE = RECIPE.image_size


def test_array_is_the_frame_with_its_channels_first() -> None:
    frame = np.arange(SIZE * SIZE * 3, dtype=np.uint8).reshape(SIZE, SIZE, 3)
    found = IMAGE.array(RawClip(None, frame))
    assert found.flags.c_contiguous
    for channel in range(3):
        np.testing.assert_array_equal(found[channel], frame[:, :, channel])


def test_statistics_are_per_colour_and_from_nought_to_one() -> None:
    arrays = np.zeros((2, 3, SIZE, SIZE), np.uint8)
    arrays[:, 1], arrays[1, 2] = 255, 255
    found = IMAGE.statistics(IMAGE.moments(arrays))
    assert found.mean == (0.0, 1.0, 0.5)
    assert found.std == (0.0, 0.0, 0.5)


def test_scale_is_the_published_one_whatever_the_dataset() -> None:
    mine = Statistics(mean=(0.1, 0.2, 0.3), std=(1.0, 1.0, 1.0))
    assert IMAGE.scale(mine, "raw") == IMAGE.scale(mine, "standardised") == PUBLISHED
    seen = IMAGE.to_network(torch.full((1, 3, SIZE, SIZE), 255, dtype=torch.uint8), PUBLISHED)
    torch.testing.assert_close(seen[0, :, 0, 0], torch.tensor([0.575 / 0.229, 0.604 / 0.224, 0.630 / 0.221]))


def test_every_pixel_value_comes_back_and_what_is_beyond_is_clamped() -> None:
    values = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16).expand(1, 3, 16, 16)
    assert torch.equal(IMAGE.from_network(IMAGE.to_network(values, PUBLISHED), PUBLISHED), values)
    beyond = IMAGE.from_network(torch.tensor([-99.0, 99.0]).view(1, 1, 1, 2).expand(1, 3, 1, 2), PUBLISHED)
    assert beyond[0, 0].tolist() == [[0, 255]]


def test_shown_as_it_is() -> None:
    arrays = torch.randint(0, 256, (2, 3, SIZE, SIZE), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    shown = IMAGE.show(arrays)
    assert torch.equal(shown[:, :, :, 2], arrays[:, 2])
    assert IMAGE.play(arrays) is None


def test_brightness_is_kept_before_colour() -> None:
    order = IMAGE.frequency_order()
    assert order[0, 2, 1] == 3
    assert order[1, 0, 0] == order[2, 0, 0] == 3
    assert order[1, 1, 0] == 6


def test_floats_are_not_taken_for_pixels_from_0_to_255() -> None:
    with pytest.raises(InputError, match=r"uint8 from 0 to 255, but these are torch.float32.*\.byte\(\)"):
        IMAGE.to_network(torch.rand(1, 3, SIZE, SIZE), PUBLISHED)
