"""Greedy k-center: real clips that leave no clip of the class far from a chosen one (`kcenter`).

Features as in `herding`.

Source:   Sener and Savarese, ICLR 2018; used for condensation by Zhao et al., ICLR 2021.
Differs from the paper: features are those of a randomly initialised pair of encoders, both modalities side by side;
          ``training={}`` takes a trained pair.
Cost:     one forward pass over the data.      Memory: one class's features.
"""

from __future__ import annotations

from typing import final

from torch import Tensor

from limbeck.methods._coresets import kcenter_order
from limbeck.methods._selection import FeatureSelection


@final
class KCenter(FeatureSelection):
    """Pairs chosen greedily so that the farthest clip of the class is near to one of them; see `FeatureSelection`."""

    def _order(self, features: Tensor, count: int, seed: int) -> Tensor:
        return kcenter_order(features, count)
