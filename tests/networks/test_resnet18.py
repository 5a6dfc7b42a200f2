from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from limbeck.networks.resnet18 import ResNet18, ResNet18Encoder


def _count(encoder: torch.nn.Module) -> int:
    return sum(p.numel() for p in encoder.parameters())


def test_weights_are_as_many_as_in_the_published_networks_without_their_classifier() -> None:
    small = ResNet18().encoders({"audio": (1, 64, 56), "image": (3, 32, 32)}, generator=torch.Generator())
    # The network for CIFAR has 11,173,962 with 512 * 10 + 10 in the classifier, that for ImageNet 11,689,512.
    assert _count(small["image"]) == 11_173_962 - 5_130
    assert _count(small["audio"]) == 11_173_962 - 5_130 - 2 * 64 * 9
    large = ResNet18Encoder((3, 224, 224), ResNet18(), torch.Generator())
    assert _count(large) == 11_689_512 - 513_000


def _naive(weights: dict[str, Tensor], x: Tensor, *, large: bool) -> Tensor:
    """The network written out, from its weights by name."""

    def step(name: str, number: int, x: Tensor, stride: int) -> Tensor:
        filters = weights[f"{name}.{number}.weight"]
        y = F.conv2d(x, filters, stride=stride, padding=filters.shape[-1] // 2)
        return F.group_norm(y, 4, weights[f"{name}.{number + 1}.weight"], weights[f"{name}.{number + 1}.bias"])

    x = step("stem", 0, x, 2 if large else 1).relu()
    if large:
        x = F.max_pool2d(x, 3, 2, 1)
    for block in range(8):
        stride = 2 if block in (2, 4, 6) else 1
        y = step(f"blocks.{block}.body", 0, x, stride).relu()
        y = step(f"blocks.{block}.body", 3, y, 1)
        x = (y + (step(f"blocks.{block}.skip", 1, x, 2) if stride == 2 else x)).relu()
    return x.flatten(2).mean(2)


@pytest.mark.parametrize(("shape", "large"), [((3, 32, 32), False), ((3, 112, 100), True)])
def test_it_is_the_network_written_out(shape: tuple[int, int, int], large: bool) -> None:
    draw = torch.Generator().manual_seed(0)
    encoder = ResNet18Encoder(shape, ResNet18(width=8), draw).double()
    x = torch.randn(2, *shape, dtype=torch.float64, generator=draw)
    torch.testing.assert_close(encoder(x), _naive(encoder.state_dict(), x, large=large))


def test_both_modalities_have_features_of_one_length_also_where_only_one_is_large() -> None:
    encoders = ResNet18(width=2).encoders(
        {"audio": (1, 64, 56), "image": (3, 112, 112)}, generator=torch.Generator().manual_seed(0)
    )
    assert (
        encoders["audio"](torch.zeros(1, 1, 64, 56)).shape
        == encoders["image"](torch.zeros(1, 3, 112, 112)).shape
        == (1, 16)
    )


def test_without_a_norm_convolutions_have_biases() -> None:
    with_norm, without = (
        ResNet18(width=4, norm=n).encoders({"audio": (1, 16, 16), "image": (3, 16, 16)}, generator=torch.Generator())
        for n in ("layer", "none")
    )
    convolutions = [m for m in without["image"].modules() if isinstance(m, torch.nn.Conv2d)]
    assert len(convolutions) == 1 + 16 + 3
    assert all(c.bias is not None for c in convolutions)
    assert all(m.bias is None for m in with_norm["image"].modules() if isinstance(m, torch.nn.Conv2d))
