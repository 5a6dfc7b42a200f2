"""Cross-covariances of sound and picture features matched: the pairs, not the classes (`covmatch`).

Two linear projections that are trained to bring the features of each pair together and to part those of different
pairs have a best product in closed form: it is proportional to the cross-covariance of the two modalities' features. So
all that such training takes from data is that matrix. Samples are moved until theirs is that of the real clips, and the
mean of each modality's features, too. Classes play no part but in the start.

With the features x, y of a pair's modalities less their means over all clips, C = mean of x y', and per draw of the
encoders

    loss = |C_real - C_synthetic|^2 / |C_real|^2 + mean_weight * sum over modalities of |gap of means|^2 / variance

where the variance is the trace of the modality's covariance over the real clips.

Source:   "CovMatch: Cross-Covariance Guided Multimodal Dataset Distillation with Trainable Text Encoder", NeurIPS 2025
          (https://arxiv.org/abs/2510.18583): inner problem in closed form, cross-covariances and means matched.
Differs from the paper: sound takes the place of text; encoders are random (a bank of them), where the paper's are
          pretrained and tuned; both terms are divided by what the real clips have, and their weights are choices made
          here, not the paper's. There is no ``faithful`` preset.
Cost:     as `dm`, and inner products of all pairs of features. Real features are kept as those of `m3d`.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, final

import torch
from pydantic import Field
from torch import Tensor

from limbeck.augment import SiameseAugment
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.methods._contract import Method, finished
from limbeck.methods._descent import Adam, Optimiser, Steps
from limbeck.methods._encoders import EncoderDraws, EncoderSource
from limbeck.methods._losses import cross_covariance_gap, mean_gap
from limbeck.methods._run import RunContext
from limbeck.methods._start import NamedStart, Start
from limbeck.methods._steps import started, steps, two_modalities
from limbeck.modalities import Batch


@final
class CovMatch(Method):
    """Match the cross-covariance of two modalities' features, and the mean of each.

    Of `steps`, `start`, `encoders`, `augment` and `optimiser` see `Optimised`.

    Attributes:
        mean_weight: Weight of the gap of means, >= 0.
    """

    mean_weight: float = Field(1.0, ge=0)
    steps: Steps = 200
    start: NamedStart = Start(method="kmedoids")
    encoders: EncoderSource = EncoderSource(bank=20, batch=256)
    augment: SiameseAugment | None = None
    optimiser: Optimiser = Adam(lr=0.01)

    coupling: ClassVar[str] = "the covariance is that of the pairs of all classes together"

    def check(self, real: LabelledClips) -> None:
        two_modalities(real, self.name)
        super().check(real)

    def distill(self, real: LabelledClips, *, seed: int = 0, run: RunContext | None = None) -> DistilledSet:
        """Match covariances, step by step, all pairs at once; see `Method.distill`.

        Raises:
            InputError: There are not two modalities.
        """
        run = run or RunContext()
        names = two_modalities(real, self.name)
        held = started(self, real, seed, run)
        draws = EncoderDraws(self, real, seed, run)
        for step in steps(held, self, run):
            drawn, block = draws.at(step.number), held.all()
            step.descend(self._gap(names, draws.samples(drawn), draws.features(drawn, block)), block)
        return finished(self, real, held.tensors, seed, run, held.start)

    def _gap(self, names: Sequence[str], real: Mapping[str, Sequence[Tensor]], synthetic: Batch) -> Tensor:
        """The loss, (), by features of real clips, each class's (clip, dim), and of (class, sample, dim)."""
        sides = [(torch.cat([*real[m]]).to(synthetic[m]), synthetic[m].flatten(0, 1)) for m in names]
        means = torch.stack([mean_gap(*side) for side in sides]).sum()
        return cross_covariance_gap(*sides) + self.mean_weight * means
