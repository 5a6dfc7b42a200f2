"""What modalities share that are made of frames: pixels, the scale networks see them on, colours."""

from abc import ABC
from typing import ClassVar, Literal

import torch
from torch import Tensor

from limbeck.errors import InputError
from limbeck.modalities._contract import Modality, Moments, Scale, ScaleKind, Statistics

PUBLISHED = Scale(mean=(0.425, 0.396, 0.370), std=(0.229, 0.224, 0.221))


class Pictures(Modality, ABC):
    """Frames in RGB, uint8; statistics per colour channel, in pixel values from 0 to 1."""

    track: ClassVar[Literal["audio", "image"]] = "image"
    unit: ClassVar[str] = "pixel value, 0-1"
    dtype: ClassVar[torch.dtype] = torch.uint8
    recurs: ClassVar[bool] = True
    # Rows: brightness, red against blue, green against both.
    basis: ClassVar[tuple[tuple[float, ...], ...] | None] = ((1.0, 1.0, 1.0), (1.0, 0.0, -1.0), (-0.5, 1.0, -0.5))

    @property
    def words(self) -> str:
        return f"{super().words} px"

    def statistics(self, moments: Moments) -> Statistics:
        """Mean and spread of pixel values from 0 to 1."""
        return Statistics(mean=tuple((moments.mean / 255).tolist()), std=tuple((moments.std / 255).tolist()))

    def scale(self, statistics: Statistics, kind: ScaleKind) -> Scale:
        """The published numbers, whatever the dataset and the `kind`."""
        return PUBLISHED

    def to_network(self, arrays: Tensor, scale: Scale) -> Tensor:
        if arrays.dtype != torch.uint8:
            raise InputError(
                f"Pictures come as they are prepared, uint8 from 0 to 255, but these are {arrays.dtype}. Of floats "
                "from 0 to 1: (255 * pictures).round().byte()."
            )
        return super().to_network(arrays.to(torch.float32) / 255, scale)

    def prepared(self, values: Tensor) -> Tensor:
        return values.mul(255).round().clamp(0, 255).to(torch.uint8)
