"""The house recipe: as many small cells as the data allows, sounds shrunk in time alone (`best`).

Many clips at low resolution serve students better than few at full: sounds keep all their bands and are shrunk in time
alone, pictures on both sides. Herding chooses them. By default that is all: sounds can be moved as in `dm` and pictures
as in `krr`, which served each modality alone at few cells, but cost both together more than it gave.

Source:   mosaics: Zhao et al., "Improved Distribution Matching for Dataset Condensation", CVPR 2023; sounds: Zhao and
          Bilen, "Dataset Condensation with Distribution Matching", WACV 2023; pictures: Nguyen, Chen and Lee, "Dataset
          Meta-Learning from Kernel Ridge-Regression", ICLR 2021.
Differs from the paper: there is none. Choices were made on splits cut from training clips, see docs/methods/best.md.
Cost:     as `herding`; with steps as `krr`, with as many small pairs as there are cells. A student sees as many, so it
          also trains longer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar, Self, final

import torch
from pydantic import Field
from torch import Tensor

from limbeck.augment import Mosaic, Packing, mosaic
from limbeck.datasets import LabelledClips
from limbeck.methods._losses import squared_gap
from limbeck.methods._ridge import class_errors, unit_sides
from limbeck.methods._samples import AllClassesMatching

WIDEST = Mosaic(audio=(1, 36), image=(6, 6))


@final
class Best(AllClassesMatching):
    """As many cells as the data allows, and on request each modality moved by the loss that serves it.

    Attributes:
        mosaic: The most cells; fewer are taken where a class has too few clips for them, or a clip too few frames.
        ridge: As in `krr`, for pictures.
        settled: Cells a class from which on nothing is moved; by default always.
        steps: As in `Optimised`, below that number.
    """

    mosaic: Packing = WIDEST
    ridge: float = Field(10.0, ge=1e-3)
    settled: int = Field(1, ge=1)
    steps: int = Field(60, ge=0)

    presets: ClassVar[dict[str, dict[str, Any]]] = {"best": {}}

    def loss(self, real_audio: Sequence[Tensor], real_image: Sequence[Tensor], audio: Tensor, image: Tensor) -> Tensor:
        """Distance of mean sounds, and error of a regression on pictures.

        Args:
            real_audio: Sound embeddings of each class's real clips, each (real, dim).
            real_image: Picture embeddings of the same clips, each (real, dim).
            audio: Sound embeddings of the synthetic clips, (class, synthetic, dim).
            image: Picture embeddings of the same clips, (class, synthetic, dim).

        Returns:
            (class,).
        """
        means = torch.stack([clips.float().mean(0) for clips in real_audio])
        sound = squared_gap(means, audio.mean(1))
        real, synthetic = unit_sides(real_image, image)
        return sound + class_errors(real, [len(clips) for clips in real_image], synthetic, self.ridge)

    def fitted(self, real: LabelledClips) -> Self:
        """With the cells that the clips allow, and no steps where there are many; see `Method.fitted`.

        Args:
            real: Training clips.
        """
        fitting = narrowed(self.mosaic, min(real.per_class()) // self.per_class, real.audio_shape[2])
        many = self.per_class * mosaic.count(fitting) >= self.settled
        return self.model_copy(update={"mosaic": fitting, "steps": 0 if many else self.steps})


def narrowed(packing: Packing, cells: int, frames: int) -> Packing:
    """The mosaic asked for, or the one with most cells that fits: sounds beside each other, pictures in a near square.

    Args:
        packing: What was asked for.
        cells: At most as many.
        frames: Of a log-mel; every sound keeps one at least.

    Example:
        >>> str(narrowed(WIDEST, 12, 56)), narrowed(2, 12, 56), narrowed(WIDEST, 1, 56)
        ('1x12,3x4', 2, 1)
    """
    if mosaic.count(packing) <= cells and mosaic.grids(packing).audio[1] <= frames:
        return packing
    for number in range(min(cells, mosaic.count(packing), frames), 1, -1):
        rows = max(r for r in range(1, math.isqrt(number) + 1) if number % r == 0)
        if number <= 2 * rows**2:
            return Mosaic(audio=(1, number), image=(rows, number // rows))
    return 1
