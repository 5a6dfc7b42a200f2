"""Herding: real clips whose running mean follows the class mean (`herding`).

Features are those of one randomly initialised pair of encoders, both modalities side by side, or, with `training`, of a
pair trained on the training clips. In a mosaic, and without optimisation, this is a strong baseline that the
literature leaves out.

Source:   Welling, ICML 2009; used for condensation by Zhao et al., ICLR 2021.
Differs from the paper: the published audio-visual code ships index lists without the network behind them; here the
          features are defined in `methods._choose.features_by_class`.
Cost:     one forward pass over the data.      Memory: one class's features.
"""

from collections.abc import Sequence
from typing import ClassVar, final

import torch
from torch import Tensor

from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.methods._choose import ByClass, chosen_clips, features_by_class
from limbeck.methods._contract import Method, finished
from limbeck.methods._experts import Training
from limbeck.methods._run import Passes, RunContext
from limbeck.networks import Architecture


@final
class Herding(Method):
    """Clips chosen greedily so that their mean stays nearest to the class mean.

    Of `network` and `training` see `ComparesFeatures`.
    """

    network: Architecture = Architecture()
    training: Training | None = None

    coupling: ClassVar[str] = ""

    def choose(self, real: LabelledClips, count: int, seed: int, run: RunContext) -> ByClass:
        """Clips in the order of herding; see `Selection.choose`."""
        features = features_by_class(self, real, seed, run)
        return lambda label: real.of_class(label)[herding_order(features(label), count)]

    def distill(self, real: LabelledClips, *, seed: int = 0, run: RunContext | None = None) -> DistilledSet:
        run = run or RunContext()
        return finished(self, real, chosen_clips(self, self, self.name, real, seed, run), seed, run)

    def passes(self, per_class: Sequence[int]) -> Passes:
        """Every clip forward once; training of the expert left out."""
        return Passes(sum(per_class), 0)


def herding_order(features: Tensor, count: int) -> Tensor:
    """Herding: pick, one by one, the sample that brings the mean of the picked nearest to the mean of all.

    From `features`, (clip, dim), to so many different indices, int64, (count,), in the order picked.

    Example:
        >>> herding_order(torch.tensor([[0.0], [4.0], [5.0], [9.0]]), 2)
        tensor([1, 2])
    """
    mean = features.mean(0)
    free = torch.ones(len(features), dtype=torch.bool, device=features.device)
    total = torch.zeros_like(mean)
    order = []
    for k in range(count):
        distance = (features - (mean * (k + 1) - total)).square().sum(1)
        pick = int(distance.masked_fill(~free, torch.inf).argmin())
        free[pick] = False
        total += features[pick]
        order.append(pick)
    return torch.tensor(order)
