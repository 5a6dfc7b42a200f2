"""Greedy k-center: real clips that leave no clip of the class far from a chosen one (`kcenter`).

Features as in `herding`.

Source:   Sener and Savarese, ICLR 2018; used for condensation by Zhao et al., ICLR 2021.
Differs from the paper: features are those of a randomly initialised pair of encoders, both modalities side by side;
          ``training={}`` takes a trained pair.
Cost:     one forward pass over the data.      Memory: one class's features.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.methods._choose import ByClass, features_by_class
from limbeck.methods._contract import Method
from limbeck.methods._coresets import kcenter_order
from limbeck.methods._experts import Training
from limbeck.methods._run import Passes, RunContext
from limbeck.methods._start import selected
from limbeck.networks import Architecture


@final
class KCenter(Method):
    """Clips chosen greedily so that the farthest clip of the class is near to one of them.

    Attributes:
        network: Architecture of the encoders whose features are compared.
        training: None leaves them random. Otherwise they are an expert's, trained on the training clips: a comparison
            class of its own, as the choice has then been guided by a network that learnt the task.
    """

    network: Architecture = Architecture()
    training: Training | None = None

    def passes(self, per_class: Sequence[int]) -> Passes:
        """Every clip forward once; training of the expert left out."""
        return Passes(sum(per_class), 0)

    def choose(self, real: LabelledClips, count: int, seed: int, run: RunContext) -> ByClass:
        """Clips in the order of greedy k-center; see `Selection.choose`."""
        features = features_by_class(self.network, self.training, real, self.scales(real), seed, run)
        return lambda label: real.of_class(label)[kcenter_order(features(label), count)]

    def distill(self, real: LabelledClips, *, seed: int = 0, run: RunContext | None = None) -> DistilledSet:
        """Hold the chosen clips; see `Method.distill`."""
        return selected(self, self.choose, real, seed, run or RunContext())
