"""What the choosing depends on, in a module of its own."""

from __future__ import annotations

from torch import Tensor


def liking(features: Tensor) -> Tensor:
    """How much each row of (clip, dim) is liked, (clip,)."""
    return features.square().sum(1)
