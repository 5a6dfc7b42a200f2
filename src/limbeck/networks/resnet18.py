"""ResNet-18: four stages of two residual blocks, features averaged over the map.

Source:   He, Zhang, Ren and Sun, *Deep Residual Learning for Image Recognition*, CVPR 2016
          (https://arxiv.org/abs/1512.03385); the stem for small inputs as in its CIFAR networks.
Differs from the paper: group norm in place of batch norm (see `_layers.Norm`), with as many weights. An input of more
          than 96 x 96 positions gets the published stem, 7 x 7 with stride 2 and max pooling, a smaller one a 3 x 3
          convolution. A log-mel has one channel.
"""

from collections.abc import Mapping
from typing import final

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from limbeck.networks._contract import Encoder, Network, Shape
from limbeck.networks._layers import Norm, conv_norm, is_large

STAGES = (1, 2, 4, 8)


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions with a norm after each, added to the input.

    `stride` is the step of the first; where it or the width changes the map, a 1 x 1 convolution brings the input into
    its shape.
    """

    def __init__(self, channels: int, width: int, *, stride: int, norm: Norm, generator: torch.Generator) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *conv_norm(channels, width, 3, norm, stride=stride, generator=generator),
            nn.ReLU(),
            *conv_norm(width, width, 3, norm, generator=generator),
        )
        self.skip: nn.Module = nn.Identity()
        if stride > 1 or channels != width:
            # A 1 x 1 convolution with a stride, taken apart: where few channels lie innermost in memory, oneDNN's
            # backward pass of it writes where it must not (https://github.com/uxlfoundation/oneDNN/issues/6035).
            self.skip = nn.Sequential(
                nn.AvgPool2d(1, stride), *conv_norm(channels, width, 1, norm, generator=generator)
            )

    def forward(self, x: Tensor) -> Tensor:
        """(sample, channels, height, width) to (sample, width, height', width')."""
        return F.relu(self.body(x) + self.skip(x))


@final
class ResNet18Encoder(Encoder):
    """Stem and four stages; features are the last map's means.

    The `shape` of the input chooses the stem; the last stage has eight times the first one's channels.
    """

    def __init__(self, shape: Shape, settings: "ResNet18", generator: torch.Generator) -> None:
        super().__init__()
        before, norm = settings.width, settings.norm
        kernel, stride, pool = (7, 2, nn.MaxPool2d(3, 2, padding=1)) if is_large(shape) else (3, 1, nn.Identity())
        stem = conv_norm(shape[0], before, kernel, norm, stride=stride, generator=generator)
        self.stem = nn.Sequential(*stem, nn.ReLU(), pool)
        self.blocks = nn.Sequential()
        for stage, factor in enumerate(STAGES):
            for stride in (2 if stage else 1, 1):
                width = settings.width * factor
                self.blocks.append(ResidualBlock(before, width, stride=stride, norm=norm, generator=generator))
                before = width
        self.dim = before

    def forward(self, x: Tensor) -> Tensor:
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

    def frame_encoders(self, shapes: Mapping[str, Shape], *, generator: torch.Generator) -> dict[str, Encoder]:
        return {modality: ResNet18Encoder(shape, self, generator) for modality, shape in shapes.items()}
