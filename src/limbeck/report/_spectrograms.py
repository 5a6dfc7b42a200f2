"""Log-mels as images: the colours of their levels, and axes in hertz and seconds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from limbeck.media import MelRecipe
from limbeck.report import _drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOUR_MAP = "magma"
DYNAMIC_RANGE_DB = 80.0
_HERTZ = (125, 250, 500, 1000, 2000, 4000, 8000, 16000)

Range = tuple[float, float]
Box = tuple[slice, slice]


def decibel_range(log_mels: Iterable[Tensor]) -> Range:
    """The dB range all spectrograms of a page share: from 80 dB below the loudest thousandth up to it.

    Example:
        >>> import torch
        >>> decibel_range([torch.tensor([-100.0, 12.0])])
        (-65.0, 15.0)
    """
    tops = [float(x.flatten().float().kthvalue(max(1, round(x.numel() * 0.999))).values) for x in log_mels if x.numel()]
    high = 5.0 * math.ceil(max(tops, default=0.0) / 5)
    return high - DYNAMIC_RANGE_DB, high


def palette() -> npt.NDArray[np.uint8]:
    """The 256 colours of spectrograms, uint8, (256, 3), quiet to loud."""
    _drawing.matplotlib()
    from matplotlib import colormaps

    return (colormaps[COLOUR_MAP](np.arange(256))[:, :3] * 255).round().astype(np.uint8)


def levels(log_mel: Tensor, limits: Range) -> npt.NDArray[np.uint8]:
    """A log-mel (mel, frame) in dB as palette numbers, uint8, top row first, with the lowest band at the bottom.

    Example:
        >>> import torch
        >>> levels(torch.tensor([[-80.0], [0.0]]), (-80.0, 0.0)).tolist()
        [[255], [0]]
    """
    low, high = limits
    unit = ((log_mel.double() - low) / (high - low)).clamp(0, 1)
    return unit.mul(255).round().flip(0).numpy().astype(np.uint8)


def draw(axes: Axes, log_mel: Tensor, recipe: MelRecipe, limits: Range, cells: Sequence[Box] = ()) -> None:
    """Draw a log-mel, (mel, frame), lowest band at the bottom, with axes in hertz and seconds.

    Each cell of a mosaic is drawn upright, where its image stands.
    """
    upright = log_mel.flip(0) if cells else log_mel
    for bands, frames in cells:
        top = len(upright) - bands.start
        upright[len(upright) - bands.stop : top, frames] = log_mel[bands, frames]
        axes.axhline(top - 0.5, color="white", linewidth=0.6)
        axes.axvline(frames.start - 0.5, color="white", linewidth=0.6)
    low, high = limits
    look: dict[str, Any] = {"origin": "lower", "aspect": "auto", "cmap": COLOUR_MAP, "interpolation": "nearest"}
    axes.imshow(upright.numpy(), vmin=low, vmax=high, **look)
    axes.spines[:].set_visible(False)
    shown = [(f, at) for f in _HERTZ if f < recipe.sample_rate_hz / 2 and (at := _band_of(f, recipe)) >= 0]
    axes.set_yticks([at for _, at in shown], [f"{f // 1000} k" if f >= 1000 else str(f) for f, _ in shown])
    last = log_mel.shape[-1] - 1
    marks = [last * i / 4 for i in range(5)]
    axes.set_xticks(marks, [f"{m * recipe.hop_samples / recipe.sample_rate_hz:.2g}" for m in marks])
    axes.set_xlabel("time (s)")
    axes.set_ylabel("frequency (Hz)")


def _band_of(hertz: float, recipe: MelRecipe) -> float:
    """Position of a frequency among the bands' centres, HTK mel scale."""
    position = math.log10(1 + hertz / 700) / math.log10(1 + recipe.sample_rate_hz / 2 / 700)
    return position * (recipe.mels + 1) - 1
