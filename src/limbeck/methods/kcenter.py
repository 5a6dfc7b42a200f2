"""Greedy k-center: real clips that leave no clip of the class far from a chosen one (`kcenter`).

Features as in `herding`.

Source:   Sener and Savarese, ICLR 2018; used for condensation by Zhao et al., ICLR 2021.
Differs from the paper: features are those of a randomly initialised pair of encoders, both modalities side by side;
          ``training={}`` takes a trained pair.
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
class KCenter(Method):
    """Clips chosen greedily so that the farthest clip of the class is near to one of them.

    Of `network` and `training` see `ComparesFeatures`.
    """

    network: Architecture = Architecture()
    training: Training | None = None

    coupling: ClassVar[str] = ""

    def choose(self, real: LabelledClips, count: int, seed: int, run: RunContext) -> ByClass:
        """Clips in the order of greedy k-center; see `Selection.choose`."""
        features = features_by_class(self, real, seed, run)
        return lambda label: real.of_class(label)[kcenter_order(features(label), count)]

    def distill(self, real: LabelledClips, *, seed: int = 0, run: RunContext | None = None) -> DistilledSet:
        run = run or RunContext()
        return finished(self, real, chosen_clips(self, self, self.name, real, seed, run), seed, run)

    def passes(self, per_class: Sequence[int]) -> Passes:
        """Every clip forward once; training of the expert left out."""
        return Passes(sum(per_class), 0)


def kcenter_order(features: Tensor, count: int) -> Tensor:
    """Greedy k-center: start nearest to the mean, then always the sample farthest from all picked ones.

    From `features`, (clip, dim), to so many different indices, int64, (count,), in the order picked.

    Example:
        >>> kcenter_order(torch.tensor([[0.0], [4.0], [5.0], [9.0]]), 3)
        tensor([1, 3, 0])
    """
    order = [int((features - features.mean(0)).square().sum(1).argmin())]
    nearest = (features - features[order[0]]).square().sum(1)
    while len(order) < count:
        nearest[order] = -1  # picked ones never come again, not even among equal samples
        order.append(int(nearest.argmax()))
        nearest = torch.minimum(nearest, (features - features[order[-1]]).square().sum(1))
    return torch.tensor(order)
