"""Differentiable siamese augmentation: real and synthetic, sound and picture, changed by the same draw.

Source: Zhao and Bilen, *Dataset Condensation with Differentiable Siamese Augmentation*, ICML 2021, with the
strengths used for audio-visual distillation. Differs from the paper: sound and picture share the underlying
uniform numbers also where their sizes differ (there: the seed, so whole-pixel shifts came out unrelated), and
the option `modality_aware`.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from limbeck._config import Config
from limbeck.augment import _operations as operations
from limbeck.errors import InputError
from limbeck.modalities import Modality, Scale

Family = Literal["colour", "crop", "cutout", "flip", "scale", "rotate"]
FAMILIES: tuple[Family, ...] = ("colour", "crop", "cutout", "flip", "scale", "rotate")
_NUMBERS = 3


@dataclass(frozen=True)
class Draw:
    """What was drawn, without reference to any size: the same draw fits sounds and pictures.

    Attributes:
        family: The one family of operations.
        uniforms: float64 in [0, 1), on the CPU: (number,) for one draw shared by all samples,
            (sample, number) for independent ones. How many numbers a family uses is its own business.
    """

    family: Family
    uniforms: Tensor

    @property
    def is_shared(self) -> bool:
        """Whether all samples are changed alike."""
        return self.uniforms.ndim == 1


class SiameseAugment(Config):
    """One family of operations a draw, shared by a batch (siamese) or drawn for every sample.

    Attributes:
        families: What is chosen from, with equal chances.
        brightness: Width of the interval the shift is drawn from, in network scale; 1 means -0.5 to 0.5.
        saturation: Largest factor of a pixel's distance from its mean over channels; the smallest is 0.
        contrast: Smallest factor of a pixel's distance from the sample's mean; the largest is 1 more.
        crop: Largest shift as a part of the side.
        cutout: Side of the hole as a part of the side.
        flip: Probability of mirroring left and right (on spectrograms: of reversing time).
        scale: Largest zoom, > 1; both sides are drawn on their own between its inverse and it.
        rotate_degrees: Largest rotation.
        modality_aware: Leave out what would change what a modality is (no flip, no rotation in time) and fill borders
            as it says (sound with silence), see `Modality.keeps` and `Modality.border`. Off as published.

    Example:
        >>> augment = SiameseAugment(families=("flip",), flip=1.0)
        >>> draw = augment.draw(torch.Generator().manual_seed(0), None)
        >>> augment.apply(torch.tensor([[[[1.0, 2.0, 3.0]]]]), draw)
        tensor([[[[3., 2., 1.]]]])
    """

    families: tuple[Family, ...] = Field(FAMILIES, min_length=1)
    brightness: float = Field(1.0, ge=0)
    saturation: float = Field(2.0, ge=0)
    contrast: float = Field(0.5, ge=0)
    crop: float = Field(0.125, ge=0, le=1)
    cutout: float = Field(0.5, ge=0, le=1)
    flip: float = Field(0.5, ge=0, le=1)
    scale: float = Field(1.2, ge=1)
    rotate_degrees: float = Field(15.0, ge=0, le=180)
    modality_aware: bool = False

    def draw(self, generator: torch.Generator, samples: int | None) -> Draw:
        """Choose a family and its numbers; what is taken from the generator, on the CPU, depends on `samples` alone.

        These are so many independent draws; None is for one shared by all samples (siamese).
        """
        chosen = int(torch.randint(len(self.families), (1,), generator=generator))
        shape = (_NUMBERS,) if samples is None else (samples, _NUMBERS)
        return Draw(self.families[chosen], torch.rand(shape, generator=generator, dtype=torch.float64))

    def apply(self, x: Tensor, draw: Draw, *, modality: Modality | None = None, scale: Scale | None = None) -> Tensor:
        """Change `x`, (sample, ..., channel, height, width) of any size in network scale, as drawn; differentiable.

        All frames of a sample are changed alike.

        A `draw` with independent numbers must have as many as there are samples. What these are, `modality` and
        `scale`, only matters with `modality_aware`.

        Raises:
            InputError: The draw has numbers for another amount of samples, or `modality_aware` needs what is missing.
        """
        uniforms = draw.uniforms[None] if draw.is_shared else draw.uniforms
        if not draw.is_shared and len(uniforms) != len(x):
            raise InputError(
                f"This draw holds numbers for {len(uniforms)} samples, but got {len(x)}; "
                f"draw with samples={len(x)}, or samples=None for one draw shared by all."
            )
        if not self.modality_aware:
            return _APPLY[draw.family](self, x, uniforms, 0.0)
        if modality is None or scale is None:
            raise InputError("Augmentation with modality_aware needs the samples' modality and scale.")
        if draw.family in modality.keeps:
            return x
        fill = modality.border(scale)
        return _APPLY[draw.family](self, x, uniforms, fill.to(x.device) if isinstance(fill, Tensor) else fill)


def _colour(augment: SiameseAugment, x: Tensor, u: Tensor, fill: float | Tensor) -> Tensor:
    x = operations.brightness(x, (u[:, 0] - 0.5) * augment.brightness)
    x = operations.saturation(x, u[:, 1] * augment.saturation)
    return operations.contrast(x, u[:, 2] + augment.contrast)


def _crop(augment: SiameseAugment, x: Tensor, u: Tensor, fill: float | Tensor) -> Tensor:
    down, right = (
        _whole(u[:, axis], 2 * most + 1) - most
        for axis, most in enumerate(_part(side, augment.crop) for side in x.shape[-2:])
    )
    return operations.crop(x, down, right, fill)


def _cutout(augment: SiameseAugment, x: Tensor, u: Tensor, fill: float | Tensor) -> Tensor:
    height, width = (_part(side, augment.cutout) for side in x.shape[-2:])
    row = _whole(u[:, 0], x.shape[-2] + 1 - height % 2)
    column = _whole(u[:, 1], x.shape[-1] + 1 - width % 2)
    return operations.cutout(x, row, column, (height, width), fill)


def _flip(augment: SiameseAugment, x: Tensor, u: Tensor, fill: float | Tensor) -> Tensor:
    return operations.flip(x, u[:, 0] < augment.flip)


def _scale(augment: SiameseAugment, x: Tensor, u: Tensor, fill: float | Tensor) -> Tensor:
    least = 1 / augment.scale
    width, height = (least + u[:, i] * (augment.scale - least) for i in range(2))
    return operations.scale(x, width, height, fill)


def _rotate(augment: SiameseAugment, x: Tensor, u: Tensor, fill: float | Tensor) -> Tensor:
    return operations.rotate(x, (2 * u[:, 0] - 1) * math.radians(augment.rotate_degrees), fill)


def _part(side: int, ratio: float) -> int:
    return int(side * ratio + 0.5)


def _whole(u: Tensor, count: int) -> Tensor:
    """Uniform numbers in [0, 1) to whole numbers 0 .. count - 1."""
    return (u * count).long().clamp_(max=count - 1)


_APPLY: Mapping[Family, Callable[[SiameseAugment, Tensor, Tensor, float | Tensor], Tensor]] = {
    "colour": _colour,
    "crop": _crop,
    "cutout": _cutout,
    "flip": _flip,
    "scale": _scale,
    "rotate": _rotate,
}
