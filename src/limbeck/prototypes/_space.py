"""The space prototypes live in: standardised on the pool, directions in it, and how near a sound is to a prototype."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self, cast

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.preprocessing import StandardScaler

from limbeck.prototypes._arrays import Floats, chunks


@dataclass(frozen=True)
class Standard:
    """Where zero is, (dim,), and how long one is (> 0) in every dimension. Called on rows (row, dim) it places them.

    Example:
        >>> Standard.of(np.array([[1.0, 5.0], [3.0, 5.0]]))(np.array([[3.0, 6.0]])).tolist()
        [[1.0, 1.0]]
    """

    mean: Floats
    scale: Floats

    @classmethod
    def of(cls, rows: Floats) -> Self:
        """Mean and standard deviation of rows (row, dim), summed in float64; 1 stands for a deviation of 0."""
        scaler = StandardScaler()
        for part in chunks(len(rows)):
            scaler.partial_fit(rows[part])
        return cls(scaler.mean_.astype(rows.dtype), scaler.scale_.astype(rows.dtype))

    def __call__(self, rows: Floats) -> Floats:
        return (rows - self.mean) / self.scale


def unit(rows: Floats) -> Floats:
    """Rows divided by their length; a row of zeros stays.

    Example:
        >>> unit(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist()
        [[0.6, 0.8], [0.0, 0.0]]
    """
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    directions = np.zeros_like(rows)
    np.divide(rows, length, out=directions, where=length > 0)
    return directions


@dataclass(frozen=True)
class Metric:
    """A measure of nearness, larger is nearer: of all rows and classes, (row, class), and of pairs, (row,)."""

    between: Callable[[Floats, Floats], Floats]
    paired: Callable[[Floats, Floats], Floats]


def cosine(rows: Floats, prototypes: Floats) -> Floats:
    """Cosine between every row (row, dim) and every prototype (class, dim), 0 with zeros: (row, class), in [-1, 1]."""
    return unit(rows) @ unit(prototypes).T


def euclidean(rows: Floats, prototypes: Floats) -> Floats:
    """Minus the Euclidean distance from every row (row, dim) to every prototype (class, dim): (row, class).

    Of two prototypes at the same angle the nearer to the origin wins more rows than it should: the mean of a loose
    cluster of unit vectors is short. The published method works so; `cosine` does not mind lengths.
    """
    return cast(Floats, -cdist(rows, prototypes).astype(rows.dtype))


METRICS = {
    "cosine": Metric(cosine, lambda rows, others: np.einsum("nd,nd->n", unit(rows), unit(others))),
    "euclidean": Metric(euclidean, lambda rows, others: cast(Floats, -np.linalg.norm(rows - others, axis=1))),
}
