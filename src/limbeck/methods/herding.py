"""Herding: real clips whose running mean follows the class mean (`herding`).

Features are those of one randomly initialised pair of encoders, both modalities side by side. With ``mosaic > 1``
and no optimisation this is a strong baseline that the literature leaves out.

Source:   Welling, ICML 2009; used for condensation by Zhao et al., ICLR 2021.
Differs from the paper: the published audio-visual code ships index lists without the network behind them; here the
          features are defined in `methods._selection.joint_features`.
Cost:     one forward pass over the data.      Memory: one class's features.
"""

from __future__ import annotations

from typing import final

from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.methods._contract import Method, Work
from limbeck.methods._coresets import herding_order
from limbeck.methods._selection import choose_by, select
from limbeck.networks import Architecture


@final
class Herding(Method):
    """Pairs chosen greedily so that their mean stays nearest to the class mean.

    Attributes:
        network: Architecture of the random pair whose features are compared.
    """

    network: Architecture = Architecture()

    def _make(self, real: LabelledClips, seed: int, work: Work) -> DistilledSet:
        count = self.per_class * self.mosaic**2
        network = self.network.build()
        scale = self.scale(real)
        choose = choose_by(herding_order, real, count, scale=scale, network=network, seed=seed, runtime=work.runtime)
        return select(self, real, choose, seed=seed)
