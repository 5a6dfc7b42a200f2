"""Directions between known ones: weights of the three that span the triangle a direction lies in."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Hull:
    """Triangles on the sphere between points.

    Attributes:
        corners: Numbers of the points, (triangle, 3).
        inverses: Of the matrices of their vectors, (triangle, 3, 3).
        count: Number of points.
    """

    corners: npt.NDArray[np.intp]
    inverses: Array
    count: int

    @classmethod
    def of(cls, points: Array) -> Self:
        """The hull of unit vectors, (3, point), which must be all around."""
        from scipy.spatial import ConvexHull

        corners = ConvexHull(points.T).simplices
        matrices = points.T[corners].transpose(0, 2, 1)
        # Points of a flat face may make a triangle that holds nothing.
        whole = np.abs(np.linalg.det(matrices)) > 1e-9
        return cls(corners[whole], np.linalg.inv(matrices[whole]), points.shape[1])

    def weights(self, vectors: Array) -> tuple[npt.NDArray[np.intp], Array]:
        """The three points, (3, n), whose vectors add up to unit `vectors`, (3, n), and their weights, (3, n), >= 0."""
        corners, weights = np.empty(vectors.shape, np.intp), np.empty(vectors.shape)
        for first in range(0, vectors.shape[1], 256):
            part = slice(first, first + 256)
            inside = np.einsum("tij,jn->tin", self.inverses, vectors[:, part])
            best = inside.min(axis=1).argmax(axis=0)
            corners[:, part] = self.corners[best].T
            weights[:, part] = np.maximum(inside[best, :, np.arange(len(best))].T, 0)
        return corners, weights
