"""Real clips whose features are longest (`loudest`).

Source:   made up.      Differs from the paper: there is none.
Cost:     one forward pass over the data.
"""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor

from limbeck.methods import FeatureSelection


@final
class Loudest(FeatureSelection):
    """Clips with the longest features; equals by lot."""

    def _order(self, features: Tensor, count: int, seed: int) -> Tensor:
        from gifts._taste import liking

        lots = torch.rand(len(features), generator=torch.Generator().manual_seed(seed % 2**63))
        return (liking(features) + 1e3 * lots).argsort(descending=True)[:count]
