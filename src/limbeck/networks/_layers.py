"""Layers the networks share: drawn from a generator, and the same in training and in evaluation mode."""

from __future__ import annotations

from math import gcd
from typing import Literal

import torch
from torch import nn

Norm = Literal["instance", "group", "layer", "none"]
"""What is brought to mean 0 and variance 1 in each sample: a channel, a quarter of the channels, all of them, nothing.

There is no batch norm. With it a clip's features depend on the clips beside it: class means of random features would
change with the size of the chunks they are computed in, and a student of one pair a class would be tested with
statistics of a handful of synthetic pairs.
"""

GROUPS = 4
LARGE = 96 * 96


def conv(
    channels: int, width: int, kernel: int, *, stride: int = 1, bias: bool = False, generator: torch.Generator
) -> nn.Conv2d:
    """A square convolution, padded so that only `stride` makes maps smaller.

    Weights are He normal by fan-in, which keeps the size of activations where there is no norm, too; biases 0.
    """
    layer = nn.Conv2d(channels, width, kernel, stride, padding=kernel // 2, bias=bias, device="meta")
    layer = layer.to_empty(device="cpu")
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def norm_layer(norm: Norm, channels: int) -> nn.Module:
    """The norm, with a learnt scale and shift a channel; fewer groups where channels do not divide into `GROUPS`."""
    if norm == "none":
        return nn.Identity()
    groups = {"instance": channels, "group": gcd(GROUPS, channels), "layer": 1}
    return nn.GroupNorm(groups[norm], channels)


def is_large(height: int, width: int) -> bool:
    """Whether an input gets the stem made for 224 pixels (more than 96 x 96 positions) or that for 32 pixels.

    Example:
        >>> is_large(224, 224), is_large(128, 56), is_large(32, 32)
        (True, False, False)
    """
    return height * width > LARGE
