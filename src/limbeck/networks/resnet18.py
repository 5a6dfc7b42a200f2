"""ResNet-18: four stages of two residual blocks, features averaged over the map.

Source:   He, Zhang, Ren and Sun, *Deep Residual Learning for Image Recognition*, CVPR 2016
          (https://arxiv.org/abs/1512.03385); the stem for small inputs as in its CIFAR networks.
Differs from the paper: group norm in place of batch norm (see `_layers.Norm`), with as many weights. An input of more
          than 96 x 96 positions gets the published stem, 7 x 7 with stride 2 and max pooling, a smaller one a 3 x 3
          convolution. A log-mel has one channel.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from limbeck.networks._contract import Encoder, Network, Shape
from limbeck.networks._layers import Norm, conv, is_large, norm_layer

STAGES = (1, 2, 4, 8)


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions with a norm after each, added to the input.

    `stride` is the step of the first; where it or the width changes the map, a 1 x 1 convolution brings the input into
    its shape. The generator draws the weights.
    """

    def __init__(self, channels: int, width: int, *, stride: int, norm: Norm, generator: torch.Generator) -> None:
        super().__init__()
        bias = norm == "none"
        self.body = nn.Sequential(
            conv(channels, width, 3, stride=stride, bias=bias, generator=generator),
            norm_layer(norm, width),
            nn.ReLU(),
            conv(width, width, 3, bias=bias, generator=generator),
            norm_layer(norm, width),
        )
        self.skip: nn.Module = nn.Identity()
        if stride > 1 or channels != width:
            # A 1 x 1 convolution with a stride, taken apart: where few channels lie innermost in memory, oneDNN's
            # backward pass of it writes where it must not (https://github.com/uxlfoundation/oneDNN/issues/6035).
            self.skip = nn.Sequential(
                nn.AvgPool2d(1, stride),
                conv(channels, width, 1, bias=bias, generator=generator),
                norm_layer(norm, width),
            )

    def forward(self, x: Tensor) -> Tensor:
        """(sample, channels, height, width) to (sample, width, height', width')."""
        return F.relu(self.body(x) + self.skip(x))


@final
class ResNet18Encoder(Encoder):
    """Stem and four stages; features are the last map's means.

    The `shape` (channel, height, width) of the input chooses the stem; the first stage has `width` channels, the last
    eight times as many. The generator draws the weights.
    """

    def __init__(self, shape: tuple[int, int, int], *, width: int, norm: Norm, generator: torch.Generator) -> None:
        super().__init__()
        channels, height, width_px = shape
        large = is_large(height, width_px)
        self.stem = nn.Sequential(
            conv(
                channels, width, 7 if large else 3, stride=2 if large else 1, bias=norm == "none", generator=generator
            ),
            norm_layer(norm, width),
            nn.ReLU(),
            nn.MaxPool2d(3, 2, padding=1) if large else nn.Identity(),
        )
        blocks, before = [], width
        for stage, factor in enumerate(STAGES):
            for stride in (2 if stage else 1, 1):
                blocks.append(ResidualBlock(before, width * factor, stride=stride, norm=norm, generator=generator))
                before = width * factor
        self.blocks = nn.Sequential(*blocks)
        self.dim = before

    def forward(self, x: Tensor) -> Tensor:
        """(sample, channel, height, width) to (sample, dim)."""
        maps: Tensor = self.blocks(self.stem(x))
        return maps.mean((2, 3))


@final
class ResNet18(Network):
    """A ResNet-18 for each modality; all have ``8 * width`` features.

    Attributes:
        width: Channels of the first stage.
        norm: After every convolution.

    Example:
        >>> shapes, draw = {'audio': (1, 64, 56), 'image': (3, 32, 32)}, torch.Generator().manual_seed(0)
        >>> encoders = ResNet18(width=4).encoders(shapes, generator=draw)
        >>> encoders['audio'](torch.zeros(2, 1, 64, 56)).shape
        torch.Size([2, 32])
    """

    width: int = Field(64, ge=1)
    norm: Norm = "group"

    def encoders(self, shapes: Mapping[str, Shape], *, generator: torch.Generator) -> dict[str, Encoder]:
        """Build an encoder per modality with fresh random weights; see `Network.encoders`."""
        return {
            modality: ResNet18Encoder(shape, width=self.width, norm=self.norm, generator=generator)
            for modality, shape in shapes.items()
        }
