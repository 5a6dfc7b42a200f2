"""Levels as images: their colours, and the axes of what they are levels of."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from limbeck.modalities import Modality
from limbeck.parameterisations import Box
from limbeck.report import _drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOUR_MAP = "magma"
DECIBELS = 80.0
"""What is told apart below the loudest."""

Range = tuple[float, float]


def level_range(values: Iterable[Tensor], span: float | None = DECIBELS) -> Range:
    """The range all samples of a page share, without the outermost thousandths: `span` up to the highest, or all of it.

    Example:
        >>> import torch
        >>> level_range([torch.tensor([-100.0, 12.0])]), level_range([torch.tensor([0.5, 2.0])], span=None)
        ((-65.0, 15.0), (0.5, 2.0))
    """
    every = [x.flatten().float() for x in values if x.numel()] or [torch.zeros(1)]
    high = max(float(x.kthvalue(max(1, round(x.numel() * 0.999))).values) for x in every)
    if span is not None:
        high = 5.0 * math.ceil(high / 5)
        return high - span, high
    low = min(float(x.kthvalue(max(1, round(x.numel() * 0.001))).values) for x in every)
    return low, max(high, low + 1e-6)


def palette() -> npt.NDArray[np.uint8]:
    """The 256 colours of spectrograms, uint8, (256, 3), quiet to loud."""
    _drawing.matplotlib()
    from matplotlib import colormaps

    return (colormaps[COLOUR_MAP](np.arange(256))[:, :3] * 255).round().astype(np.uint8)


def levels(values: Tensor, limits: Range, origin: Literal["upper", "lower"] = "lower") -> npt.NDArray[np.uint8]:
    """Levels (height, width) as palette numbers, uint8, top row first; the first row of a log-mel is shown below.

    Example:
        >>> import torch
        >>> levels(torch.tensor([[-80.0], [0.0]]), (-80.0, 0.0)).tolist()
        [[255], [0]]
    """
    low, high = limits
    unit = ((values.double() - low) / (high - low)).clamp(0, 1).mul(255).round()
    shown: npt.NDArray[np.uint8] = (unit.flip(0) if origin == "lower" else unit).numpy().astype(np.uint8)
    return shown


def draw(axes: Axes, values: Tensor, modality: Modality, limits: Range, cells: Sequence[Box] = ()) -> None:
    """Draw levels, (height, width), as colours, with the modality's ticks at the axes.

    Each cell of a mosaic is drawn upright, where its image stands.
    """
    lower = modality.origin == "lower"
    upright = values.flip(0) if cells and lower else values
    for rows, columns in cells:
        top = len(upright) - rows.start if lower else rows.stop
        upright[top - (rows.stop - rows.start) : top, columns] = values[rows, columns]
        axes.axhline(top - 0.5, color="white", linewidth=0.6)
        axes.axvline(columns.start - 0.5, color="white", linewidth=0.6)
    low, high = limits
    look: dict[str, Any] = {"origin": modality.origin, "aspect": "auto", "cmap": COLOUR_MAP, "interpolation": "nearest"}
    axes.imshow(upright.numpy(), vmin=low, vmax=high, **look)
    axes.spines[:].set_visible(False)
    along = modality.ticks
    if along is None:
        axes.set(xticks=[], yticks=[])
        return
    down, across = along
    axes.set_yticks(*zip(*down.at, strict=True))
    axes.set_xticks(*zip(*across.at, strict=True))
    axes.set(xlabel=across.title, ylabel=down.title)
