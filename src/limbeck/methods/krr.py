"""Kernel ridge regression on features of random networks (`krr`).

A ridge regression is fitted on the synthetic samples' features in closed form and asked about the real clips of all
classes; its squared error is what the samples are moved to lower. Matching methods bring each class's samples near its
real clips; this one asks whether the samples, all together, tell the classes apart.

Source:   Nguyen, Chen and Lee, "Dataset Meta-Learning from Kernel Ridge-Regression" (KIP), ICLR 2021
          (https://arxiv.org/abs/2011.00050); on features of finite random networks: Loo et al., "Efficient Dataset
          Distillation using Random Feature Approximation" (RFAD), NeurIPS 2022; of networks in training: Zhou,
          Nezhadarya and Ba, "Dataset Distillation using Neural Feature Regression" (FRePo), NeurIPS 2022.
Differs from the paper: KIP has the kernel of infinitely wide networks, RFAD averages many networks in one kernel and
          scores by cross-entropy; here each step has the features of one network of a bank, as a step of FRePo has,
          but the networks stay random. Features lose the mean of the real clips' and are divided by their length. The
          ridge is 30, where KIP's is a millionth of the kernel's mean diagonal (here about 1): measured, see
          docs/methods/krr.md. Each modality has a regression of its own, unless ``joint``. Labels are not learnt. No
          published recipe joins all this, so there is no preset.
Cost:     as `dm`, all classes at once, and the solution of a system with as many unknowns as there are synthetic
          clips. Real features are kept as those of `m3d`.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, final

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor

from limbeck.augment import SiameseAugment
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.methods._contract import Method, finished
from limbeck.methods._descent import Adam, Optimiser, Steps
from limbeck.methods._encoders import EncoderDraws, EncoderSource
from limbeck.methods._ridge import class_errors, unit_rows
from limbeck.methods._run import RunContext
from limbeck.methods._start import NamedStart, Start
from limbeck.methods._steps import started, steps
from limbeck.modalities import Batch


@final
class KRR(Method):
    """Lower the error on real clips of a ridge regression fitted on the synthetic samples.

    Of `steps`, `start`, `encoders`, `augment` and `optimiser` see `Optimised`.

    Attributes:
        ridge: Penalty on the squared weights; features have length 1.
        joint: One regression on the features of all modalities side by side; otherwise the modalities never meet.
    """

    ridge: float = Field(30.0, ge=1e-3)
    joint: bool = False
    steps: Steps = 200
    start: NamedStart = Start(method="herding")
    encoders: EncoderSource = EncoderSource(bank=20, batch=64)
    augment: SiameseAugment | None = SiameseAugment()
    optimiser: Optimiser = Adam()

    needs_classes: ClassVar[str] = "it fits a regression that tells classes apart"
    coupling: ClassVar[str] = "one ridge regression has to tell all classes apart"

    def distill(self, real: LabelledClips, *, seed: int = 0, run: RunContext | None = None) -> DistilledSet:
        """Lower the error, step by step, all classes at once; see `Method.distill`."""
        run = run or RunContext()
        held = started(self, real, seed, run)
        draws = EncoderDraws(self, real, seed, run)
        for step in steps(held, self, run):
            drawn, block = draws.at(step.number), held.all()
            errors = self._errors(draws.samples(drawn), draws.features(drawn, block))
            step.descend(errors.sum(), block)
        return finished(self, real, held.tensors, seed, run, held.start)

    def _errors(self, real: Mapping[str, Sequence[Tensor]], synthetic: Batch) -> Tensor:
        """Of each class, (class,), by features of real clips, each class's (clip, dim), and of (class, sample, dim)."""
        sides = [unit_rows(real[m], x) for m, x in synthetic.items()]
        if self.joint:
            clips, samples = (F.normalize(torch.cat(rows, 1), dim=1) for rows in zip(*sides, strict=True))
            sides = [(clips, samples)]
        sizes = [len(clips) for clips in next(iter(real.values()))]
        return torch.stack([class_errors(clips, sizes, samples, self.ridge) for clips, samples in sides]).sum(0)
