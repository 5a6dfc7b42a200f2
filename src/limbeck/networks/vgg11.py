"""VGG-11: eight 3 x 3 convolutions and five max poolings, then the map's mean.

Source:   Simonyan and Zisserman, *Very Deep Convolutional Networks for Large-Scale Image Recognition*, ICLR 2015,
          configuration A (https://arxiv.org/abs/1409.1556), without its fully connected layers, as used for small
          pictures by Zhao et al. (dataset condensation).
Differs from the paper: group norm after every convolution, which has no bias then (see `_layers.Norm`). Poolings round
          up, so that inputs below 32 pixels pass. Small and large inputs have the same layers.
"""

from collections.abc import Mapping
from typing import final

import torch
from pydantic import Field
from torch import Tensor, nn

from limbeck.networks._contract import Encoder, Network, Shape
from limbeck.networks._layers import Norm, conv_norm

STAGES = ((1,), (2,), (4, 4), (8, 8), (8, 8))


@final
class VGG11Encoder(Encoder):
    """Five stages of convolutions that each end in a max pooling; features are the last map's means.

    The input has so many `channels` and any size. The last four convolutions have eight times the first one's channels.
    """

    def __init__(self, channels: int, settings: "VGG11", generator: torch.Generator) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for stage in STAGES:
            for factor in stage:
                width = settings.width * factor
                layers += [*conv_norm(channels, width, 3, settings.norm, generator=generator), nn.ReLU()]
                channels = width
            layers.append(nn.MaxPool2d(2, ceil_mode=True))
        self.layers = nn.Sequential(*layers)
        self.dim = channels

    def forward(self, x: Tensor) -> Tensor:
        maps: Tensor = self.layers(x)
        return maps.mean((2, 3))


@final
class VGG11(Network):
    """A VGG-11 for each modality; all have ``8 * width`` features.

    Attributes:
        width: Channels of the first convolution.
        norm: After every convolution; ``"none"`` is the published network.

    Example:
        >>> shapes, draw = {'audio': (1, 64, 56), 'image': (3, 32, 32)}, torch.Generator().manual_seed(0)
        >>> encoders = VGG11(width=4).encoders(shapes, generator=draw)
        >>> encoders['audio'](torch.zeros(2, 1, 64, 56)).shape
        torch.Size([2, 32])
    """

    width: int = Field(64, ge=1)
    norm: Norm = "group"

    def frame_encoders(self, shapes: Mapping[str, Shape], *, generator: torch.Generator) -> dict[str, Encoder]:
        return {modality: VGG11Encoder(shape[0], self, generator) for modality, shape in shapes.items()}
