"""One frame of a video, or a still (`image`): uint8 (3, height, width), RGB.

Source:   the published recipe of Kushwaha et al., "Audio-Visual Dataset Distillation", TMLR 2024.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Literal, final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from limbeck.media import RawClip
from limbeck.modalities._contract import Modality, Moments, Scale, ScaleKind, Statistics

PUBLISHED = Scale(mean=(0.425, 0.396, 0.370), std=(0.229, 0.224, 0.221))
COLOUR_COUNTS_AS = 3
_TRAINING: Mapping[str, Any] = {
    "epochs": 1000,
    "batch": 256,
    "optimiser": "sgd",
    "lr": 0.01,
    "momentum": 0.9,
    "weight_decay": 5e-4,
    "drop_after": (500,),
    "drop_factor": 0.1,
}
"""Of images alone: Zhao and Bilen, *Dataset Condensation with Differentiable Siamese Augmentation*, ICML 2021."""


@final
class Image(Modality):
    """The frame in the middle of a clip; statistics per colour channel, in pixel values from 0 to 1."""

    letter: ClassVar[str] = "V"
    noun: ClassVar[str] = "image"
    track: ClassVar[Literal["audio", "image"]] = "image"
    unit: ClassVar[str] = "pixel value, 0-1"
    axes: ClassVar[tuple[str, str, str]] = ("RGB", "height", "width")
    dtype: ClassVar[torch.dtype] = torch.uint8
    recurs: ClassVar[bool] = True
    # Rows: brightness, red against blue, green against both.
    basis: ClassVar[tuple[tuple[float, ...], ...] | None] = ((1.0, 1.0, 1.0), (1.0, 0.0, -1.0), (-0.5, 1.0, -0.5))
    published: ClassVar[Mapping[str, Any]] = MappingProxyType(_TRAINING)

    @property
    def shape(self) -> tuple[int, int, int]:
        return (3, self.recipe.image_size, self.recipe.image_size)

    @property
    def words(self) -> str:
        return f"{super().words} px"

    def array(self, raw: RawClip) -> npt.NDArray[np.uint8]:
        return np.ascontiguousarray(raw.picture.transpose(2, 0, 1))

    def statistics(self, moments: Moments) -> Statistics:
        """Mean and spread of pixel values from 0 to 1."""
        return Statistics(mean=tuple((moments.mean / 255).tolist()), std=tuple((moments.std / 255).tolist()))

    def scale(self, statistics: Statistics, kind: ScaleKind) -> Scale:
        """The published numbers, whatever the dataset and the `kind`."""
        return PUBLISHED

    def to_network(self, arrays: Tensor, scale: Scale) -> Tensor:
        return super().to_network(arrays.to(torch.float32) / 255, scale)

    def prepared(self, values: Tensor) -> Tensor:
        return values.mul(255).round().clamp(0, 255).to(torch.uint8)

    def frequency_order(self) -> Tensor:
        """Rank by ``row + column``, where one of a difference of colours counts three times as high."""
        _, height, width = self.shape
        pitch = torch.arange(height)[:, None] + torch.arange(width)
        return torch.stack([pitch, *[COLOUR_COUNTS_AS * (pitch + 1)] * 2])

    def show(self, arrays: Tensor) -> Tensor:
        return arrays.permute(0, 2, 3, 1)
