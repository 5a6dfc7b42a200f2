"""How labels depend on the number of neighbours: on the pool, and with labelled sounds as accuracy."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone

from limbeck.errors import InputError
from limbeck.prototypes.classifier import PrototypeClassifier

COUNTS = (1, 2, 3, 5, 8, 12, 16, 24, 35)


@dataclass(frozen=True)
class AtCount:
    """What a number of neighbours leads to.

    Attributes:
        neighbours: Of a class.
        steady: Fraction of the pool that gets the label it gets with the classifier's own number.
        words: Fraction of the pool on which prototypes, of recordings they are not part of, agree with the words.
        accuracy: Of labelled sounds that were given for that; None without. No number should be chosen by it.
    """

    neighbours: int
    steady: float
    words: float
    accuracy: float | None


def sensitivity(
    classifier: PrototypeClassifier,
    pool: ArrayLike,
    text: ArrayLike,
    labels: Sequence[str],
    *,
    features: ArrayLike | None = None,
    counts: Iterable[int] = COUNTS,
    test: tuple[ArrayLike, ArrayLike] | None = None,
) -> list[AtCount]:
    """Learn with several numbers of neighbours and with the classifier's own, and compare: one for each, ascending.

    The `classifier` stays as it is; its other parameters are kept. It learns from `pool`, `text`, `labels` and
    `features`, which are those of `PrototypeClassifier.fit_from_text`. Of the `counts` those above the pool's size are
    left out; `test` is of vectors in the prototypes' space, (row, dim), and their labels, (row,).

    Raises:
        InputError: As `PrototypeClassifier.fit_from_text` does, or a number is below 1.

    Example:
        >>> pool = np.array([[1.0, 0.1], [0.9, 0.0], [0.1, 1.0], [0.0, 0.9]])
        >>> found = sensitivity(PrototypeClassifier(), pool, np.eye(2), ["bark", "rain"], counts=[1, 2])
        >>> [(at.neighbours, at.steady) for at in found]
        [(1, 1.0), (2, 1.0)]
    """
    requested = list(counts)
    if any(count < 1 for count in requested):
        raise InputError(f"Numbers of neighbours begin at 1; got {requested}.")
    rows = np.asarray(pool if features is None else features)
    own = clone(classifier).fit_from_text(pool, text, labels, features=features)
    predicted = own.similarities(rows).argmax(axis=1)
    found = []
    for count in sorted({own.neighbours_count_, *(count for count in requested if count <= len(rows))}):
        other = clone(classifier).set_params(neighbours=count).fit_from_text(pool, text, labels, features=features)
        steady = float((other.similarities(rows).argmax(axis=1) == predicted).mean())
        accuracy = None if test is None else float(other.score(*test))
        found.append(AtCount(count, steady, other.agreement_, accuracy))
    return found
