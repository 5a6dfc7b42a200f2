"""The mosaic: several small pairs stored in the room of one, and cut apart again for training.

A mosaic of factor f holds f x f cells. Cells are numbered column by column (for f = 2: top left, bottom left,
top right, bottom right), and everywhere the cell is the slow axis of the batch: all samples of cell 0 first.

Source: the "partition and expansion" of Zhao et al., *Improved Distribution Matching for Dataset
Condensation*, CVPR 2023. Differs from the paper: any factor and any size, not only 2 and even sizes.
"""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

from limbeck.errors import InputError

Box = tuple[slice, slice]


def pack(x: Tensor, factor: int) -> Tensor:
    """Shrink samples and paste them together, `factor` x `factor` of them in each mosaic. Differentiable.

    Shrinking is bilinear (``align_corners=False``, no smoothing beforehand): at factor 2 and even sizes the
    mean of every 2 x 2 block.

    Args:
        x: (factor² * mosaic, channel, height, width), cell-major.
        factor: Cells a side, >= 1; 1 changes nothing.

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
    boxes = cells(x.shape[-2], x.shape[-1], factor)
    if len(x) % len(boxes):
        raise InputError(
            f"A mosaic of factor {factor} holds {len(boxes)} samples, so their number must be a multiple of "
            f"{len(boxes)}, but {len(x)} came."
        )
    if factor == 1:
        return x
    small = [_resize(part, *_size(box)) for part, box in zip(x.chunk(len(boxes)), boxes, strict=True)]
    columns = [torch.cat(small[i : i + factor], dim=-2) for i in range(0, len(small), factor)]
    return torch.cat(columns, dim=-1)


def unpack(x: Tensor, factor: int) -> Tensor:
    """Cut mosaics into their cells and enlarge each to full size, bilinearly. Differentiable.

    Args:
        x: (mosaic, channel, height, width).
        factor: Cells a side, >= 1; 1 changes nothing.

    Returns:
        (factor² * mosaic, channel, height, width), cell-major, same dtype and device; labels are
        ``labels.repeat(factor**2)``.

    Raises:
        InputError: The factor is below 1 or above the height or width.

    Example:
        >>> unpack(torch.arange(4.0).reshape(1, 1, 2, 2), 2)[:, 0, 0, 0]
        tensor([0., 2., 1., 3.])
    """
    boxes = cells(x.shape[-2], x.shape[-1], factor)
    if factor == 1:
        return x
    height, width = x.shape[-2:]
    return torch.cat([_resize(x[..., rows, columns], height, width) for rows, columns in boxes])


def cells(height: int, width: int, factor: int) -> list[Box]:
    """Rows and columns of each cell, column by column.

    Args:
        height: Of the mosaic, pixels.
        width: Of the mosaic, pixels.
        factor: Cells a side.

    Raises:
        InputError: The factor is below 1 or above the height or width (a cell would be empty).

    Example:
        >>> [(r.start, r.stop, c.start, c.stop) for r, c in cells(5, 4, 2)]
        [(0, 3, 0, 2), (3, 5, 0, 2), (0, 3, 2, 4), (3, 5, 2, 4)]
    """
    if not 1 <= factor <= min(height, width):
        raise InputError(
            f"A mosaic factor lies between 1 and the smaller side of the {height} x {width} input, but is {factor}."
        )
    rows, columns = _borders(height, factor), _borders(width, factor)
    return [(row, column) for column in columns for row in rows]


def _borders(length: int, factor: int) -> list[slice]:
    edges = [(2 * i * length + factor) // (2 * factor) for i in range(factor + 1)]
    return [slice(a, b) for a, b in pairwise(edges)]


def _size(box: Box) -> tuple[int, int]:
    rows, columns = box
    return rows.stop - rows.start, columns.stop - columns.start


def _resize(x: Tensor, height: int, width: int) -> Tensor:
    return F.interpolate(x, size=(height, width), mode="bilinear", align_corners=False)
