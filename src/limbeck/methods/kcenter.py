"""Greedy k-center: real clips that leave no clip of the class far from a chosen one (`kcenter`).

Features as in `herding`.

Source:   Sener and Savarese, ICLR 2018; used for condensation by Zhao et al., ICLR 2021.
Differs from the paper: features are those of a randomly initialised pair of encoders, both modalities side by side.
Cost:     one forward pass over the data.      Memory: one class's features.
"""

from __future__ import annotations

from typing import final

from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.methods._contract import Method, Work
from limbeck.methods._coresets import kcenter_order
from limbeck.methods._selection import choose_by, select
from limbeck.networks import Architecture


@final
class KCenter(Method):
    """Pairs chosen greedily so that the farthest clip of the class is near to one of them.

    Attributes:
        network: Architecture of the random pair whose features are compared.
    """

    network: Architecture = Architecture()

    def _make(self, real: LabelledClips, seed: int, work: Work) -> DistilledSet:
        count = self.per_class * self.mosaic**2
        network = self.network.build()
        scale = self.scale(real)
        choose = choose_by(kcenter_order, real, count, scale=scale, network=network, seed=seed, runtime=work.runtime)
        return select(self, real, choose, seed=seed)
