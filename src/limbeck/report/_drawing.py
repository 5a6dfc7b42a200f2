"""How figures and levels look and are written: matplotlib objects that belong to nobody, no window, no global state.

Names that come from data (classes, methods) are drawn as plain text, never as mathematics or mark-up.
"""

from __future__ import annotations

import contextlib
import io
import math
import re
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
from torch import Tensor, zeros

from limbeck import _files
from limbeck.errors import package
from limbeck.modalities import Modality
from limbeck.parameterisations import Box

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Range = tuple[float, float]
INK = "#1f2328"
BLUE, ORANGE, GREEN = "#3b6fd4", "#c2571a", "#2f8f5b"
COLOURS = (BLUE, ORANGE, GREEN, "#8a56c2", "#b0394f", "#7a7a2a", "#4a5560", "#1d8a99", "#a05a2c")
COLOUR_MAP = "magma"
DECIBELS = 80.0
"""What is told apart below the loudest."""
_SVG: dict[str, Any] = {"format": "svg", "metadata": dict.fromkeys(("Date", "Creator", "Format", "Type"))}


def quiet(width: float, height: float) -> Figure:
    """An empty figure, in inches, whose axes are quiet: grey ink, no box."""
    package("report", "matplotlib")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    class Quiet(Figure):
        def add_subplot(self, *args: Any, **options: Any) -> Any:
            axes = super().add_subplot(*args, **options)
            axes.set_facecolor("none")
            axes.spines[:].set_color(INK)
            axes.spines[["top", "right"]].set_visible(False)
            axes.tick_params(colors=INK, labelsize=8.5)
            for label in (axes.xaxis.label, axes.yaxis.label):
                label.set_color(INK)
                label.set_size(9.5)
            return axes

    figure = Quiet(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def legend(axes: Axes, *, above: bool = False, **options: Any) -> None:
    """A legend without a frame, if asked above the axes; names in it are plain text."""
    place: dict[str, Any] = {"loc": "lower center", "bbox_to_anchor": (0.5, 1.0)} if above else {}
    for text in axes.legend(frameon=False, fontsize=8, labelcolor=INK, **place, **options).get_texts():
        text.set_parse_math(False)


def bar(figure: Figure, axes: Any, label: str, size: int = 8, **options: Any) -> None:
    """A colour bar without a frame, of what was drawn last into these axes or the last of them."""
    last = axes[-1] if isinstance(axes, list) else axes
    drawn = figure.colorbar(last.images[-1], ax=axes, **options)
    drawn.set_label(label, fontsize=size, color=INK)
    drawn.ax.tick_params(labelsize=size, colors=INK)
    drawn.outline.set_visible(False)
    drawn.ax.set_facecolor("none")


def rows(axes: Axes, names: list[str], *, above: float = 0.5) -> None:
    """Lines of a table down the vertical axis, the first on top."""
    axes.set_yticks(range(len(names)), names, parse_math=False)
    axes.set_ylim(len(names) - 0.5, -above)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", alpha=0.15, color=INK)


def level_range(values: Tensor, span: float | None = DECIBELS) -> Range:
    """The range all samples of a page share, `values` without their outermost thousandths.

    It reaches `span` down from the highest, or over all of them.

    Example:
        >>> import torch
        >>> level_range(torch.tensor([-100.0, 12.0])), level_range(torch.tensor([0.5, 2.0]), span=None)
        ((-65.0, 15.0), (0.5, 2.0))
    """
    every = values.flatten().float() if values.numel() else zeros(1)
    high = float(every.kthvalue(max(1, round(every.numel() * 0.999))).values)
    if span is not None:
        high = 5.0 * math.ceil(high / 5)
        return high - span, high
    low = float(every.kthvalue(max(1, round(every.numel() * 0.001))).values)
    return low, max(high, low + 1e-6)


def palette() -> npt.NDArray[np.uint8]:
    """The 256 colours of spectrograms, uint8, (256, 3), quiet to loud."""
    colours = package("report", "matplotlib").colormaps[COLOUR_MAP](np.arange(256))[:, :3]
    return np.asarray((colours * 255).round(), np.uint8)


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


def draw_levels(axes: Axes, values: Tensor, modality: Modality, limits: Range, cells: Sequence[Box] = ()) -> None:
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


def save(figure: Figure, stem: Path) -> tuple[Path, Path]:
    """Write a figure as PNG (160 dots an inch) and SVG, atomically, at `stem` with a suffix; both paths.

    The same figure gives the same bytes.
    """
    png, svg = stem.with_suffix(".png"), stem.with_suffix(".svg")
    _files.write_bytes(png, _saved(figure, format="png", dpi=160, facecolor="white", metadata={"Software": None}))
    _files.write_bytes(svg, _saved(figure, facecolor="white", **_SVG))
    return png, svg


def inline(figure: Figure, name: str) -> str:
    """A figure as an ``<svg>`` element whose ink takes the colour of the text around it.

    The name begins the ids inside, so that several figures can share a page.
    """
    drawing = _saved(figure, facecolor="none", **_SVG).decode()
    drawing = drawing[drawing.index("<svg") :]
    drawing = re.sub(r"<metadata>.*?</metadata>", "", drawing, flags=re.DOTALL)
    drawing = re.sub(r'(\bid="|url\(#|href="#)', rf"\1{name}-", drawing)
    opening, rest = drawing.split(">", 1)
    opening = re.sub(r' (?:width|height)="[^"]*"', "", opening)
    return opening + ' aria-hidden="true" focusable="false">' + rest.replace(INK, "currentColor")


def publish(figure: Figure, stem: Path) -> str:
    """Write a figure as `save` does, and give it as `inline` does, by the name of its file."""
    save(figure, stem)
    return inline(figure, stem.name)


def freeze(figure: Figure) -> None:
    """Work the layout out once, so that places on the drawing are known."""
    if figure.get_layout_engine() is not None:
        figure.draw_without_rendering()
        figure.set_layout_engine("none")


@contextlib.contextmanager
def any_letters() -> Iterator[None]:
    """No warning of letters the font lacks: a PNG shows boxes instead, an SVG whatever font the reader has."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def short(name: str, length: int) -> str:
    r"""A name on one line, at most `length` characters, without control characters.

    Example:
        >>> short("clock\ntick", 8)
        'clock t…'
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    return line if len(line) <= length else line[: length - 1] + "…"


def _saved(figure: Figure, **options: Any) -> bytes:
    """A figure as a file, by settings that matplotlib takes from nowhere else and that are given back afterwards."""
    buffer = io.BytesIO()
    settings = {"svg.fonttype": "none", "svg.hashsalt": "limbeck", "svg.image_inline": True}
    with package("report", "matplotlib").rc_context(settings), any_letters():
        freeze(figure)
        figure.savefig(buffer, **options)
    return buffer.getvalue()
