"""Matching what sound and picture of a pair share and what parts them, on the sphere (`mdm`).

For each pair, the sum of its two features and their difference, as directions: how it agrees and how it disagrees.
Moves a few samples per class until these directions are distributed as those of the real clips, by a kernel of the
angle. What `avdd` does with two means, which cancels (see there), this does pair by pair, which does not.

Source:   Jeong, Kwon, Kim and Yoon, "Multimodal Distribution Matching for Vision-Language Dataset Distillation", CVPR
          2026 (https://arxiv.org/abs/2605.23482): agreement and discrepancy directions, geodesic kernel.
Differs from the paper: classes, not single pairs, are matched. Encoders are random or experts as of `EncoderSource`,
          where the paper merges pairs of contrastively tuned ones; its third term, a contrast of the synthetic samples,
          is left out, since classifiers of sound and picture that never met give a cosine across modalities no meaning.
          All pairs of clips count in the discrepancy, a clip with itself too, so that it is a distance; the released
          code leaves those out. The start is not k-means, and its gradient clipping is left to Adam, so there is no
          ``faithful`` preset.
Cost:     as `dm`, and kernels of all features of a class with each other, which is little beside the encoders.
"""

from typing import ClassVar, final

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor

from limbeck.augment import SiameseAugment
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.errors import InputError
from limbeck.methods._contract import Method, finished
from limbeck.methods._descent import Adam, Optimiser, Steps
from limbeck.methods._encoders import EncoderDraws, EncoderSource
from limbeck.methods._losses import geodesic_kernel, kernel_discrepancy, root
from limbeck.methods._run import RunContext
from limbeck.methods._start import NamedStart, Start
from limbeck.methods._steps import started, steps, two_modalities


@final
class MDM(Method):
    """Match directions of agreement and of discrepancy.

    Of `steps`, `start`, `encoders`, `augment` and `optimiser` see `Optimised`.

    Attributes:
        agreement_weight: Weight of the sums' directions, >= 0.
        discrepancy_weight: Weight of the differences' directions, >= 0.
        width: Of the kernel, radian, > 0.
    """

    agreement_weight: float = Field(0.8, ge=0)
    discrepancy_weight: float = Field(0.8, ge=0)
    width: float = Field(0.5, gt=0)
    steps: Steps = 200
    start: NamedStart = Start(method="herding")
    encoders: EncoderSource = EncoderSource(bank=20, batch=128)
    augment: SiameseAugment | None = SiameseAugment()
    optimiser: Optimiser = Adam()

    coupling: ClassVar[str] = ""

    def check(self, real: LabelledClips) -> None:
        two_modalities(real, self.name)
        super().check(real)

    def distill(self, real: LabelledClips, *, seed: int = 0, run: RunContext | None = None) -> DistilledSet:
        """Match directions, step by step; see `Method.distill`.

        Raises:
            InputError: There are not two modalities, or their features differ in length.
        """
        run = run or RunContext()
        one, other = two_modalities(real, self.name)
        held = started(self, real, seed, run)
        draws = EncoderDraws(self, real, seed, run)
        for step in steps(held, self, run):
            drawn = draws.at(step.number)
            real_samples = draws.samples(drawn)
            for block in held.blocks():
                synthetic = draws.features(drawn, block)
                sides = [zip(real_samples[m][block.classes], synthetic[m], strict=True) for m in (one, other)]
                step.descend(torch.stack([self._gap(*pair) for pair in zip(*sides, strict=True)]).sum(), block)
        return finished(self, real, held.tensors, seed, run, held.start)

    def _gap(self, one: tuple[Tensor, Tensor], other: tuple[Tensor, Tensor]) -> Tensor:
        """Weighted discrepancies, not squared, (), of a class's real and synthetic features in both modalities."""
        a, v = (F.normalize(torch.cat([real.to(x), x]), dim=1) for real, x in (one, other))
        if a.shape[1] != v.shape[1]:
            raise InputError(
                f"mdm adds the features of two modalities, so both must be of one length, but they have {a.shape[1]} "
                f"and {v.shape[1]} numbers. Use a network whose encoders agree, as convnet."
            )
        agreement, discrepancy = (
            root(kernel_discrepancy(geodesic_kernel(F.normalize(x, dim=1), self.width), len(one[0])))
            for x in (a + v, a - v)
        )
        return self.agreement_weight * agreement + self.discrepancy_weight * discrepancy
