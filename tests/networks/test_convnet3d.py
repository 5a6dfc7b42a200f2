"""The 3-D ConvNet: a convolution over time, and what it sees that a ConvNet does not."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from limbeck.networks import load
from limbeck.networks.convnet3d import SEEN, with_neighbours

SHAPES = {"image": (3, 16, 16), "segments": (5, 1, 20, 12), "video": (4, 3, 16, 16)}


def _draw(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_a_convolution_of_neighbours_is_one_over_time() -> None:
    x, weight = torch.randn(2, 5, 3, 6, 7, generator=_draw()), torch.randn(4, 3, 3, 3, 3, generator=_draw(1))
    expected = F.conv3d(x.transpose(1, 2), weight, padding=1).transpose(1, 2)
    flat = weight.transpose(1, 2).flatten(1, 2)  # the kernel's place in time, then its channel
    found = F.conv2d(with_neighbours(x).flatten(0, 1), flat, padding=1).view(expected.shape)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("modality", ["segments", "video"])
def test_it_sees_which_way_things_go_and_a_convnet_does_not(modality: str) -> None:
    x = torch.randn(3, *SHAPES[modality], generator=_draw())
    there, back = (load("convnet3d")(width=8).encoders(SHAPES, generator=_draw())[modality](y) for y in (x, x.flip(1)))
    assert float((there - back).norm() / there.norm()) > 0.05
    there, back = (load("convnet")(width=8).encoders(SHAPES, generator=_draw())[modality](y) for y in (x, x.flip(1)))
    torch.testing.assert_close(there, back)


def test_features_are_as_many_as_a_convnets_and_samples_without_frames_get_one() -> None:
    ours, plain = (load(name)(width=8).encoders(SHAPES, generator=_draw()) for name in ("convnet3d", "convnet"))
    assert {m: e.dim for m, e in ours.items()} == {m: e.dim for m, e in plain.items()}
    assert len({e.dim for e in ours.values()}) == 1
    x = torch.randn(2, 3, 16, 16, generator=_draw())
    alone = load("convnet3d")(width=8).encoders({"image": (3, 16, 16)}, generator=_draw())["image"]
    torch.testing.assert_close(alone(x), plain["image"](x))


def test_any_number_of_frames_goes() -> None:
    encoder = load("convnet3d")(width=8).encoders({"video": (4, 3, 16, 16)}, generator=_draw())["video"]
    for count in (1, 2, 9):
        assert encoder(torch.randn(2, count, 3, 16, 16)).shape == (2, encoder.dim)
    weights = [p for p in encoder.parameters() if p.ndim == 4]
    assert [w.shape[1] for w in weights] == [SEEN * 3, SEEN * 8]


@torch.no_grad()
def test_what_stands_still_is_not_seen_on_request_but_in_samples_of_one_frame() -> None:
    shapes = {"segments": SHAPES["segments"], "video": SHAPES["video"]}
    seeing, plain = (
        load("convnet3d")(width=8, moving=moving).encoders(shapes, generator=_draw()) for moving in (("video",), ())
    )
    x, still = (torch.randn(3, n, 3, 16, 16, generator=_draw(n)) for n in (4, 1))
    torch.testing.assert_close(seeing["video"](x + 3 * still), seeing["video"](x), rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(seeing["video"](x), plain["video"](x - x.mean(1, keepdim=True)))
    assert float((plain["video"](x + 3 * still) - plain["video"](x)).norm() / plain["video"](x).norm()) > 0.05
    sound = torch.randn(3, *SHAPES["segments"], generator=_draw())
    torch.testing.assert_close(seeing["segments"](sound), plain["segments"](sound))
    one = load("convnet3d")(width=8, moving=("video",)).encoders({"video": (1, 3, 16, 16)}, generator=_draw())["video"]
    assert float(one(still).std(0).norm()) > 0
