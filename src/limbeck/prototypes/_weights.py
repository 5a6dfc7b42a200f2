"""How much each neighbour counts in the mean of its class."""

from __future__ import annotations

import numpy as np

from limbeck.prototypes._arrays import Floats


def uniform(similarities: Floats, cut: float) -> Floats:
    """All alike: 1 each, (neighbour,)."""
    return np.ones_like(similarities)


def above_cut(similarities: Floats, cut: float) -> Floats:
    """By how far a neighbour is above the first recording left out; the largest is 1, (neighbour,).

    A recording at the edge counts next to nothing, so that one neighbour more or less changes little.

    Example:
        >>> above_cut(np.array([0.9, 0.7, 0.5]), 0.5).round(2).tolist()
        [1.0, 0.5, 0.0]
    """
    above = np.maximum(similarities - similarities.dtype.type(cut), 0)
    top = above.max()
    return above / top if top > 0 else np.ones_like(above)


WEIGHTS = {"uniform": uniform, "similarity": above_cut}
