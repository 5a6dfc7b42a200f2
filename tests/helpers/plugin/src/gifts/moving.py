"""Class means, matched without haste (`gentle`).

Source:   made up.      Differs from the paper: there is none.
Cost:     as `dm`.
"""

from __future__ import annotations

from typing import final

import torch

from limbeck.augment import SiameseAugment
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.methods import (
    Adam,
    EncoderDraws,
    EncoderSource,
    Method,
    NamedStart,
    Optimiser,
    RunContext,
    Start,
    Steps,
    finished,
    started,
    steps,
)


@final
class Gentle(Method):
    """Match the class means of each modality by their absolute differences.

    Of `steps`, `start`, `encoders`, `augment` and `optimiser` see `limbeck.methods.Optimised`.
    """

    steps: Steps = 60
    start: NamedStart = Start(method="herding")
    encoders: EncoderSource = EncoderSource(bank=20, batch=None)
    augment: SiameseAugment | None = None
    optimiser: Optimiser = Adam()

    def distill(self, real: LabelledClips, *, seed: int = 0, run: RunContext | None = None) -> DistilledSet:
        """Match means, step by step; see `Method.distill`."""
        run = run or RunContext()
        held = started(self, real, seed, run)
        draws = EncoderDraws(self, real, seed, run)
        for step in steps(held, self, run):
            drawn = draws.at(step.number)
            real_means = draws.means(drawn)
            for block in held.blocks():
                synthetic = draws.features(drawn, block)
                gaps = [(real_means[m][block.classes] - x.mean(1)).abs().sum() for m, x in synthetic.items()]
                step.descend(torch.stack(gaps).sum(), block)
        return finished(self, real, held.tensors, seed, run, held.start)
