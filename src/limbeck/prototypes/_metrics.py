"""How near a sound is to a prototype: two measures, each for all pairs and for row against row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
from scipy.spatial.distance import cdist

from limbeck.prototypes._arrays import Floats
from limbeck.prototypes._space import unit


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


def _paired_cosine(rows: Floats, prototypes: Floats) -> Floats:
    return cast(Floats, np.einsum("nd,nd->n", unit(rows), unit(prototypes)))


def _paired_euclidean(rows: Floats, prototypes: Floats) -> Floats:
    return cast(Floats, -np.linalg.norm(rows - prototypes, axis=1))


METRICS = {"cosine": Metric(cosine, _paired_cosine), "euclidean": Metric(euclidean, _paired_euclidean)}
