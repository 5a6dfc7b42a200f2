"""Layers the networks share: drawn from a generator, and the same in training and in evaluation mode."""

from math import gcd
from typing import Literal

import torch
from torch import nn

from limbeck.networks._contract import Shape

Norm = Literal["instance", "group", "layer", "none"]
"""What is brought to mean 0 and variance 1 in each sample: a channel, a quarter of the channels, all of them, nothing.

There is no batch norm. With it a clip's features depend on the clips beside it: class means of random features would
change with the size of the chunks they are computed in, and a student of one pair a class would be tested with
statistics of a handful of synthetic pairs.
"""

GROUPS = 4
LARGE = 96 * 96


def conv_norm(
    channels: int, width: int, kernel: int, norm: Norm, *, stride: int = 1, generator: torch.Generator
) -> tuple[nn.Conv2d, nn.Module]:
    """A square convolution, padded so that only `stride` makes maps smaller, and the norm after it.

    Weights are He normal by fan-in, which keeps the size of activations where there is no norm, too. Only there do
    convolutions have biases, which start at 0.
    """
    layer = nn.Conv2d(channels, width, kernel, stride, padding=kernel // 2, bias=norm == "none", device="meta")
    layer = layer.to_empty(device="cpu")
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer, norm_layer(norm, width)


def norm_layer(norm: Norm, channels: int) -> nn.Module:
    """The norm, with a learnt scale and shift a channel; fewer groups where channels do not divide into `GROUPS`."""
    if norm == "none":
        return nn.Identity()
    groups = {"instance": channels, "group": gcd(GROUPS, channels), "layer": 1}
    return nn.GroupNorm(groups[norm], channels)


def is_large(shape: Shape) -> bool:
    """Whether an input gets the stem made for 224 pixels (more than 96 x 96 positions) or that for 32 pixels.

    Example:
        >>> is_large((3, 224, 224)), is_large((1, 128, 56)), is_large((3, 32, 32))
        (True, False, False)
    """
    return shape[1] * shape[2] > LARGE
