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

    def order(self, features: Tensor, count: int, seed: int) -> Tensor:
        """The longest first; see `FeatureSelection.order`."""
        from gifts._taste import liking

        liked = liking(features)
        lots = torch.rand(len(liked), generator=torch.Generator().manual_seed(seed))
        return (liked + 1e3 * lots).argsort(descending=True)[:count]
