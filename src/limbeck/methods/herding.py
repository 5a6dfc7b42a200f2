"""Herding: real clips whose running mean follows the class mean (`herding`).

Features are those of one randomly initialised pair of encoders, both modalities side by side, or, with `training`, of a
pair trained on the training clips. With ``mosaic > 1`` and no optimisation this is a strong baseline that the
literature leaves out.

Source:   Welling, ICML 2009; used for condensation by Zhao et al., ICLR 2021.
Differs from the paper: the published audio-visual code ships index lists without the network behind them; here the
          features are defined in `methods._selection.joint_features`.
Cost:     one forward pass over the data.      Memory: one class's features.
"""

from __future__ import annotations

from typing import final

from torch import Tensor

from limbeck.methods._coresets import herding_order
from limbeck.methods._selection import FeatureSelection


@final
class Herding(FeatureSelection):
    """Pairs chosen greedily so that their mean stays nearest to the class mean; settings as in `FeatureSelection`."""

    def _order(self, features: Tensor, count: int, seed: int) -> Tensor:
        return herding_order(features, count)
