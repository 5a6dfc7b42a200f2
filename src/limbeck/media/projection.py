"""How a picture shows the world: which direction is at which place of it.

Directions are unit vectors (x, y, z): x to the front, y to the left, z up.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from limbeck.errors import InputError

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Picture:
    """How directions are in a picture.

    Attributes:
        width: Degrees of the world from its left to its right edge, below 180; None for a picture of all around
            (equirectangular).
    """

    width: float | None = None

    def __post_init__(self) -> None:
        """Refuse what no picture shows."""
        if self.width is not None and not 1 <= self.width < 180:
            raise InputError(
                f"A flat picture shows between 1 and 180 degrees, but {self.width:g} were given; one of all around is "
                "no flat picture."
            )

    def vectors(self, rows: Array, columns: Array, shape: float) -> Array:
        """Unit vectors, (3, ...), of places.

        Args:
            rows: From 0 at the top to 1 at the bottom.
            columns: From 0 at the left to 1 at the right.
            shape: Height of the picture by its width.
        """
        if self.width is None:
            around, up = (0.5 - columns) * 2 * np.pi, (0.5 - rows) * np.pi
            return np.stack([np.cos(around) * np.cos(up), np.sin(around) * np.cos(up), np.sin(up)])
        half = np.tan(np.radians(self.width / 2))
        left, up = (0.5 - columns) * 2 * half, (0.5 - rows) * 2 * half * shape
        seen = np.stack([np.ones_like(left), left, up])
        return np.asarray(seen / np.linalg.norm(seen, axis=0))
