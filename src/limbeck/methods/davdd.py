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

from collections.abc import Mapping
from functools import cache
from typing import ClassVar, NamedTuple, Self, final

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor

from limbeck._runtime import generator
from limbeck.augment import SiameseAugment
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.methods._contract import Method, finished
from limbeck.methods._decouple import Decoupler, decouple, rotation_onto
from limbeck.methods._descent import Adam, Optimiser, Steps
from limbeck.methods._encoders import EncoderDraws, EncoderSource
from limbeck.methods._experts import Training
from limbeck.methods._losses import squared_gap
from limbeck.methods._run import RunContext
from limbeck.methods._start import NamedStart, Start
from limbeck.methods._steps import started, steps, two_modalities
from limbeck.modalities import Batch


class Known(NamedTuple):
    """What is known of the real clips through a draw of the bank.

    Attributes:
        split: Decouplers, by modality.
        means: Mean features of each class, (class, dim), by modality.
        codes: Mean codes of each class, (class, common).
    """

    split: Mapping[str, Decoupler]
    means: Batch
    codes: Tensor


@final
class DAVDD(Method):
    """Match private parts within modalities, common parts within and across them.

    Of `steps`, `start`, `encoders`, `augment` and `optimiser` see `Optimised`.

    Attributes:
        common: Numbers in the code of a common part, >= 1; fewer where features or clips are fewer.
        common_weight: Weight of the common parts' gaps within modalities, relative to the private ones'.
        across_weight: Weight of the common parts' gaps across modalities.
        sample_weight: Weight of the cross-entropy of samples among prototypes.
        temperature: Cosines with prototypes are divided by it.
        memory: Fraction of the prototypes that stays from step to step, 0 <= memory < 1.
        encoders: Where encoders come from; `EncoderSource.training` and a bank must be there.
    """

    common: int = Field(64, ge=1)
    common_weight: float = Field(1.0, ge=0)
    across_weight: float = Field(1.0, ge=0)
    sample_weight: float = Field(0.1, ge=0)
    temperature: float = Field(0.1, gt=0)
    memory: float = Field(0.9, ge=0, lt=1)
    steps: Steps = 200
    start: NamedStart = Start(method="herding")
    encoders: EncoderSource = EncoderSource(
        bank=5, batch=128, training=Training(epochs=20, batch=64, momentum=0.9), age="last"
    )
    augment: SiameseAugment | None = SiameseAugment()
    optimiser: Optimiser = Adam()

    coupling: ClassVar[str] = ""

    @model_validator(mode="after")
    def _has_a_bank_of_experts(self) -> Self:
        if self.encoders.training is None or self.encoders.bank is None:
            raise ValueError(
                "davdd looks through a bank of networks trained on the real clips; set encoders.training, as in {}, "
                "and encoders.bank, as in 5"
            )
        return self

    def check(self, real: LabelledClips) -> None:
        two_modalities(real, self.name)
        super().check(real)

    def distill(self, real: LabelledClips, *, seed: int = 0, run: RunContext | None = None) -> DistilledSet:
        """Match both parts, step by step; see `Method.distill`.

        Raises:
            InputError: There are not two modalities.
        """
        run = run or RunContext()
        one, other = two_modalities(real, self.name)
        held = started(self, real, seed, run)
        draws = EncoderDraws(self, real.whole, seed, run)  # decouplers and prototypes are those of all classes
        bank = self.encoders.bank or 1

        @cache
        def known(number: int) -> Known:
            samples = draws.samples(draws.at(number))
            rows = {m: torch.cat(parts).float() for m, parts in samples.items()}
            draw = generator(seed, "decouple", number)
            decouplers = decouple(rows[one], rows[other], common=self.common, draw=draw)
            split = dict(zip((one, other), decouplers, strict=True))
            means = {m: torch.stack([x.float().mean(0) for x in samples[m]]) for m in split}
            codes = torch.stack([decoupler.common(means[m]) for m, decoupler in split.items()]).mean(0)
            if number:  # onto the codes of the first draw: prototypes could not be shared otherwise
                turn = rotation_onto(codes, known(0).codes)
                split, codes = {m: decoupler.turned(turn) for m, decoupler in split.items()}, codes @ turn
            return Known(split, means, codes)

        for step in steps(held, self, run):
            drawn = draws.at(step.number)
            recent = [self.encoders.number(step.number - ago) for ago in range(min(step.number + 1, bank))]
            weights = recency(step.number, self.memory, len(recent))
            prototypes = torch.stack([w * known(n).codes for w, n in zip(weights, recent, strict=True)]).sum(0)
            for block in held.blocks():
                synthetic = draws.features(drawn, block)
                own = real.places[block.classes]
                step.descend(self._loss(known(drawn.number), prototypes, own, synthetic).sum(), block)
        return finished(self, real, held.tensors, seed, run, held.start)

    def _loss(self, known: Known, prototypes: Tensor, own: Tensor, features: Batch) -> Tensor:
        """The four terms, (class,), by prototypes of all classes and features of the `own` ones' samples."""
        sides = [(d, known.means[m][own], features[m], features[m].mean(1)) for m, d in known.split.items()]
        private = torch.stack([squared_gap(d.private(m), d.private(mean)) for d, m, _, mean in sides]).sum(0)
        codes = [(d.common(m), d.common(mean)) for d, m, _, mean in sides]
        within = torch.stack([squared_gap(real, synthetic) for real, synthetic in codes]).sum(0)
        (real_one, one), (real_other, other) = codes
        across = squared_gap(real_one, other) + squared_gap(real_other, one)
        loss = private + self.common_weight * within + self.across_weight * across
        confused = [confusion(d.common(x), prototypes, own, self.temperature) for d, _, x, _ in sides]
        return loss + self.sample_weight * torch.stack(confused).sum(0)


def recency(step: int, memory: float, views: int) -> list[float]:
    """Weights of the last views in a moving average over all steps so far, the newest first.

    Views come round, so the average needs no keeping: the weights of one view's turns add up. A turn weighs `memory`
    times as much as the one a step later; of views there are at most ``step + 1``, steps counted from 0.

    Example:
        >>> [round(w, 3) for w in recency(2, 0.5, 2)]   # 1, 1/2, 1/4: the newest has had two turns
        [0.714, 0.286]
    """
    turns = [sum(memory**ago for ago in range(first, step + 1, views)) for first in range(views)]
    return [turn / sum(turns) for turn in turns]


def confusion(codes: Tensor, prototypes: Tensor, own: Tensor, temperature: float) -> Tensor:
    """Cross-entropy of codes, (class, sample, common), among all prototypes, (all, common), by cosine: means, (class,).

    The codes are of the `own` classes, int64, (class,); cosines are divided by the temperature.
    """
    likeness = F.normalize(codes, dim=-1) @ F.normalize(prototypes, dim=-1).T / temperature
    names = likeness.log_softmax(-1)[..., own].diagonal(dim1=0, dim2=2)
    return -names.mean(0)
