"""Prototypes as weighted means, and scores of the pool's own recordings with each, or its class, left out."""

from collections.abc import Sequence

import numpy as np

from limbeck.prototypes._arrays import Floats, Positions, chunks
from limbeck.prototypes._space import Metric, Standard

_LIKES = 6
"""One in so many of a class's neighbours is left out as too like the recording that is scored."""
_ROWS_AT_A_TIME = 2048


def weighted_mean(rows: Floats, weights: Floats) -> Floats:
    """The mean of rows (row, dim), summed in float64, by weights (row,), not negative and not all 0: (dim,)."""
    return np.average(rows, axis=0, weights=weights.astype(np.float64)).astype(rows.dtype)


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


def leave_one_out_scores(
    pool: Floats,
    sample: Positions,
    neighbours: Sequence[Positions],
    weights: Sequence[Floats],
    standard: Standard,
    metric: Metric,
) -> Floats:
    """Similarity of recordings to prototypes, (recording, class), none by a prototype that it is part of.

    `sample` has the rows of the pool (not standardised) to score, ascending. A class without neighbours has the pool's
    mean for its prototype.
    """
    means = [weighted_mean(pool[n], w) if len(n) else standard.mean for n, w in zip(neighbours, weights, strict=True)]
    scores = metric.between(standard(pool[sample]), standard(np.stack(means)))
    for label, (own, weight) in enumerate(zip(neighbours, weights, strict=True)):
        kept = np.isin(own, sample)
        rows = pool[own[kept]]
        others = left_out(rows, weight[kept], means[label], float(weight.sum()))
        scores[np.searchsorted(sample, own[kept]), label] = metric.paired(standard(rows), standard(others))
    return scores


def nearest_without_likes(
    pool: Floats,
    sample: Positions,
    neighbours: Sequence[Positions],
    weights: Sequence[Floats],
    standard: Standard,
    metric: Metric,
) -> Floats:
    """Similarity of recordings to the nearest prototype, learned without them and without what is most like them.

    Of recordings in a pool several often come from one place or one take, and stand for the same word; a new sound has
    no such relatives. So a sixth of each class's neighbours, those most like the recording, is left out beside itself.
    The result is (recording,), for the rows of the pool that `sample` names; a class without neighbours is none's.
    """
    nearest = np.full(len(sample), -np.inf, pool.dtype)
    scored = standard(pool[sample])
    for own, weight in zip(neighbours, weights, strict=True):
        if not len(own):
            continue
        of_class = standard(pool[own])
        likes = max(1, round(len(own) / _LIKES))
        for part in chunks(len(sample), _ROWS_AT_A_TIME):
            rows = scored[part]
            itself = sample[part, None] == own
            likeness = np.where(itself, np.inf, metric.between(rows, of_class))
            rank = np.argsort(np.argsort(-likeness, axis=1, kind="stable"), axis=1, kind="stable")
            left = np.minimum(likes + itself.any(axis=1), len(own) - 1)
            counts = np.where(rank >= left[:, None], weight, 0).astype(np.float64)
            # Where all that is left has no weight, the least like one stands for the class.
            counts[counts.sum(axis=1) == 0] += rank[counts.sum(axis=1) == 0] == len(own) - 1
            means = (counts @ of_class / counts.sum(axis=1, keepdims=True)).astype(pool.dtype)
            nearest[part] = np.maximum(nearest[part], metric.paired(rows, means))
    return nearest


def out_of_vocabulary_scores(
    rows: Floats, prototypes: Floats, predicted: Positions, metric: Metric, *, centred: bool
) -> Floats:
    """Similarity of recordings to the nearest of the other classes, as if their own were not listed: (recording,).

    It is minus infinity where there are no others. `rows` (recording, dim) and `prototypes` are in one space.

    In a space that is centred on the pool, classes lie on different sides of the centre, and taking one away moves it:
    recordings of the class are compared from the mean of all others.
    """
    scores = np.full(len(rows), -np.inf, rows.dtype)
    if len(prototypes) == 1:
        return scores
    total = rows.sum(axis=0, dtype=np.float64)
    for label in np.unique(predicted):
        own = predicted == label
        rest = len(rows) - int(own.sum())
        away = (total - rows[own].sum(axis=0)) / rest if centred and rest else np.zeros_like(total)
        centre = away.astype(rows.dtype)
        others = np.delete(prototypes, label, axis=0)
        scores[own] = metric.between(rows[own] - centre, others - centre).max(axis=1)
    return scores
