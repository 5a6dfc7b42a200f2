"""Frames as a modality: their order, their times beside those of an image, the scale, how they are shown."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from limbeck.media import ClipRecipe, RawClip
from limbeck.modalities import bound, completed
from limbeck.modalities.image import PUBLISHED, Image
from limbeck.modalities.video import Video

RECIPE = completed(["video"], ClipRecipe(image_size=8, frames=4))
VIDEO = Video(RECIPE)


def frames(count: int) -> np.ndarray:
    """Frame i is grey of level 10 i."""
    return np.broadcast_to((10 * np.arange(count, dtype=np.uint8))[:, None, None, None], (count, 8, 8, 3))


def test_array_is_the_frames_in_their_order_with_channels_first() -> None:
    found = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3), dtype=np.uint8)
    array = VIDEO.array(RawClip(None, found))
    assert array.flags.c_contiguous
    assert VIDEO.shape == array.shape == (4, 3, 8, 8)
    for time in range(4):
        for channel in range(3):
            np.testing.assert_array_equal(array[time, channel], found[time, :, :, channel])


@pytest.mark.parametrize(("count", "times"), [(4, 5), (5, 5), (1, 1)])
def test_beside_an_image_both_have_their_own_times(count: int, times: int) -> None:
    recipe = completed(["image", "video"], ClipRecipe(image_size=8, frames=count))
    assert len(recipe.times) == times
    raw, kinds = RawClip(None, frames(times)), bound(["image", "video"], recipe)
    middle = times // 2
    assert (kinds["image"].array(raw) == 10 * middle).all()
    shown = [10 * i for i in range(times) if count == times or i != middle]
    assert kinds["video"].array(raw)[:, 0, 0, 0].tolist() == shown


def test_times_may_be_given() -> None:
    recipe = completed(["video"], ClipRecipe(image_size=8, frames=(0.1, 0.9)))
    assert recipe.times == (0.1, 0.9)
    assert Video(recipe).shape == (2, 3, 8, 8)


def test_a_still_is_the_same_at_all_times() -> None:
    still = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    array = VIDEO.array(RawClip(None, still))
    assert (array == array[:1]).all()


def test_the_scale_is_that_of_pictures() -> None:
    arrays = torch.randint(0, 256, (2, *VIDEO.shape), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    seen = VIDEO.to_network(arrays, PUBLISHED)
    torch.testing.assert_close(seen[:, 2], VIDEO.to_network(arrays[:, 2], PUBLISHED))
    assert torch.equal(VIDEO.from_network(seen, PUBLISHED), arrays)


def test_shown_from_left_to_right() -> None:
    arrays = torch.from_numpy(VIDEO.array(RawClip(None, frames(4))))[None]
    shown = VIDEO.show(arrays)
    assert shown.shape == (1, 8, 32, 3)
    assert shown[0, 0, ::8, 0].tolist() == [0, 10, 20, 30]


def test_what_stands_still_is_kept_before_what_moves() -> None:
    order = VIDEO.frequency_order()
    assert order.shape == VIDEO.shape
    assert torch.equal(order[0], Image(RECIPE).frequency_order())
    assert order[0, 0, 1, 2] == order[3, 0, 0, 0] == 3
    assert order[1, 0, 0, 1] == 3
    assert order[1, 1, 0, 0] == 6
