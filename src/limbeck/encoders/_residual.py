"""Residual blocks under the names public checkpoints use: conv1, bn1, ..., downsample.0, downsample.1.

Source:   He, Zhang, Ren and Sun, *Deep Residual Learning for Image Recognition*, CVPR 2016
          (https://arxiv.org/abs/1512.03385); Xie et al., *Aggregated Residual Transformations for Deep Neural
          Networks*, CVPR 2017 (https://arxiv.org/abs/1611.05431).
"""

from __future__ import annotations

from typing import final

import torch.nn.functional as F
from torch import Tensor, nn


@final
class Block(nn.Module):
    """Convolutions, each with a batch norm, a ReLU between two, added to the input."""

    def __init__(self, channels: int, stride: int, *convolutions: nn.Conv2d) -> None:
        super().__init__()
        for number, convolution in enumerate(convolutions, start=1):
            self.add_module(f"conv{number}", convolution)
            self.add_module(f"bn{number}", nn.BatchNorm2d(convolution.out_channels))
        self.depth, width = len(convolutions), convolutions[-1].out_channels
        self.downsample: nn.Module | None = None
        if stride != 1 or channels != width:
            self.downsample = nn.Sequential(nn.Conv2d(channels, width, 1, stride, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        """(sound, channels, height, width) to (sound, width, height', width')."""
        y = x
        for number in range(1, self.depth + 1):
            y = y if number == 1 else F.relu(y)
            y = self.get_submodule(f"bn{number}")(self.get_submodule(f"conv{number}")(y))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


def basic(channels: int, width: int, stride: int) -> Block:
    """Two 3 x 3 convolutions."""
    first = nn.Conv2d(channels, width, 3, stride, padding=1, bias=False)
    return Block(channels, stride, first, nn.Conv2d(width, width, 3, padding=1, bias=False))


def bottleneck(channels: int, inner: int, width: int, stride: int, groups: int) -> Block:
    """A grouped 3 x 3 convolution between two of 1 x 1."""
    first, last = nn.Conv2d(channels, inner, 1, bias=False), nn.Conv2d(inner, width, 1, bias=False)
    grouped = nn.Conv2d(inner, inner, 3, stride, padding=1, groups=groups, bias=False)
    return Block(channels, stride, first, grouped, last)
