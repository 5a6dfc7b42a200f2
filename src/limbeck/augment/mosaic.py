"""The mosaic: several small pairs stored in the room of one, and cut apart again for training.

A mosaic of factor f holds f x f cells. Cells are numbered column by column (for f = 2: top left, bottom left,
top right, bottom right), and everywhere the cell is the slow axis of the batch: all samples of cell 0 first.

Sound and picture of a pair may be cut differently, into the same number of cells: ``"1x16,4x4"`` keeps all bands of
16 sounds and shrinks them in time alone, beside 4 x 4 pictures. Cell k of the sound belongs to cell k of the picture.

Another way to share the room of one pair is to keep the low `frequencies` of each: ``"dct16"`` for 16 of them. It is
asked for in the same place, and packs and unpacks the same way, but cannot be looked at as it is stored. There may be
fewer sounds than pictures, or the other way round: ``"dct3,12"`` keeps 3 sounds beside 12 pictures, and each sound is
heard with 4 of them. That is for data where one sound stands beside many pictures of its class.

Source: the "partition and expansion" of Zhao et al., *Improved Distribution Matching for Dataset
Condensation*, CVPR 2023. Differs from the paper: any factor and any size, not only 2 and even sizes, and other grids.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Annotated, Any, NamedTuple, Self

import torch
import torch.nn.functional as F
from pydantic import (
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_serializer,
    model_validator,
)
from pydantic_core import PydanticCustomError
from torch import Tensor

from limbeck._config import Config
from limbeck.augment import frequencies
from limbeck.errors import InputError

Box = tuple[slice, slice]
Side = Annotated[int, Field(ge=1, le=64)]
Grid = tuple[Side, Side]
"""Cells in a column and in a row: (rows, columns)."""


class Mosaic(Config):
    """How the stored pairs are cut, where sound and picture differ. As text ``"1x16,4x4"``: sound, then picture.

    Attributes:
        audio: Rows (of bands) and columns (of frames) of a log-mel.
        image: Rows and columns of a picture; as many cells in all as the sound's.

    Example:
        >>> Mosaic.model_validate("1x16,4x4")
        Mosaic(audio=(1, 16), image=(4, 4))
    """

    audio: Grid
    image: Grid

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        found = re.fullmatch(r"(\d+)x(\d+),(\d+)x(\d+)", value)
        if found is None:
            raise ValueError(f"{value!r} is no mosaic: write rows and columns of sound and picture, as in '1x16,4x4'")
        rows, columns, above, beside = map(int, found.groups())
        return {"audio": (rows, columns), "image": (above, beside)}

    @model_validator(mode="after")
    def _as_many(self) -> Self:
        counts = [rows * columns for rows, columns in (self.audio, self.image)]
        if counts[0] != counts[1]:
            raise ValueError(f"a mosaic of {counts[0]} sounds and {counts[1]} pictures; there must be as many of each")
        return self

    @model_serializer
    def __str__(self) -> str:
        return ",".join(f"{rows}x{columns}" for rows, columns in (self.audio, self.image))


class Frequencies(Config):
    """Pairs that share the room of one by their low `frequencies`. As text ``"dct16"``, or ``"dct3,12"``.

    Attributes:
        audio: How many sounds share it.
        image: How many pictures; as many, or a multiple of one another.

    Example:
        >>> Frequencies.model_validate("dct16")
        Frequencies(audio=16, image=16)
    """

    audio: int = Field(ge=1, le=1024)
    image: int = Field(ge=1, le=1024)

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        found = re.fullmatch(r"dct(\d+)(?:,(\d+))?", value)
        if found is None:
            raise ValueError(f"{value!r} does not say how many share by frequencies: write 'dct16', or 'dct3,12'")
        return {"audio": int(found[1]), "image": int(found[2] or found[1])}

    @model_validator(mode="after")
    def _a_multiple(self) -> Self:
        if max(self.audio, self.image) % min(self.audio, self.image):
            raise ValueError(f"{self.audio} sounds and {self.image} pictures: one must be a multiple of the other")
        if self.audio == self.image == 1:
            raise ValueError("one pair alone shares nothing: use a mosaic of 1")
        return self

    @model_serializer
    def __str__(self) -> str:
        return f"dct{self.audio}" if self.audio == self.image else f"dct{self.audio},{self.image}"


class Low(NamedTuple):
    """How one modality shares by frequencies: `cells` of them, each used `times` times over."""

    cells: int
    times: int


def _in_a_sentence(value: Any, packing: ValidatorFunctionWrapHandler) -> Any:
    """``"3x3"`` is 3. What is no mosaic is told in one sentence, not in one for each form it might have had."""
    square = re.fullmatch(r"(\d+)x\1", value) if isinstance(value, str) else None
    try:
        return packing(int(square[1]) if square else value)
    except ValidationError as error:
        raise PydanticCustomError(
            "mosaic",
            "a mosaic is a number of cells a side from 1 to 8, or grids as '1x16,4x4' with as many sounds as pictures, "
            "at most 64 a side, or 'dct16' for the low frequencies of 16",
        ) from error


Packing = Annotated[Annotated[int, Field(ge=1, le=8)] | Mosaic | Frequencies, WrapValidator(_in_a_sentence)]
"""Cells a side for sound and picture alike, a grid for each, or low frequencies."""

Share = Grid | Low
"""How the cells of one modality share the room."""


class Shares(NamedTuple):
    """How the cells of each modality share the room."""

    audio: Share
    image: Share


def shares(packing: Packing) -> Shares:
    """How sounds and pictures share the room.

    Args:
        packing: Any.

    Example:
        >>> shares(2)
        Shares(audio=(2, 2), image=(2, 2))
    """
    if isinstance(packing, Frequencies):
        most = count(packing)
        return Shares(*(Low(cells, most // cells) for cells in (packing.audio, packing.image)))
    if isinstance(packing, Mosaic):
        return Shares(packing.audio, packing.image)
    return Shares((packing, packing), (packing, packing))


def grids(packing: Packing) -> Mosaic:
    """Rows and columns of sound and picture, to look at what is stored.

    Args:
        packing: Any but frequencies.

    Raises:
        InputError: The pairs share by frequencies: what is stored is no picture.

    Example:
        >>> grids(2)
        Mosaic(audio=(2, 2), image=(2, 2))
    """
    if isinstance(packing, Frequencies):
        raise InputError(f"{packing} has no grid: its pairs can be looked at only apart, see `DistilledSet.apart`.")
    return packing if isinstance(packing, Mosaic) else Mosaic(audio=(packing, packing), image=(packing, packing))


def count(packing: Packing) -> int:
    """Cells of a stored pair.

    Args:
        packing: Any.

    Example:
        >>> count(3), count(Mosaic(audio=(1, 16), image=(4, 4))), count(Frequencies(audio=3, image=12))
        (9, 16, 12)
    """
    if isinstance(packing, Frequencies):
        return max(packing.audio, packing.image)
    rows, columns = packing.image if isinstance(packing, Mosaic) else (packing, packing)
    return rows * columns


def to_json(packing: Packing) -> int | str:
    """The mosaic as files carry it.

    Args:
        packing: Any.
    """
    return packing if isinstance(packing, int) else str(packing)


def from_json(value: int | str) -> Packing:
    """The mosaic from what `to_json` gave.

    Args:
        value: Cells a side, or text as ``"1x16,4x4"`` and ``"dct16"``.
    """
    if isinstance(value, int):
        return value
    return Frequencies.model_validate(value) if value.startswith("dct") else Mosaic.model_validate(value)


def words(packing: Packing) -> str:
    """A mosaic as people write it.

    Args:
        packing: Any.

    Example:
        >>> words(2), words(Mosaic(audio=(1, 16), image=(4, 4))), words(Frequencies(audio=3, image=12))
        ('2x2', '1x16,4x4', 'dct3,12')
    """
    return f"{packing}x{packing}" if isinstance(packing, int) else str(packing)


def pack(x: Tensor, factor: int | Share) -> Tensor:
    """Shrink samples and paste them together, `factor` x `factor` of them in each mosaic. Differentiable.

    Shrinking is bilinear (``align_corners=False``, no smoothing beforehand): at factor 2 and even sizes the
    mean of every 2 x 2 block.

    Args:
        x: (cell * mosaic, channel, height, width), cell-major.
        factor: Cells a side, >= 1, or (rows, columns); 1 changes nothing. Or a share by `frequencies`: of cells that
            come several times, the first are kept.

    Returns:
        (mosaic, channel, height, width), same dtype and device. Where the size is no multiple of the factor,
        cell borders are rounded: every pixel belongs to exactly one cell.

    Raises:
        InputError: The factor does not fit the number of samples or their size.

    Example:
        >>> x = torch.arange(4.0).reshape(4, 1, 1, 1).expand(4, 1, 4, 6)
        >>> pack(x, 2)[0, 0, :, ::3]
        tensor([[0., 2.],
                [0., 2.],
                [1., 3.],
                [1., 3.]])
    """
    if isinstance(factor, Low):
        return frequencies.pack(x[: len(x) // factor.times], factor.cells)
    rows, columns = _grid(factor)
    boxes = cells(x.shape[-2], x.shape[-1], factor)
    if len(x) % len(boxes):
        raise InputError(
            f"A mosaic of {rows} x {columns} cells holds {len(boxes)} samples, so their number must be a multiple of "
            f"{len(boxes)}, but {len(x)} came."
        )
    if len(boxes) == 1:
        return x
    small = [_resize(part, *_size(box)) for part, box in zip(x.chunk(len(boxes)), boxes, strict=True)]
    return torch.cat([torch.cat(small[i : i + rows], dim=-2) for i in range(0, len(small), rows)], dim=-1)


def unpack(x: Tensor, factor: int | Share) -> Tensor:
    """Cut mosaics into their cells and enlarge each to full size, bilinearly. Differentiable.

    Args:
        x: (mosaic, channel, height, width).
        factor: Cells a side, >= 1, or (rows, columns); 1 changes nothing. Or a share by `frequencies`.

    Returns:
        (cell * mosaic, channel, height, width), cell-major, same dtype and device; labels are
        ``labels.repeat(cells)``.

    Raises:
        InputError: The factor is below 1 or above the height or width.

    Example:
        >>> unpack(torch.arange(4.0).reshape(1, 1, 2, 2), 2)[:, 0, 0, 0]
        tensor([0., 2., 1., 3.])
    """
    if isinstance(factor, Low):
        return frequencies.unpack(x, factor.cells).repeat(factor.times, 1, 1, 1)
    boxes = cells(x.shape[-2], x.shape[-1], factor)
    if len(boxes) == 1:
        return x
    height, width = x.shape[-2:]
    return torch.cat([_resize(x[..., rows, columns], height, width) for rows, columns in boxes])


def cells(height: int, width: int, factor: int | Grid) -> list[Box]:
    """Rows and columns of each cell, column by column.

    Args:
        height: Of the mosaic, pixels.
        width: Of the mosaic, pixels.
        factor: Cells a side, or (rows, columns).

    Raises:
        InputError: There are fewer than one, or more than pixels (a cell would be empty).

    Example:
        >>> [(r.start, r.stop, c.start, c.stop) for r, c in cells(5, 4, 2)]
        [(0, 3, 0, 2), (3, 5, 0, 2), (0, 3, 2, 4), (3, 5, 2, 4)]
    """
    rows, columns = _grid(factor)
    if not (1 <= rows <= height and 1 <= columns <= width):
        raise InputError(
            f"A mosaic has between 1 and as many rows and columns as the {height} x {width} input has pixels, but "
            f"{rows} x {columns} came."
        )
    return [(row, column) for column in _borders(width, columns) for row in _borders(height, rows)]


def _grid(factor: int | Grid) -> Grid:
    return (factor, factor) if isinstance(factor, int) else factor


def _borders(length: int, factor: int) -> list[slice]:
    edges = [(2 * i * length + factor) // (2 * factor) for i in range(factor + 1)]
    return [slice(a, b) for a, b in pairwise(edges)]


def _size(box: Box) -> tuple[int, int]:
    rows, columns = box
    return rows.stop - rows.start, columns.stop - columns.start


def _resize(x: Tensor, height: int, width: int) -> Tensor:
    return F.interpolate(x, size=(height, width), mode="bilinear", align_corners=False)
