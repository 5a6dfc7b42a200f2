"""Where the cells of a row are."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

from pydantic import Field

from limbeck.errors import InputError

MOST = 64
Side = Annotated[int, Field(ge=1, le=MOST)]
Grid = tuple[Side, Side]
"""Rows and columns of cells."""
Box = tuple[slice, slice]
"""Rows and columns of pixels."""


def boxes_of(height: int, width: int, grid: Grid) -> list[Box]:
    """Rows and columns of pixels of each cell of a mosaic of `height` by `width` pixels, column by column.

    The `grid` has rows and columns of cells.

    Raises:
        InputError: There are fewer than one, or more than pixels (a cell would be empty).

    Example:
        >>> [(r.start, r.stop, c.start, c.stop) for r, c in boxes_of(5, 4, (2, 2))]
        [(0, 3, 0, 2), (3, 5, 0, 2), (0, 3, 2, 4), (3, 5, 2, 4)]
    """
    rows, columns = grid
    if not (1 <= rows <= height and 1 <= columns <= width):
        raise InputError(
            f"A mosaic has between 1 and as many rows and columns as the {height} x {width} input has pixels, but got "
            f"{rows} x {columns}."
        )
    return [(row, column) for column in _borders(width, columns) for row in _borders(height, rows)]


def _borders(length: int, cells: int) -> list[slice]:
    edges = [(2 * i * length + cells) // (2 * cells) for i in range(cells + 1)]
    return [slice(a, b) for a, b in pairwise(edges)]
