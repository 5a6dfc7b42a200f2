"""One frame of a video, or a still (`image`): uint8 (3, height, width), RGB.

Source:   the published recipe of Kushwaha et al., "Audio-Visual Dataset Distillation", TMLR 2024.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from limbeck.media import MIDDLE, RawClip
from limbeck.modalities._pictures import PUBLISHED, Pictures

__all__ = ["PUBLISHED", "Image"]

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
class Image(Pictures):
    """The frame in the middle of a clip; statistics per colour channel, in pixel values from 0 to 1."""

    letter: ClassVar[str] = "V"
    noun: ClassVar[str] = "image"
    axes: ClassVar[tuple[str, ...]] = ("RGB", "height", "width")
    published: ClassVar[Mapping[str, Any]] = MappingProxyType(_TRAINING)

    @property
    def shape(self) -> tuple[int, int, int]:
        return (3, self.recipe.image_size, self.recipe.image_size)

    @property
    def times(self) -> tuple[float, ...]:
        return (MIDDLE,)

    def array(self, raw: RawClip) -> npt.NDArray[np.uint8]:
        return np.ascontiguousarray(self.frames(raw)[0].transpose(2, 0, 1))

    def frequency_order(self) -> Tensor:
        """Rank by ``row + column``, where one of a difference of colours counts three times as high."""
        _, height, width = self.shape
        pitch = torch.arange(height)[:, None] + torch.arange(width)
        return torch.stack([pitch, *[COLOUR_COUNTS_AS * (pitch + 1)] * 2])

    def show(self, arrays: Tensor) -> Tensor:
        return arrays.permute(0, 2, 3, 1)
