"""Key frames: what is between them, what they begin as, and what they are of samples without frames."""

from __future__ import annotations

import pytest
import torch

from limbeck.errors import InputError
from limbeck.media import ClipRecipe
from limbeck.modalities import Modality, bound
from limbeck.parameterisations import parse
from limbeck.parameterisations.keyframes import Keyframes, weights


def _video(frames: int) -> dict[str, Modality]:
    return bound(["video"], ClipRecipe(image_size=8, frames=frames))


def _noise(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def test_frames_between_are_means_by_nearness() -> None:
    keys = torch.stack([torch.zeros(3, 8, 8), torch.full((3, 8, 8), 8.0)])[None]
    frames = Keyframes(count=2).decode({"video": keys}, _video(5))["video"]
    assert frames[0, :, 0, 0, 0].tolist() == [0, 2, 4, 6, 8]


def test_first_and_last_are_key_frames_and_the_others_lie_evenly() -> None:
    assert weights(5, 3).tolist() == [[1, 0, 0], [0.5, 0.5, 0], [0, 1, 0], [0, 0.5, 0.5], [0, 0, 1]]
    torch.testing.assert_close(weights(16, 5).sum(1), torch.ones(16, dtype=torch.float64))


@pytest.mark.parametrize("keys", [1, 2, 3, 7])
def test_the_start_is_the_nearest_that_can_be_held(keys: int) -> None:
    hold, kinds, x = Keyframes(count=keys), _video(8), _noise(2, 8, 3, 8, 8)
    tensors = hold.start({"video": x}, kinds)
    assert tensors["video"].shape == (2, keys, 3, 8, 8)

    def lost(keys: torch.Tensor) -> float:
        return float((hold.decode({"video": keys}, kinds)["video"] - x).square().sum())

    best = lost(tensors["video"])
    assert all(best <= lost(tensors["video"] + 0.01 * torch.randn_like(tensors["video"])) for _ in range(5))
    again = hold.start(hold.decode(tensors, kinds), kinds)
    torch.testing.assert_close(again["video"], tensors["video"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("keys", [4, 9])
def test_as_many_as_there_are_frames_lose_nothing(keys: int) -> None:
    hold, kinds, x = Keyframes(count=keys), _video(4), _noise(2, 4, 3, 8, 8)
    back = hold.decode(hold.start({"video": x}, kinds), kinds)["video"]
    torch.testing.assert_close(back, x, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["audio", "image", "segments"])
def test_samples_without_frames_are_held_as_they_are(name: str) -> None:
    kinds = bound([name], ClipRecipe(image_size=8))
    x = _noise(2, *kinds[name].shape)
    held = parse("keyframes:2").start({name: x}, kinds)
    assert torch.equal(held[name], x)


@pytest.mark.parametrize("text", ["keyframes", "keyframes:0", "keyframes:257", "keyframes:-1", "keyframes:1.5"])
def test_what_is_no_number_of_key_frames_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"key frames are a whole number, 1 to 256"):
        parse(text)
