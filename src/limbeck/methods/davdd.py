"""Matching of decoupled features under pretrained encoders (`davdd`).

Encoders are networks trained on the real clips. Each one's features are split, per modality, into a part that sound and
picture have in common and a part private to the modality. Private parts are matched within their modality alone, so
that nothing across modalities can blur them; common parts within and across modalities, in the mean of a class and clip
by clip.

Published (as an outline; code and tables are not):  a bank of different pretrained encoders; light decouplers into
          common and private parts; private parts matched within modalities only; common parts matched across
          modalities, by sample and by distribution, with a bank of prototypes that are moving averages.
Our reading:  every formula. A decoupler is linear and has a closed form (`methods._decouple`): the common part lies
          along the directions in which sound and picture of the same clip vary together most, the private part is all
          that is orthogonal to it. "By distribution" is the squared gap of class means, each modality with itself and
          with the other; "by sample" is the cross-entropy of a clip's code among the prototypes of all classes, which
          are averages over modalities and over the encoders' turns. Codes of all encoders are rotated onto those of the
          first, since prototypes could not be shared otherwise. Weights are ours.

Source:   "Decoupled Audio-Visual Dataset Distillation", 2025 (https://arxiv.org/abs/2511.17890), the method's outline.
Differs from the paper: see "Our reading"; whoever compares with the paper compares with this reading of it.
Cost:     as `dm`, after `Training.epochs` passes forward and backward over the real clips for each expert, once a
          dataset, and a few products with the matrix of real features for each decoupler.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Self, final

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor

from limbeck._runtime import generator
from limbeck.datasets import LabelledClips, Scale
from limbeck.methods._contract import Work
from limbeck.methods._decouple import Split, decouple, rotation_onto
from limbeck.methods._descent import Adam, Optimiser
from limbeck.methods._encoders import Encoders, Lens
from limbeck.methods._experts import Training
from limbeck.methods._losses import squared_gap
from limbeck.methods._matching import Compare, Matching
from limbeck.methods._samples import sample_views


@final
class DAVDD(Matching):
    """Match private parts within modalities, common parts within and across them.

    Attributes:
        encoders: As in `Optimised`; `Encoders.training` and a bank must be there.
        optimiser: As in `Optimised`.
        common: Numbers in the code of a common part, >= 1; fewer where features or clips are fewer.
        common_weight: Weight of the common parts' gaps within modalities, relative to the private ones'.
        across_weight: Weight of the common parts' gaps across modalities.
        sample_weight: Weight of the cross-entropy of clips among prototypes.
        temperature: Cosines with prototypes are divided by it.
        memory: Share of the prototypes that stays from step to step, 0 <= memory < 1.
    """

    encoders: Encoders = Encoders(bank=5, batch=128, training=Training(epochs=20, batch=64, momentum=0.9), age="last")
    optimiser: Optimiser = Adam()
    common: int = Field(64, ge=1)
    common_weight: float = Field(1.0, ge=0)
    across_weight: float = Field(1.0, ge=0)
    sample_weight: float = Field(0.1, ge=0)
    temperature: float = Field(0.1, gt=0)
    memory: float = Field(0.9, ge=0, lt=1)

    @model_validator(mode="after")
    def _has_a_bank_of_experts(self) -> Self:
        if self.encoders.training is None or self.encoders.bank is None:
            raise ValueError(
                "davdd looks through a bank of networks trained on the real clips; set encoders.training, as in {}, "
                "and encoders.bank, as in 5"
            )
        return self

    def loss(
        self, split: Split, means: Sequence[Tensor], prototypes: Tensor, own: slice, features: Sequence[Tensor]
    ) -> Tensor:
        """The four terms, a number a class.

        Args:
            split: Decouplers of sound and of picture.
            means: Real clips' mean embeddings of all classes, sound and picture, each (class, dim).
            prototypes: Codes of all classes, (class, common).
            own: The classes in question.
            features: Embeddings of their synthetic clips, sound and picture, each (class, sample, dim).

        Returns:
            (class,): of the classes in question.
        """
        sides = [(d, m[own], x, x.mean(1)) for d, m, x in zip(split, means, features, strict=True)]
        private = torch.stack([squared_gap(d.private(m), d.private(mean)) for d, m, _, mean in sides]).sum(0)
        codes = [(d.common(m), d.common(mean)) for d, m, _, mean in sides]
        within = torch.stack([squared_gap(real, synthetic) for real, synthetic in codes]).sum(0)
        (real_sound, sound), (real_picture, picture) = codes
        across = squared_gap(real_sound, picture) + squared_gap(real_picture, sound)
        loss = private + self.common_weight * within + self.across_weight * across
        confused = [confusion(d.common(x), prototypes, own, self.temperature) for d, _, x, _ in sides]
        return loss + self.sample_weight * torch.stack(confused).sum(0)

    def _comparison(
        self, real: LabelledClips, scale: Scale, seed: int, work: Work
    ) -> Callable[[int], tuple[Lens, Compare]]:
        view = sample_views(self.encoders, self.augment, real, scale, seed=seed, work=work)

        @cache
        def known(number: int) -> tuple[Split, list[Tensor], Tensor]:
            """Decouplers of a pair of the bank, and means and codes of the real clips of every class."""
            seen = view(number)
            audio, image = (torch.cat(side).float() for side in (seen.audio, seen.image))
            split = decouple(audio, image, common=self.common, draw=generator(seed, "decouple", number))
            means = [torch.stack([x.float().mean(0) for x in side]) for side in (seen.audio, seen.image)]
            codes = torch.stack([d.common(m) for d, m in zip(split, means, strict=True)]).mean(0)
            if number:
                turn = rotation_onto(codes, known(0)[2])
                split, codes = split.turned(turn), codes @ turn
            return split, means, codes

        def at(step: int) -> tuple[Lens, Compare]:
            number = self.encoders.number(step)
            split, means, _ = known(number)
            recent = [self.encoders.number(step - ago) for ago in range(min(step + 1, self.encoders.bank or 1))]
            weights = recency(step, self.memory, len(recent))
            prototypes = torch.stack([weight * known(n)[2] for weight, n in zip(weights, recent, strict=True)]).sum(0)

            def compare(own: slice, audio: Tensor, image: Tensor) -> Tensor:
                return self.loss(split, means, prototypes, own, (audio, image))

            return view(step), compare

        return at


def recency(step: int, memory: float, views: int) -> list[float]:
    """Weights of the last views in a moving average over all steps so far, the newest first.

    Views come round, so the average needs no keeping: the weights of one view's turns add up.

    Args:
        step: From 0.
        memory: What a turn weighs, relative to the one a step later.
        views: That come round, at most ``step + 1``.

    Example:
        >>> [round(w, 3) for w in recency(2, 0.5, 2)]   # 1, 1/2, 1/4: the newest has had two turns
        [0.714, 0.286]
    """
    turns = [sum(memory**ago for ago in range(first, step + 1, views)) for first in range(views)]
    return [turn / sum(turns) for turn in turns]


def confusion(codes: Tensor, prototypes: Tensor, own: slice, temperature: float) -> Tensor:
    """Cross-entropy of codes among prototypes, by cosine.

    Args:
        codes: Of the classes in question, (class, sample, common).
        prototypes: Of all classes, (all, common).
        own: Which of them are in question.
        temperature: Cosines are divided by it.

    Returns:
        (class,): means over samples.
    """
    likeness = F.normalize(codes, dim=-1) @ F.normalize(prototypes, dim=-1).T / temperature
    names = likeness.log_softmax(-1)[..., own].diagonal(dim1=0, dim2=2)
    return -names.mean(0)
