"""The house recipe: as many clips as say something, each by its low frequencies (`best`).

Many clips of few numbers serve students better than few clips of many. Herding chooses them, and what is kept of each
is its low `frequencies`, which say more than the same numbers of a small cell. Where a class has fewer sounds than
pictures (data paired by class often reuses them) no sound is kept twice. By default that is all: sounds can be moved
as in `dm` and pictures as in `krr`, which served each modality alone at few cells of a mosaic, but cost both together
more than it gave.

Source:   frequencies: Shin, Shin and Moon, "Frequency Domain-based Dataset Distillation", NeurIPS 2023; many clips in
          the room of one: Zhao et al., "Improved Distribution Matching for Dataset Condensation", CVPR 2023; sounds:
          Zhao and Bilen, "Dataset Condensation with Distribution Matching", WACV 2023; pictures: Nguyen, Chen and Lee,
          "Dataset Meta-Learning from Kernel Ridge-Regression", ICLR 2021.
Differs from the paper: there is none. Choices were made on splits cut from training clips, see docs/methods/best.md.
Cost:     as `herding`; with steps as `krr`, with as many small pairs as there are cells. A student sees as many, so it
          also trains longer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Self, final

import torch
from pydantic import Field
from torch import Tensor

from limbeck.augment import Frequencies, Packing, mosaic
from limbeck.datasets import LabelledClips
from limbeck.methods._losses import squared_gap
from limbeck.methods._ridge import class_errors, unit_sides
from limbeck.methods._samples import AllClassesMatching

WIDEST = Frequencies(audio=36, image=36)


@final
class Best(AllClassesMatching):
    """As many clips as the data allows, and on request each modality moved by the loss that serves it.

    Attributes:
        mosaic: How clips share the room of a stored pair. Of frequencies these are about the most: fewer share where a
            class has too few clips, or too few different sounds. A mosaic of cells is taken as it is.
        ridge: Penalty on the squared weights of the regression on pictures; features have length 1.
        settled: Cells a class from which on nothing is moved; by default always.
        steps: Optimisation steps, >= 0, in classes of fewer cells than `settled`.
    """

    mosaic: Packing = WIDEST
    ridge: float = Field(10.0, ge=1e-3)
    settled: int = Field(1, ge=1)
    steps: int = Field(60, ge=0)

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
        """With the sharers that the clips allow, and no steps where there are many; see `Method.fitted`.

        Args:
            real: Training clips.
        """
        fitting = self.mosaic
        if isinstance(fitting, Frequencies):
            sounds = max(_different_sounds(real, label) for label in range(len(real.classes)))
            fitting = narrowed(fitting, min(real.per_class()) / self.per_class, sounds / self.per_class)
        many = self.per_class * mosaic.count(fitting) >= self.settled
        return self.model_copy(update={"mosaic": fitting, "steps": 0 if many else self.steps})


def narrowed(packing: Frequencies, clips: float, sounds: float) -> Packing:
    """As many clips as asked for, or as there are; no sound twice; and whole clips where there is one a pair.

    Args:
        packing: What was asked for.
        clips: Of a class, for each of its stored pairs.
        sounds: Different ones among them.

    Example:
        >>> str(narrowed(WIDEST, 60, 60)), str(narrowed(WIDEST, 12.0, 2.4)), narrowed(WIDEST, 1, 1)
        ('dct36', 'dct3,12', 1)
    """
    image = max(1, min(packing.image, math.floor(clips)))
    audio = min(packing.audio, image, math.ceil(sounds))
    image = audio * min(round(image / audio), max(1, math.floor(clips / audio)))
    return Frequencies(audio=audio, image=image) if image > 1 else 1


def _different_sounds(real: LabelledClips, label: int) -> int:
    parts = (real.audio(index) for index in torch.split(real.of_class(label), 256))
    return len({sound.numpy().tobytes() for part in parts for sound in part})
