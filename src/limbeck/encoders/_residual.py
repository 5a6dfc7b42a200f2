"""Residual blocks under the names public checkpoints use: conv1, bn1, ..., downsample.0, downsample.1.

Source:   He, Zhang, Ren and Sun, *Deep Residual Learning for Image Recognition*, CVPR 2016
          (https://arxiv.org/abs/1512.03385); Xie et al., *Aggregated Residual Transformations for Deep Neural
          Networks*, CVPR 2017 (https://arxiv.org/abs/1611.05431).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import torch.nn.functional as F
from torch import Tensor, nn


@final
class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions, added to the input."""

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = _downsample(channels, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(sound, channels, height, width) to (sound, width, height', width')."""
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


@final
class Bottleneck(nn.Module):
    """A grouped 3 x 3 convolution between two of 1 x 1, added to the input."""

    def __init__(self, channels: int, inner: int, width: int, stride: int, groups: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, inner, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(inner)
        self.conv2 = nn.Conv2d(inner, inner, 3, stride, padding=1, groups=groups, bias=False)
        self.bn2 = nn.BatchNorm2d(inner)
        self.conv3 = nn.Conv2d(inner, width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(width)
        self.downsample = _downsample(channels, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(sound, channels, height, width) to (sound, width, height', width')."""
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn3(self.conv3(F.relu(self.bn2(self.conv2(y)))))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


def depths(state: Mapping[str, Tensor], prefix: str) -> list[int]:
    """How many blocks each stage of a checkpoint has; `prefix` stands before ``layer1`` in its names."""
    found = []
    for number in range(1, 5):
        start = f"{prefix}layer{number}."
        found.append(len({name[len(start) :].partition(".")[0] for name in state if name.startswith(start)}))
    return found


def _downsample(channels: int, width: int, stride: int) -> nn.Sequential | None:
    if stride == 1 and channels == width:
        return None
    return nn.Sequential(nn.Conv2d(channels, width, 1, stride, bias=False), nn.BatchNorm2d(width))
