"""What the ConvNets share: their settings, and a stack of blocks for each modality, alike in the length of features."""

import math
from abc import ABC
from collections.abc import Mapping
from functools import partial
from typing import Annotated, final

import torch
from pydantic import Field
from torch import Tensor, nn

from limbeck.errors import InputError
from limbeck.networks._block import conv_norm_relu_pool
from limbeck.networks._contract import Encoder, Network, Shape
from limbeck.networks._layers import Norm, norm_layer
from limbeck.networks._norm import Grid

SMALLEST_GRID = 4


class ConvBlock(nn.Module):
    """3x3 convolution, instance norm with a learnt scale and shift, ReLU, average pooling.

    `padding` zeros lie at each border before the convolution, `grid` is the output's height and width (None halves the
    input's, rounding down). The generator draws the weights, uniform in ±1 / sqrt(9 channels), as PyTorch initialises
    convolutions.
    """

    def __init__(
        self, channels: int, width: int, *, padding: int = 1, grid: Grid | None = None, generator: torch.Generator
    ) -> None:
        super().__init__()
        weight = torch.empty(width, channels, 3, 3)
        nn.init.kaiming_uniform_(weight, a=5**0.5, generator=generator)
        self.weight = nn.Parameter(weight.contiguous(memory_format=torch.channels_last))
        self.scale = nn.Parameter(torch.ones(width))
        self.shift = nn.Parameter(torch.zeros(width))
        self.padding = padding
        self.grid = grid

    def forward(self, x: Tensor) -> Tensor:
        """(sample, channels, height, width) to (sample, width, height', width')."""
        return conv_norm_relu_pool(x, self.weight, self.scale, self.shift, self.padding, self.grid)


class OtherBlock(nn.Sequential):
    """`ConvBlock` with another norm, or with a bias and none."""

    def __init__(
        self, norm: Norm, channels: int, width: int, *, padding: int, grid: Grid | None, generator: torch.Generator
    ) -> None:
        conv = nn.Conv2d(channels, width, 3, padding=padding, bias=norm == "none", device="meta").to_empty(device="cpu")
        nn.init.kaiming_uniform_(conv.weight, a=5**0.5, generator=generator)
        if conv.bias is not None:
            nn.init.zeros_(conv.bias)
        pool = nn.AvgPool2d(2) if grid is None else nn.AdaptiveAvgPool2d(grid)
        super().__init__(conv, norm_layer(norm, width), nn.ReLU(), pool)


@final
class ConvNetEncoder(Encoder):
    """A stack of blocks; features are the flattened last map, channel by channel.

    Args:
        shape: (channel, height, width) of the input. Other sizes work, too, but `dim` belongs to this one.
        width: Channels of every block.
        depth: Number of blocks.
        padding: Of the first convolution; the others have 1.
        grid: Height and width of the last map; None leaves what halving gives.
        norm: After every convolution.
        seen: Frames that every convolution takes at once, one after the other along the channels.
        generator: Draws the weights.

    Raises:
        InputError: The input is too small for so many blocks.
    """

    def __init__(
        self,
        shape: Shape,
        *,
        width: int,
        depth: int,
        padding: int = 1,
        grid: Grid | None = None,
        norm: Norm = "instance",
        seen: int = 1,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        channels, height, width_px = shape
        extra = 2 * (padding - 1)
        last = (height + extra) >> depth, (width_px + extra) >> depth
        if min((height + extra) >> (depth - 1), (width_px + extra) >> (depth - 1)) < (2 if grid is None else 1):
            raise InputError(
                f"A ConvNet of {depth} blocks halves its input {depth} times; {height} x {width_px} is too small for "
                "that. Use fewer blocks or larger input."
            )
        block = ConvBlock if norm == "instance" else partial(OtherBlock, norm)
        self.blocks = nn.Sequential()
        for i in range(depth):
            end = grid if i == depth - 1 else None
            self.blocks.append(block(seen * channels, width, padding=padding, grid=end, generator=generator))
            channels, padding = width, 1
        self.grid = (width, *(grid or last))
        self.dim = math.prod(self.grid)

    def forward(self, x: Tensor) -> Tensor:
        features: Tensor = self.blocks(x)
        return features.flatten(1)


class ConvNets(Network, ABC):
    """Settings of ConvNets, as `ConvNet` explains them, one for each modality; all have features of equal length."""

    width: int = Field(128, ge=1)
    depth: dict[str, Annotated[int, Field(ge=1, le=10)]] = Field({"audio": 3, "segments": 3})
    padding: dict[str, Annotated[int, Field(ge=1)]] = Field({"audio": 3, "segments": 3})
    norm: Norm = "instance"

    def frame_encoders(self, shapes: Mapping[str, Shape], *, generator: torch.Generator) -> dict[str, Encoder]:
        """Build an encoder per modality for samples of one frame; see `Network.encoders`.

        Raises:
            InputError: A sample is too small for the depth.
        """
        return {**self.stacks(shapes, {}, generator)}

    def stacks(
        self, shapes: Mapping[str, Shape], seen: Mapping[str, int], generator: torch.Generator
    ) -> dict[str, ConvNetEncoder]:
        """Stacks of blocks with fresh random weights for frames of some `shapes`, one after the other.

        A convolution takes so many frames as are `seen` at once, as channels, by modality; one where it is not named.
        """
        leading, grid = next((modality for modality in shapes if modality not in self.padding), None), None
        if leading:
            depth, (_, height, width) = self._depth(leading, shapes[leading]), shapes[leading]
            # What so many halvings leave of height and width; an axis of one stays.
            grid = max(height >> depth, height == 1), max(width >> depth, width == 1)
        return {
            modality: ConvNetEncoder(
                shape,
                width=self.width,
                depth=self._depth(modality, shape),
                padding=self.padding.get(modality, 1),
                grid=None if modality == leading and 1 not in shape[1:] else grid,
                norm=self.norm,
                seen=seen.get(modality, 1),
                generator=generator,
            )
            for modality, shape in shapes.items()
        }

    def _depth(self, modality: str, shape: Shape) -> int:
        return self.depth.get(modality) or max(1, (min(shape[1:]) // SMALLEST_GRID).bit_length() - 1)
