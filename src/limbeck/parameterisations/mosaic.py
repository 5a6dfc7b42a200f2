"""Several small samples in the room of one, cut apart and enlarged again for training (`mosaic`).

A mosaic of factor f holds f x f cells. Cells are numbered column by column (for f = 2: top left, bottom left,
top right, bottom right). Modalities may be cut differently, into the same number of cells:
``mosaic:audio=1x16,image=4x4`` keeps all bands of 16 sounds and shrinks them in time alone, beside 4 x 4 pictures. Cell
k of one modality belongs to cell k of the others. Videos may be cut in time, too: ``mosaic:audio=2x4,video=2x2x2`` is
two parts of time with 2 x 2 cells each, and each cell is a whole clip in half as many frames.

Source:   the "partition and expansion" of Zhao et al., "Improved Distribution Matching for Dataset Condensation", CVPR
          2023.
Differs from the paper: any factor and any size, not only 2 and even sizes, and other grids.
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Self, cast, final

import torch
import torch.nn.functional as F
from pydantic import model_validator
from torch import Tensor

from limbeck.errors import InputError
from limbeck.modalities import Batch, Modality, each_frame
from limbeck.parameterisations._contract import (
    MOST_CELLS,
    Grid,
    Parameterisation,
    Tensors,
    boxes_of,
    cut,
    each,
    of_each,
    times_of,
    written,
)


@final
class Mosaic(Parameterisation):
    """Samples shrunk bilinearly and pasted together.

    Attributes:
        grid: Rows and columns of cells, 1 to 64 each, behind parts of time where there are three numbers: one grid for
            all modalities, or one for each, with as many cells.
    """

    grid: Grid | dict[str, Grid]

    @model_validator(mode="after")
    def _as_many(self) -> Self:
        counts = {math.prod(grid) for grid in self._grids()}
        if len(counts) != 1:
            told = " and ".join(map(str, sorted(counts)))
            raise ValueError(f"a mosaic has as many cells of every modality, but got {told}")
        return self

    @classmethod
    def from_text(cls, text: str) -> Self:
        """From ``2``, ``2x3``, ``2x2x2`` or ``audio=1x16,image=4x4``: rows and columns, behind parts of time."""
        return cls.from_json({"grid": each(text, _read)})

    def to_text(self) -> str:
        if not isinstance(self.grid, dict) and len(self.grid) == 2 and self.grid[0] == self.grid[1]:
            return str(self.grid[0])
        return written(self.grid, lambda grid: "x".join(map(str, grid)))

    @property
    def cells(self) -> int:
        return math.prod(next(iter(self._grids())))

    def grid_of(self, modality: str) -> Grid:
        return cast("Grid", of_each(self.grid, modality, self))

    def start(self, samples: Batch, modalities: Mapping[str, Modality]) -> Tensors:
        return {name: pack(x, self.grid_of(name)) for name, x in samples.items()}

    def decode(self, tensors: Mapping[str, Tensor], modalities: Mapping[str, Modality]) -> Batch:
        return {name: unpack(x, self.grid_of(name)) for name, x in tensors.items()}

    def _grids(self) -> list[Grid]:
        return list(self.grid.values()) if isinstance(self.grid, dict) else [self.grid]


def pack(x: Tensor, grid: Grid) -> Tensor:
    """Shrink samples and paste them together. Differentiable.

    From `x`, (cell * mosaic, ..., channel, height, width), cell-major, to (mosaic, ..., channel, height, width), same
    dtype and device, by a `grid` of rows and columns of cells. Shrinking is bilinear (``align_corners=False``, no
    smoothing beforehand): at factor 2 and even sizes the mean of every 2 x 2 block. Where the size is no multiple of
    the grid, cell borders are rounded: every pixel belongs to exactly one cell.

    Example:
        >>> x = torch.arange(4.0).reshape(4, 1, 1, 1).expand(4, 1, 4, 6)
        >>> pack(x, (2, 2))[0, 0, :, ::3]
        tensor([[0., 2.],
                [0., 2.],
                [1., 3.],
                [1., 3.]])
    """
    cells = math.prod(grid)
    if len(x) % cells:
        raise InputError(
            f"A mosaic of {' x '.join(map(str, grid))} cells holds {cells} samples, so their number must be a multiple "
            f"of {cells}, but got {len(x)}."
        )
    times, boxes = times_of(x, grid), boxes_of(x.shape[-2], x.shape[-1], grid)
    if cells == 1:
        return x
    if len(times) > 1:
        parts = zip(x.chunk(len(times)), times, strict=True)
        return torch.cat([pack(_retimed(part, at.stop - at.start), grid[1:]) for part, at in parts], 1)
    rows = grid[-2]
    sizes = [(down.stop - down.start, across.stop - across.start) for down, across in boxes]
    small = [_resize(part, size) for part, size in zip(x.chunk(len(boxes)), sizes, strict=True)]
    return torch.cat([torch.cat(small[i : i + rows], dim=-2) for i in range(0, len(small), rows)], dim=-1)


def unpack(x: Tensor, grid: Grid) -> Tensor:
    """Cut mosaics into their cells and enlarge each to full size, bilinearly. Differentiable.

    From `x`, (mosaic, ..., channel, height, width), to (cell * mosaic, ..., channel, height, width), cell-major, same
    dtype and device; the `grid` has rows and columns of cells.

    Example:
        >>> unpack(torch.arange(4.0).reshape(1, 1, 2, 2), (2, 2))[:, 0, 0, 0]
        tensor([0., 2., 1., 3.])
    """
    cells = cut(x, grid)
    if len(cells) == 1:
        return x
    return torch.cat([_resize(_retimed(cell, x.shape[1]), x.shape[-2:]) for cell in cells])


def _read(text: str) -> Grid:
    """``2`` is (2, 2), ``1x16`` (1, 16), ``2x4x4`` (2, 4, 4)."""
    grid = tuple(map(int, text.split("x"))) if re.fullmatch(r"\s*\d{1,2}(x\d{1,2}){0,2}\s*", text) else (0,)
    grid = grid * 2 if len(grid) == 1 else grid
    if min(grid) < 1 or max(grid) > MOST_CELLS:
        raise InputError(
            f"a mosaic is a number of cells a side, 1 to {MOST_CELLS}, as in mosaic:2, or rows and columns, as in "
            f"mosaic:2x3 or mosaic:audio=1x16,image=4x4, of videos behind parts of time, as in mosaic:video=2x2x2, but "
            f"got {text!r}"
        )
    return grid


def _retimed(x: Tensor, frames: int) -> Tensor:
    """Samples, (sample, frame, channel, height, width), with another number of frames, linearly; one frame stays."""
    if x.ndim < 5 or x.shape[1] == frames:
        return x
    flat = x.flatten(2).transpose(1, 2)
    longer = F.interpolate(flat, size=frames, mode="linear", align_corners=False).transpose(1, 2)
    return longer.reshape(len(x), frames, *x.shape[2:])


def _resize(x: Tensor, size: Sequence[int]) -> Tensor:
    return each_frame(lambda frames: F.interpolate(frames, tuple(size), mode="bilinear", align_corners=False), x)
