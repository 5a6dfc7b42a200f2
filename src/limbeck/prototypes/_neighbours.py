"""Which recordings of the pool stand for a class, those nearest to its words; how many, and how much each counts.

Source: audio-text prototypes (INTERSPEECH 2023, https://arxiv.org/abs/2306.12300): the 35 most similar, of every class.
Differs from the paper: `exclusive` is ours.
Cost: one product of pool and text; 16,384 similarities a class are in memory at a time.
"""

import numpy as np

from limbeck.prototypes._arrays import Floats, Positions, chunks

FRACTION = 0.5
AT_MOST = 35

Best = tuple[Positions, Floats]
"""Some recordings, most similar first: rows of the pool, int64, and similarities to a class's words."""


def nearest(
    pool: Floats, text: Floats, count: int, *, exclusive: bool = False
) -> list[tuple[Positions, Floats, float]]:
    """The `count` recordings (recording, dim) most similar to each class's words (class, dim); of equals the earlier.

    For each class rows of the pool, most similar first, their similarities, and that of the first one that was left
    out; where none was, of the last taken. Similarity is the dot product. With `exclusive` a recording serves only the
    class it is most similar to, so that a class may get fewer; one that is nothing's most similar class gets its
    neighbours as if the others were not there.

    Example:
        >>> pool = np.array([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]])
        >>> [p.tolist() for p, *_ in nearest(pool, np.eye(2), 2)]
        [[0, 1], [2, 1]]
        >>> [p.tolist() for p, *_ in nearest(pool, np.eye(2), 2, exclusive=True)]
        [[0, 1], [2]]
    """
    nothing: Best = np.zeros(0, np.int64), np.zeros(0, np.float32)
    of_all, of_own = [nothing] * len(text), [nothing] * len(text)
    for part in chunks(len(pool)):
        similarity = pool[part] @ text.T
        place = np.arange(part.start, part.stop)
        for label in range(len(text)):
            of_all[label] = _best(count + 1, of_all[label], (place, similarity[:, label]))
        if exclusive:
            served = similarity.argmax(1)
            for label in np.unique(served):
                own = served == label
                of_own[label] = _best(count + 1, of_own[label], (place[own], similarity[own, label]))
    best = [own if len(own[0]) else every for own, every in zip(of_own, of_all, strict=True)]
    return [(place[:count], similarity[:count], float(similarity[-1])) for place, similarity in best]


def _best(count: int, before: Best, others: Best) -> Best:
    place, similarity = others
    if len(similarity) > count:
        lowest = np.partition(similarity, -count)[-count]
        place, similarity = place[similarity >= lowest], similarity[similarity >= lowest]
    place, similarity = np.concatenate([before[0], place]), np.concatenate([before[1], similarity])
    order = np.lexsort((place, -similarity))[:count]
    return place[order], similarity[order]


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
