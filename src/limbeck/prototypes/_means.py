"""Prototypes: weighted means of a class's recordings, and the same with one of them left out."""

from __future__ import annotations

import numpy as np

from limbeck.prototypes._arrays import Floats


def weighted_mean(rows: Floats, weights: Floats) -> Floats:
    """The mean of rows (row, dim), summed in float64, by weights (row,), not negative and not all 0: (dim,)."""
    mean = np.average(rows, axis=0, weights=weights.astype(np.float64))
    return mean.astype(rows.dtype)


def left_out(rows: Floats, weights: Floats, mean: Floats, total: float) -> Floats:
    """For each row the mean of all the others: (row, dim); where there are no others, the mean itself.

    A recording is near to a mean that it is part of. Its leave-one-out score is found so without learning anew. `rows`
    may be some of those the mean is of; `total` is the sum of the weights of all.

    Example:
        >>> rows = np.array([[0.0], [1.0], [5.0]])
        >>> left_out(rows, np.ones(3), rows.mean(0), 3.0).tolist()
        [[3.0], [2.5], [0.5]]
    """
    rest = (total - weights.astype(np.float64))[:, None]
    others = np.tile(mean.astype(np.float64), (len(rows), 1))
    np.divide(mean.astype(np.float64) * total - rows * weights[:, None], rest, out=others, where=rest > 1e-9 * total)
    return others.astype(rows.dtype)
