"""The space prototypes live in: standardised on the pool, and directions in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
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

    @classmethod
    def as_it_is(cls, rows: Floats) -> Self:
        """Of the same dimensions as rows (row, dim), changing nothing."""
        return cls(np.zeros(rows.shape[1], rows.dtype), np.ones(rows.shape[1], rows.dtype))

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
