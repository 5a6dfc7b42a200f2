"""Directions: degrees at the surface, azimuth + to the left and elevation + up, 0 in front; unit vectors inside.

Of a vector (x, y, z), x points to the front, y to the left and z up.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def vectors(azimuth: npt.ArrayLike, elevation: npt.ArrayLike = 0.0) -> Array:
    """Unit vectors, (3, ...), of directions.

    Args:
        azimuth: Degrees, + to the left, of any shape.
        elevation: Degrees, + up, of a shape that goes with it.

    Example:
        >>> vectors(90.0, 0.0).round(6).tolist()
        [0.0, 1.0, 0.0]
    """
    around, up = np.broadcast_arrays(np.radians(azimuth), np.radians(elevation))
    return np.stack([np.cos(around) * np.cos(up), np.sin(around) * np.cos(up), np.sin(up)])


def angles(vectors: npt.NDArray[np.floating[Any]]) -> tuple[Array, Array]:
    """Azimuth in (-180, 180] and elevation in [-90, 90], in degrees, of `vectors`, (3, ...), of any length."""
    x, y, z = np.asarray(vectors, np.float64)
    return np.degrees(np.arctan2(y, x)), np.degrees(np.arctan2(z, np.hypot(x, y)))


def lateral(azimuth: npt.ArrayLike, elevation: npt.ArrayLike = 0.0) -> Array:
    """The angle to the left of the plane between the ears, in degrees in [-90, 90].

    Delays between the ears follow it, and not the azimuth, which at an elevation of 60 degrees is up to 90 degrees off.

    Args:
        azimuth: Degrees, + to the left.
        elevation: Degrees, + up.

    Example:
        >>> float(lateral(90.0, 60.0).round(6)), float(lateral(150.0).round(6))
        (30.0, 30.0)
    """
    return np.asarray(np.degrees(np.arcsin(np.clip(vectors(azimuth, elevation)[1], -1, 1))))


def great_circle(one: npt.NDArray[np.floating[Any]], other: npt.NDArray[np.floating[Any]]) -> Array:
    """The angle between directions in degrees, in [0, 180]; exact for small angles, too.

    Args:
        one: Vectors, (3, ...), of any length but 0.
        other: Vectors of a shape that goes with it.

    Returns:
        The angles, (...).

    Example:
        >>> float(great_circle(vectors(170.0), vectors(-170.0)).round(6))
        20.0
    """
    a, b = (np.asarray(v, np.float64) / np.linalg.norm(v, axis=0) for v in (one, other))
    return np.asarray(np.degrees(2 * np.arctan2(np.linalg.norm(a - b, axis=0), np.linalg.norm(a + b, axis=0))))


def sphere(count: int) -> Array:
    """Unit vectors, (3, count), spread evenly over the sphere: a Fibonacci spiral of `count` points."""
    step = np.arange(count) + 0.5
    z = 1 - 2 * step / count
    around = np.pi * (1 + 5**0.5) * step
    flat = np.sqrt(1 - z**2)
    return np.stack([flat * np.cos(around), flat * np.sin(around), z])
