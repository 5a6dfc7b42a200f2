"""An AlexNet-like network: five convolutions, three max poolings, no norm.

Source:   Krizhevsky, Sutskever and Hinton, *ImageNet Classification with Deep Convolutional Neural Networks*, NIPS
          2012; for small pictures the AlexNet of Zhao, Mopuri and Bilen, *Dataset Condensation with Gradient Matching*,
          ICLR 2021: 5 x 5 filters, 128 to 256 channels, no fully connected layers but the classifier.
Differs from the papers: an input of more than 96 x 96 positions gets the first convolution of 2012, 11 x 11 with stride
          4. No local response norm, no dropout; poolings are 2 x 2 and round up. The last map is averaged to 4 x 4,
          what 32 pixels leave, so that features of both modalities are as many at any size.

Without a norm features grow with their input. Pairs distilled through it, rather than tested with it, need small steps:
at the published rate of `dm`, 0.2, they diverge; Adam is safe, and so is ``norm="group"``.
"""

from collections.abc import Mapping
from typing import final

import torch
from pydantic import Field
from torch import Tensor, nn

from limbeck.networks._contract import Encoder, Network, Shape
from limbeck.networks._layers import Norm, conv_norm, is_large

GRID = 4


@final
class AlexNetEncoder(Encoder):
    """Five convolutions with a norm after each; features are the flattened last map, channel by channel.

    The `shape` of the input chooses the first convolution; the others have 1.5 or 2 times its channels.
    """

    def __init__(self, shape: Shape, settings: "AlexNet", generator: torch.Generator) -> None:
        super().__init__()
        width = settings.width
        middle, wide = 3 * width // 2, 2 * width

        def step(inputs: int, outputs: int, kernel: int, stride: int = 1) -> list[nn.Module]:
            return [*conv_norm(inputs, outputs, kernel, settings.norm, stride=stride, generator=generator), nn.ReLU()]

        self.layers = nn.Sequential(
            *(step(shape[0], width, 11, 4) if is_large(shape) else step(shape[0], width, 5)),
            nn.MaxPool2d(2, ceil_mode=True),
            *step(width, middle, 5),
            nn.MaxPool2d(2, ceil_mode=True),
            *step(middle, wide, 3),
            *step(wide, middle, 3),
            *step(middle, middle, 3),
            nn.MaxPool2d(2, ceil_mode=True),
            nn.AdaptiveAvgPool2d(GRID),
        )
        self.grid = (middle, GRID, GRID)
        self.dim = middle * GRID * GRID

    def forward(self, x: Tensor) -> Tensor:
        maps: Tensor = self.layers(x)
        return maps.flatten(1)


@final
class AlexNet(Network):
    """An AlexNet-like network for each modality; all have ``16 * (3 * width // 2)`` features.

    Attributes:
        width: Channels of the first convolution.
        norm: After every convolution.

    Example:
        >>> shapes, draw = {'audio': (1, 64, 56), 'image': (3, 32, 32)}, torch.Generator().manual_seed(0)
        >>> encoders = AlexNet(width=4).encoders(shapes, generator=draw)
        >>> encoders['audio'](torch.zeros(2, 1, 64, 56)).shape
        torch.Size([2, 96])
    """

    width: int = Field(128, ge=1)
    norm: Norm = "none"

    def frame_encoders(self, shapes: Mapping[str, Shape], *, generator: torch.Generator) -> dict[str, Encoder]:
        return {modality: AlexNetEncoder(shape, self, generator) for modality, shape in shapes.items()}
