"""Figures, as matplotlib objects that belong to nobody: no window, no global state.

Names that come from data (classes, methods) are drawn as plain text, never as mathematics or mark-up.
"""

from __future__ import annotations

import contextlib
import io
import math
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from limbeck import _files
from limbeck.augment import Frequencies, mosaic
from limbeck.distilled import DistilledSet
from limbeck.errors import MissingExtraError
from limbeck.media import MelRecipe
from limbeck.report.table import KEYS, Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#1f2328"
COLOURS = {"A": "#c2571a", "V": "#2f8f5b", "A+V": "#3b6fd4"}
MARKS = {"A": "o", "V": "s", "A+V": "D"}
NAMES = {"A": "sound (A)", "V": "picture (V)", "A+V": "both (A+V)"}
COLOUR_MAP = "magma"
DYNAMIC_RANGE_DB = 80.0
_EXTRA = "report"
_NOT_CURVES = frozenset({"step", "steps", "seconds", "time", "epoch", "epochs"})

Range = tuple[float, float]


def decibel_range(log_mels: Iterable[Tensor]) -> Range:
    """The dB range all spectrograms of a page share: from 80 dB below the loudest thousandth up to it.

    Args:
        log_mels: Log-mels of any shape, dB.

    Example:
        >>> decibel_range([torch.tensor([-100.0, 12.0])])
        (-65.0, 15.0)
    """
    tops = [float(x.flatten().float().kthvalue(max(1, round(x.numel() * 0.999))).values) for x in log_mels if x.numel()]
    high = 5.0 * math.ceil(max(tops, default=0.0) / 5)
    return high - DYNAMIC_RANGE_DB, high


def palette() -> npt.NDArray[np.uint8]:
    """The 256 colours of the spectrograms, uint8, (256, 3), quiet to loud."""
    _matplotlib()
    from matplotlib import colormaps

    return (colormaps[COLOUR_MAP](np.arange(256))[:, :3] * 255).round().astype(np.uint8)


def levels(log_mel: Tensor, limits: Range) -> npt.NDArray[np.uint8]:
    """A log-mel as palette numbers with the lowest band at the bottom.

    Args:
        log_mel: (mel, frame), dB.
        limits: dB of the first and the last colour; what lies outside is clamped.

    Returns:
        uint8, (mel, frame), top row first.

    Example:
        >>> levels(torch.tensor([[-80.0], [0.0]]), (-80.0, 0.0)).tolist()
        [[255], [0]]
    """
    low, high = limits
    unit = ((log_mel.double() - low) / (high - low)).clamp(0, 1)
    return unit.mul(255).round().flip(0).numpy().astype(np.uint8)


def spectrogram(log_mel: Tensor, recipe: MelRecipe, limits: Range) -> Figure:
    """One spectrogram with its axes in seconds and hertz and the colour bar in decibels.

    Args:
        log_mel: (mel, frame), dB re 1.0.
        recipe: How it was made.
        limits: dB of the first and the last colour.
    """
    figure = quiet(4.7, 2.8)
    axes = figure.subplots()
    image = _draw_spectrogram(axes, log_mel, recipe, limits)
    axes.set_xlabel("time (s)")
    axes.set_ylabel("frequency (Hz)")
    _quiet_bar(figure.colorbar(image, ax=axes, extend="both", pad=0.03), "level (dB re 1.0)", 8)
    return figure


def pairs(distilled: DistilledSet, *, classes: int = 10, limits: Range | None = None) -> Figure:
    """The first pair of the first classes: picture above spectrogram, as stored.

    In a mosaic every cell of the spectrogram has its lowest band at the bottom, and stands where its picture stands
    unless the two are cut differently.

    Args:
        distilled: The set.
        classes: At most this many classes.
        limits: dB of the first and the last colour; by default of this set.
    """
    distilled = distilled.apart() if isinstance(distilled.mosaic, Frequencies) else distilled
    first = [int(torch.nonzero(distilled.labels == c)[0]) for c in torch.unique(distilled.labels).tolist()][:classes]
    decibels = distilled.scale.to_db(distilled.audio[first])[:, 0]
    pixels = distilled.scale.to_pixels(distilled.image[first])
    limits = limits or decibel_range(decibels)
    figure = quiet(1.15 * len(first) + 0.9, 2.7)
    grid = figure.subplots(2, len(first), squeeze=False)
    boxes = mosaic.cells(decibels.shape[-2], decibels.shape[-1], mosaic.grids(distilled.mosaic).audio)
    for column, row in enumerate(first):
        above, below = grid[0, column], grid[1, column]
        above.imshow(pixels[column].permute(1, 2, 0).numpy())
        above.set_axis_off()
        name = short(distilled.classes[int(distilled.labels[row])], 14)
        above.set_title(name, fontsize=8, color=INK, parse_math=False)
        upright = decibels[column].flip(0)
        for bands, frames in boxes:
            upright[len(upright) - bands.stop : len(upright) - bands.start, frames] = decibels[column, bands, frames]
            below.axhline(len(upright) - bands.start - 0.5, color="white", linewidth=0.6)
            below.axvline(frames.start - 0.5, color="white", linewidth=0.6)
        image = _draw_spectrogram(below, upright, distilled.recipe.mel, limits)
        below.set_box_aspect(1)
        below.tick_params(length=2, labelsize=7)
        if column or len(boxes) > 1:
            below.set_xticks([])
            below.set_yticks([])
    bar = figure.colorbar(image, ax=grid[1, :].tolist(), extend="both", aspect=12, pad=0.01)
    _quiet_bar(bar, "dB", 7)
    return figure


def curves(events: Sequence[Mapping[str, Any]], *, along: str = "step") -> Figure | None:
    """Losses, and accuracies where there are any, over the steps of a run; None where nothing was recorded.

    Every number of an event but step and time is a curve; those whose name holds "accuracy" get axes of their own.
    Long curves are shown faint with their running mean over a fiftieth of the run on top.

    Args:
        events: Rows of a run's ``events.jsonl``.
        along: What ``"step"`` counts.
    """
    series = _series(events)
    if not series:
        return None
    accuracies = {k: v for k, v in series.items() if "accuracy" in k.lower()}
    losses = {k: v for k, v in series.items() if k not in accuracies}
    panels = [(group, name) for group, name in ((losses, "loss"), (accuracies, "accuracy")) if group]
    figure = quiet(4.7, 2.4 * len(panels) + 0.3)
    for axes, (group, name) in zip(figure.subplots(len(panels), squeeze=False)[:, 0], panels, strict=True):
        _draw_curves(axes, group)
        axes.set_ylabel(f"{name} (%)" if name == "accuracy" else name)
        values = np.concatenate([y for _, y in group.values()])
        if name == "accuracy":
            axes.set_ylim(0, 100)
        elif values.min() > 0 and values.max() > 20 * values.min():
            axes.set_yscale("log")
        axes.set_xlabel(along)
    return figure


def accuracy(rows: Sequence[Row]) -> Figure | None:
    """Mean accuracy of every row with its standard deviation, by modality; None without rows.

    Args:
        rows: From `table.rows`.
    """
    if not rows:
        return None
    figure = quiet(4.7, 0.9 + 0.48 * len(rows))
    axes = figure.subplots()
    used = [k for k in KEYS if any(k in r.accuracy for r in rows)]
    for place, key in enumerate(used):
        at = [(i, r.accuracy[key]) for i, r in enumerate(rows) if key in r.accuracy]
        axes.errorbar(
            [a.mean for _, a in at],
            [i + 0.2 * (place - (len(used) - 1) / 2) for i, _ in at],
            xerr=[a.sd or 0.0 for _, a in at],
            fmt=MARKS[key],
            color=COLOURS[key],
            markersize=5.5,
            linewidth=1.4,
            capsize=2.5,
            label=NAMES[key],
        )
    axes.set_yticks(range(len(rows)), [short(r.name, 30) for r in rows], parse_math=False)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(left=min(0.0, axes.get_xlim()[0]))
    axes.set_xlabel("accuracy on real test clips (%)")
    axes.grid(axis="x", alpha=0.15, color=INK)
    axes.tick_params(axis="y", length=0)
    axes.legend(
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        ncols=len(used),
        frameon=False,
        handletextpad=0.3,
        fontsize=8,
        labelcolor=INK,
    )
    return figure


def confusion(matrix: npt.ArrayLike, classes: Sequence[str]) -> Figure:
    """A confusion matrix in percent of each true class.

    Args:
        matrix: Counts, (true class, predicted class).
        classes: Class names; drawn up to 40 classes, percentages up to 12.
    """
    counts = np.asarray(matrix, dtype=float)
    share = 100 * counts / np.maximum(counts.sum(1, keepdims=True), 1e-12)
    count = len(classes)
    side = min(3.2 + 0.22 * count, 7.0)
    figure = quiet(side + 0.9, side)
    axes = figure.subplots()
    from matplotlib.colors import LinearSegmentedColormap

    clear_to_blue = LinearSegmentedColormap.from_list("confusion", [(0.23, 0.44, 0.83, 0.0), (0.15, 0.33, 0.7, 1.0)])
    image = axes.imshow(share, cmap=clear_to_blue, vmin=0, vmax=100, interpolation="nearest")
    if count <= 40:
        names = [short(c, 18) for c in classes]
        axes.set_xticks(range(count), names, rotation=45, ha="right", rotation_mode="anchor", parse_math=False)
        axes.set_yticks(range(count), names, parse_math=False)
    if count <= 12:
        for (true, predicted), value in np.ndenumerate(share):
            if value >= 0.5:
                colour = "white" if value > 50 else INK
                axes.text(predicted, true, f"{value:.0f}", ha="center", va="center", fontsize=7, color=colour)
    axes.tick_params(length=0, labelsize=8)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    _quiet_bar(figure.colorbar(image, ax=axes, shrink=0.7, pad=0.02), "clips of the true class (%)", 8)
    return figure


def save(figure: Figure, stem: Path) -> tuple[Path, Path]:
    """Write a figure as PNG (160 dots an inch) and SVG, atomically; the same figure gives the same bytes.

    Args:
        figure: What to write.
        stem: Path without suffix.

    Returns:
        Both paths.
    """
    buffer = io.BytesIO()
    with _drawing(figure):
        figure.savefig(buffer, format="png", dpi=160, facecolor="white", metadata={"Software": None})
    picture, drawing = stem.with_suffix(".png"), stem.with_suffix(".svg")
    _files.write_bytes(picture, buffer.getvalue())
    _files.write_text(drawing, _svg(figure, facecolor="white"))
    return picture, drawing


def inline(figure: Figure, name: str) -> str:
    """A figure as an ``<svg>`` element whose ink takes the colour of the text around it.

    Args:
        figure: What to draw.
        name: Prefix of the ids inside, so that several figures can share a page.
    """
    drawing = _svg(figure, facecolor="none")
    drawing = drawing[drawing.index("<svg") :]
    drawing = re.sub(r"<metadata>.*?</metadata>", "", drawing, flags=re.DOTALL)
    drawing = re.sub(r'(\bid="|url\(#|href="#)', rf"\1{name}-", drawing)
    opening, rest = drawing.split(">", 1)
    opening = re.sub(r' (?:width|height)="[^"]*"', "", opening)
    return opening + ' aria-hidden="true" focusable="false">' + rest.replace(INK, "currentColor")


def _svg(figure: Figure, *, facecolor: str) -> str:
    buffer = io.StringIO()
    with _drawing(figure):
        nothing: dict[str, Any] = {"Date": None, "Creator": None, "Format": None, "Type": None}
        figure.savefig(buffer, format="svg", facecolor=facecolor, metadata=nothing)
    return buffer.getvalue()


def _matplotlib() -> Any:
    try:
        import matplotlib
    except ImportError as error:
        raise MissingExtraError(_EXTRA, "matplotlib") from error
    return matplotlib


@contextlib.contextmanager
def any_letters() -> Iterator[None]:
    """No warning of letters the font lacks: a PNG shows boxes instead, an SVG whatever font the reader has."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


@contextlib.contextmanager
def _drawing(figure: Figure) -> Iterator[None]:
    """Settings matplotlib takes from nowhere else, given back afterwards; the layout is worked out once."""
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    settings = {"svg.fonttype": "none", "svg.hashsalt": "limbeck", "svg.image_inline": True}
    with _matplotlib().rc_context(settings), any_letters():
        if isinstance(figure.get_layout_engine(), ConstrainedLayoutEngine):
            figure.draw_without_rendering()
            figure.set_layout_engine("none")
        yield


def quiet(width: float, height: float) -> Figure:
    """An empty figure whose axes are quiet: grey ink, no box.

    Args:
        width: Inches.
        height: Inches.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    _matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    class Page(Figure):
        """A figure whose axes are quiet: grey ink, no box."""

        def add_subplot(self, *args: Any, **options: Any) -> Any:
            axes = super().add_subplot(*args, **options)
            axes.set_facecolor("none")
            for side, spine in axes.spines.items():
                spine.set_visible(side in ("left", "bottom"))
                spine.set_color(INK)
            axes.tick_params(colors=INK, labelsize=8.5)
            for label in (axes.xaxis.label, axes.yaxis.label):
                label.set_color(INK)
                label.set_size(9.5)
            return axes

    figure = Page(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _quiet_bar(bar: Any, label: str, size: int) -> None:
    bar.set_label(label, fontsize=size, color=INK)
    bar.ax.tick_params(labelsize=size, colors=INK)
    bar.outline.set_visible(False)
    bar.ax.set_facecolor("none")


def _draw_spectrogram(axes: Axes, log_mel: Tensor, recipe: MelRecipe, limits: Range) -> Any:
    frames = log_mel.shape[-1]
    image = axes.imshow(
        log_mel.numpy(),
        origin="lower",
        aspect="auto",
        cmap=COLOUR_MAP,
        vmin=limits[0],
        vmax=limits[1],
        interpolation="nearest",
    )
    for spine in axes.spines.values():
        spine.set_visible(False)
    hertz = [f for f in (125, 250, 500, 1000, 2000, 4000, 8000, 16000) if f < recipe.sample_rate_hz / 2]
    bands_at = [_band_of(f, recipe) for f in hertz]
    shown = [(f, b) for f, b in zip(hertz, bands_at, strict=True) if b >= 0]
    axes.set_yticks([b for _, b in shown], [f"{f // 1000} k" if f >= 1000 else str(f) for f, _ in shown])
    seconds = recipe.hop_samples / recipe.sample_rate_hz
    last = (frames - 1) * seconds
    marks = [last * i / 4 for i in range(5)]
    axes.set_xticks([m / seconds for m in marks], [f"{m:.2g}" for m in marks])
    return image


def _band_of(hertz: float, recipe: MelRecipe) -> float:
    """Position of a frequency among the bands' centres, HTK mel scale."""
    whole = _mel(recipe.sample_rate_hz / 2)
    return _mel(hertz) / whole * (recipe.mels + 1) - 1


def _mel(hertz: float) -> float:
    return 2595.0 * math.log10(1 + hertz / 700)


def _series(events: Sequence[Mapping[str, Any]]) -> dict[str, tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
    found: dict[str, list[tuple[float, float]]] = {}
    for event in events:
        if not isinstance(event.get("step"), int | float):
            continue
        for key, value in event.items():
            usable = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
            if usable and key.lower() not in _NOT_CURVES:
                found.setdefault(key, []).append((float(event["step"]), float(value)))
    return {k: (np.array([s for s, _ in v]), np.array([y for _, y in v])) for k, v in found.items()}


def _draw_curves(axes: Axes, group: Mapping[str, tuple[npt.NDArray[Any], npt.NDArray[Any]]]) -> None:
    for (name, (steps, values)), colour in zip(group.items(), _cycle(len(group)), strict=True):
        label = short(name.replace("_", " "), 30)
        if len(values) < 100:
            axes.plot(
                steps,
                values,
                color=colour,
                linewidth=1.4,
                marker="o" if len(values) < 30 else None,
                ms=3,
                label=label,
            )
            continue
        window = max(3, len(values) // 50)
        smooth = np.convolve(values, np.full(window, 1 / window), mode="valid")
        axes.plot(steps, values, color=colour, linewidth=0.7, alpha=0.3)
        axes.plot(steps[window // 2 : window // 2 + len(smooth)], smooth, color=colour, linewidth=1.6, label=label)
    axes.grid(alpha=0.15, color=INK)
    if len(group) > 1:
        legend = axes.legend(frameon=False, fontsize=8, labelcolor=INK)
        for text in legend.get_texts():
            text.set_parse_math(False)


def _cycle(count: int) -> list[str]:
    colours = ["#3b6fd4", "#c2571a", "#2f8f5b", "#8a56c2", "#b0394f", "#7a7a2a"]
    return [colours[i % len(colours)] for i in range(count)]


def short(name: str, length: int) -> str:
    r"""A name on one line, at most `length` characters, without control characters.

    Example:
        >>> short("clock\ntick", 8)
        'clock t…'
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    return line if len(line) <= length else line[: length - 1] + "…"
