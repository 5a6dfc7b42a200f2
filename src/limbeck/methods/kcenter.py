"""Greedy k-center: real clips that leave no clip of the class far from a chosen one (`kcenter`).

Features as in `herding`.

Source:   Sener and Savarese, ICLR 2018; used for condensation by Zhao et al., ICLR 2021.
Differs from the paper: features are those of a randomly initialised pair of encoders, both modalities side by side;
          ``training={}`` takes a trained pair.
Cost:     one forward pass over the data.      Memory: one class's features.
"""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor

from limbeck.methods._choose import FeatureSelection


@final
class KCenter(FeatureSelection):
    """Clips chosen greedily so that the farthest clip of the class is near to one of them."""

    def order(self, features: Tensor, count: int, seed: int) -> Tensor:
        """See `kcenter_order`."""
        return kcenter_order(features, count)


def kcenter_order(features: Tensor, count: int) -> Tensor:
    """Greedy k-center: start nearest to the mean, then always the sample farthest from all picked ones.

    Args:
        features: (clip, dim).
        count: How many to pick, 1..clips.

    Returns:
        int64, (count,): indices in the order picked, all different.

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
