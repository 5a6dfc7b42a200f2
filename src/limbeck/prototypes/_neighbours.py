"""Which recordings of the pool stand for a class, those nearest to its words; how many, and how much each counts.

Source: audio-text prototypes (INTERSPEECH 2023, https://arxiv.org/abs/2306.12300): the 35 most similar, of every class.
Differs from the paper: `exclusive` is ours.
Cost: one product of pool and text; 16,384 similarities a class are in memory at a time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from limbeck.prototypes._arrays import Floats, Positions, chunks

FRACTION = 0.5
AT_MOST = 35


@dataclass(frozen=True)
class Neighbours:
    """The neighbours of each class, most similar first: rows of the pool, int64, and similarities to the class's words.

    `cut` is the similarity of the first recording that was left out, one a class; where none was, of the last taken.
    """

    positions: list[Positions]
    similarities: list[Floats]
    cut: list[float]


def nearest(pool: Floats, text: Floats, count: int, *, exclusive: bool = False) -> Neighbours:
    """The `count` recordings (recording, dim) most similar to each class's words (class, dim); of equals the earlier.

    Similarity is the dot product. With `exclusive` a recording serves only the class it is most similar to, so that a
    class may get fewer; one that is nothing's most similar class gets its neighbours as if the others were not there.

    Example:
        >>> pool = np.array([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]])
        >>> [p.tolist() for p in nearest(pool, np.eye(2), 2).positions]
        [[0, 1], [2, 1]]
        >>> [p.tolist() for p in nearest(pool, np.eye(2), 2, exclusive=True).positions]
        [[0, 1], [2]]
    """
    classes = len(text)
    all_best = [_Best(count + 1) for _ in range(classes)]
    own_best = [_Best(count + 1) for _ in range(classes)]
    for part in chunks(len(pool)):
        similarity = pool[part] @ text.T
        place = np.arange(part.start, part.stop)
        for label in range(classes):
            all_best[label].offer(place, similarity[:, label])
        if exclusive:
            served = similarity.argmax(1)
            for label in np.unique(served):
                own = served == label
                own_best[label].offer(place[own], similarity[own, label])
    best = [mine if len(mine.place) else every for mine, every in zip(own_best, all_best, strict=True)]
    return Neighbours(
        [b.place[:count] for b in best],
        [b.similarity[:count] for b in best],
        [float(b.similarity[-1]) for b in best],
    )


class _Best:
    """The most similar so far."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.place: Positions = np.zeros(0, np.int64)
        self.similarity: Floats = np.zeros(0, np.float32)

    def offer(self, place: Positions, similarity: Floats) -> None:
        if len(similarity) > self.count:
            lowest = np.partition(similarity, -self.count)[-self.count]
            place, similarity = place[similarity >= lowest], similarity[similarity >= lowest]
        place, similarity = np.concatenate([self.place, place]), np.concatenate([self.similarity, similarity])
        order = np.lexsort((place, -similarity))[: self.count]
        self.place, self.similarity = place[order], similarity[order]


def fair_half(pool: int, classes: int) -> int:
    """Half of a class's fair share of the pool, at least 1 and at most 35.

    Were the pool divided equally, a class would have ``pool / classes`` recordings. Neighbours are taken from the
    surer half of these, since beyond the share every further one must be wrong, and near it many are; a rare class
    has the other half as its margin. A mean needs no more than 35, the number of the published method.

    Example:
        >>> fair_half(240, 10), fair_half(8000, 10), fair_half(5, 10)
        (12, 35, 1)
    """
    return max(1, min(AT_MOST, round(FRACTION * pool / classes)))


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
