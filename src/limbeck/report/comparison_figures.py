"""Figures of a comparison: accuracy against bytes, against time, and differences to the baseline.

Dots are means over all students, with bars of one sample standard deviation, and carry their rows' names.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from limbeck.report import _labels, figures
from limbeck.report._labels import Array
from limbeck.report._words import size
from limbeck.report.comparison import Comparison, Line, Section
from limbeck.report.figures import INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PLAIN, MARKED, BASELINE = "#3b6fd4", "#2f8f5b", "#c2571a"
_LETTERS = 26
_DOT_POINTS = 4.6
_STEP_POINTS = 7.0
_SHORTEST_SECONDS = 1e-3
_NAME_SIZE = 7.5
_NAME_HEIGHT = 9.0
_TIMES = (
    (1e-3, "1 ms"),
    (1e-2, "10 ms"),
    (0.1, "0.1 s"),
    (1.0, "1 s"),
    (10.0, "10 s"),
    (60.0, "1 min"),
    (600.0, "10 min"),
    (3600.0, "1 h"),
    (36000.0, "10 h"),
    (360000.0, "100 h"),
)


@dataclass(frozen=True)
class Dot:
    """One row at one place."""

    x: float
    line: Line
    baseline: bool

    @property
    def name(self) -> str:
        """The row and its marks."""
        return f"{figures.short(self.line.row, _LETTERS)} {self.line.marks}".rstrip()

    @property
    def colour(self) -> str:
        """By comparison class."""
        return BASELINE if self.baseline else MARKED if self.line.marks else PLAIN

    @property
    def shape(self) -> str:
        """By comparison class."""
        return "D" if self.baseline else "s" if self.line.marks else "o"


@figures.any_letters()
def against_bytes(comparison: Comparison, sections: Sequence[Section], key: str) -> Figure | None:
    """Accuracy against what is stored, all numbers of pairs together; None without results.

    Rows that store about the same stand side by side, the better to the right.

    Args:
        comparison: The results.
        sections: Those of one head.
        key: The modality.
    """
    dots = [
        Dot(float(line.stored_bytes), line, line.row == comparison.baseline)
        for section in sections
        for line in section.lines
        if key in line.accuracy and not line.reference and line.stored_bytes
    ]
    if not dots:
        return None
    clusters = _clusters(dots)
    figure = figures.quiet(9.5, _height(max(map(len, clusters))))
    axes = figure.subplots()
    _frame(axes, comparison, sections[0], key, dots)
    axes.set_xlabel("stored")
    _log_axis(axes, [d.x for d in dots], before=0.25, after=0.6)
    _name_sizes(axes)
    _freeze(figure)
    for cluster in clusters:
        _make_room(axes, max(d.line.accuracy[key].mean for d in cluster), len(cluster))
    point = figure.dpi / 72
    for cluster in clusters:
        centre = math.exp(sum(math.log(d.x) for d in cluster) / len(cluster))
        cluster.sort(key=lambda d: d.line.accuracy[key].mean)
        steps = np.arange(len(cluster)) - (len(cluster) - 1) / 2
        pixel = axes.transData.transform((centre, 0))[0] + _STEP_POINTS * point * steps
        shifted = axes.transData.inverted().transform(np.stack([pixel, pixel], axis=1))[:, 0]
        cluster[:] = [replace(dot, x=float(x)) for dot, x in zip(cluster, shifted, strict=True)]
    dots = [dot for cluster in clusters for dot in cluster]
    at, extents = _dots(axes, dots, key), _extents(axes, dots)
    columns = _columns(axes, at, extents, [len(c) for c in clusters])
    _names(axes, dots, at, extents, _free(axes, dots, key, at, extents) if columns is None else columns)
    return figure


@figures.any_letters()
def against_time(comparison: Comparison, sections: Sequence[Section], key: str) -> Figure | None:
    """Accuracy against the time of a distillation, one panel for each number of pairs; None without results.

    Args:
        comparison: The results.
        sections: Those of one head.
        key: The modality.
    """
    panels = []
    for section in sections:
        dots = [
            Dot(max(line.distill_seconds, _SHORTEST_SECONDS), line, line.row == comparison.baseline)
            for line in section.lines
            if key in line.accuracy and not line.reference and line.distill_seconds is not None
        ]
        if dots:
            panels.append((section, dots))
    if not panels:
        return None
    figure = figures.quiet(9.5, _height(max(len(dots) for _, dots in panels)) * len(panels))
    grid = figure.subplots(len(panels), squeeze=False, sharex=True)[:, 0]
    for axes, (section, dots) in zip(grid, panels, strict=True):
        _frame(axes, comparison, section, key, dots)
        axes.set_title(section.budget, fontsize=9.5, color=INK, loc="left", fontweight="bold")
        _log_axis(axes, [d.x for _, dots in panels for d in dots], before=0.08, after=0.2)
        shown = [(at, name) for at, name in _TIMES if axes.get_xlim()[0] < at < axes.get_xlim()[1]]
        axes.set_xticks([at for at, _ in shown], [name for _, name in shown])
        axes.tick_params(labelbottom=True)
    grid[-1].set_xlabel("time of a distillation")
    _freeze(figure)
    for axes, (_, dots) in zip(grid, panels, strict=True):
        at, extents = _dots(axes, dots, key), _extents(axes, dots)
        _names(axes, dots, at, extents, _free(axes, dots, key, at, extents))
    return figure


def differences(comparison: Comparison, sections: Sequence[Section], key: str) -> Figure | None:
    """Every row's difference to the baseline with its 95 % interval, a panel for each number of pairs.

    Filled: real after the correction. Intervals of few distillations can be huge: the widest run out of the drawing, so
    that the others can be read.

    Args:
        comparison: The results.
        sections: Those of one head.
        key: The modality.

    Returns:
        None where nothing is tested.
    """
    panels = [(s, [line for line in s.lines if key in line.difference]) for s in sections]
    panels = [(section, lines) for section, lines in panels if lines]
    if not panels:
        return None
    rows = [row for row in comparison.rows if any(line.row == row for _, lines in panels for line in lines)]
    marks = {line.row: line.marks for _, lines in panels for line in lines}
    figure = figures.quiet(2.4 + 3.4 * len(panels), 0.9 + 0.23 * len(rows))
    grid = figure.subplots(1, len(panels), squeeze=False, sharex=True, sharey=True)[0]
    every = [line.difference[key] for _, lines in panels for line in lines]
    widths = [d.high - d.low for d in every if d.low is not None and d.high is not None]
    reach = 1.2 * float(np.median(widths)) if widths else 1.0
    means = [0.0, *(d.mean for d in every)]
    for axes, (section, lines) in zip(grid, panels, strict=True):
        axes.axvline(0, color=BASELINE, linewidth=1.2)
        for line in lines:
            found = line.difference[key]
            place = rows.index(line.row)
            colour = MARKED if line.marks else PLAIN
            if found.low is not None and found.high is not None:
                axes.plot([found.low, found.high], [place, place], color=colour, linewidth=1.3, solid_capstyle="butt")
            real = found.adjusted is not None and found.real
            axes.plot(found.mean, place, "o", color=colour, ms=5.5, mfc=colour if real else "none", mew=1.3)
        axes.set_title(section.budget, fontsize=9.5, color=INK, loc="left", fontweight="bold")
        axes.set_xlabel(f"points of {key}")
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.grid(axis="both", alpha=0.12, color=INK)
        axes.tick_params(axis="y", length=0)
        axes.set_xlim(min(means) - reach, max(means) + reach)
    names = [f"{figures.short(row, 30)} {marks[row]}".rstrip() for row in rows]
    grid[0].set_yticks(range(len(rows)), names, parse_math=False)
    return figure


def _height(names: int) -> float:
    return max(3.4, 1.3 + 0.18 * names)


def _clusters(dots: Sequence[Dot]) -> list[list[Dot]]:
    """Dots whose bytes are within 12 % of the one before."""
    found: list[list[Dot]] = []
    for dot in sorted(dots, key=lambda d: d.x):
        if found and dot.x < 1.12 * found[-1][-1].x:
            found[-1].append(dot)
        else:
            found.append([dot])
    return found


def _frame(axes: Axes, comparison: Comparison, section: Section, key: str, dots: Sequence[Dot]) -> None:
    """Limits, the whole data and chance as lines, and the grid."""
    spreads = [d.line.accuracy[key] for d in dots]
    whole = [(line.row, line.accuracy[key].mean) for line in section.lines if line.reference and key in line.accuracy]
    chance = comparison.about.get("chance_percent")
    low = min([s.mean - (s.sd or 0) for s in spreads] + [level for _, level in whole])
    high = max([s.mean + (s.sd or 0) for s in spreads] + [level for _, level in whole])
    axes.set_ylim(low - 0.05 * (high - low) - 0.5, high + 0.08 * (high - low) + 0.5)
    for name, level in whole:
        axes.axhline(level, color=INK, linewidth=1.1, linestyle=(0, (5, 3)), alpha=0.7)
        _along(axes, f"{figures.short(name, _LETTERS)}, all clips: {level:.1f}", level)
    if isinstance(chance, int | float) and axes.get_ylim()[0] < chance < axes.get_ylim()[1]:
        axes.axhline(chance, color=INK, linewidth=1.1, linestyle=(0, (1, 2)), alpha=0.7)
        _along(axes, f"chance: {chance:.1f}", float(chance))
    axes.set_ylabel(f"{figures.NAMES[key]}, accuracy (%)")
    axes.grid(alpha=0.12, color=INK)


def _along(axes: Axes, text: str, level: float) -> None:
    axes.annotate(
        text,
        (0, level),
        (4, 3),
        xycoords=axes.get_yaxis_transform(),
        textcoords="offset points",
        fontsize=7.5,
        color=INK,
        parse_math=False,
    )


def _log_axis(axes: Axes, values: Sequence[float], *, before: float, after: float) -> None:
    """A logarithmic axis with room for names beside the dots, as shares of the values' range."""
    from matplotlib.ticker import NullLocator

    axes.set_xscale("log")
    low, high = math.log10(min(values)), math.log10(max(values))
    wide = max(high - low, 0.6)
    axes.set_xlim(10 ** (low - before * wide), 10 ** (high + after * wide))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.autoscale(False)


def _name_sizes(axes: Axes) -> None:
    """Ticks at round numbers of bytes."""
    from matplotlib.ticker import FuncFormatter, LogLocator

    low, high = axes.get_xlim()
    few = math.log10(high / low) < 2.5
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if few else (1.0,), numticks=20))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: size(round(value))))


def _freeze(figure: Figure) -> None:
    """Work the layout out once, so that places on the drawing are known."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")


def _make_room(axes: Axes, top: float, names: int) -> None:
    """Lower the axis, to nought at most, until so many names fit below a height."""
    low, high = axes.get_ylim()
    share = (names + 1) * _NAME_HEIGHT * axes.figure.dpi / 72 / axes.get_window_extent().height
    if share < 1:
        axes.set_ylim(min(low, max(0.0, (top - share * high) / (1 - share))), high)


def _dots(axes: Axes, dots: Sequence[Dot], key: str) -> Array:
    """Draw dots and bars; where the dots lie on the drawing, (dot, 2)."""
    for dot in dots:
        spread = dot.line.accuracy[key]
        axes.errorbar(
            [dot.x],
            [spread.mean],
            yerr=[spread.sd or 0.0],
            fmt=dot.shape,
            color=dot.colour,
            markersize=_DOT_POINTS,
            elinewidth=1.0,
            alpha=0.9,
        )
    at: Array = axes.transData.transform([(d.x, d.line.accuracy[key].mean) for d in dots])
    return at


def _extents(axes: Axes, dots: Sequence[Dot]) -> Array:
    """Width and height of the names, (dot, 2), as if all were bold: in another font they may be wider."""
    words = [axes.text(0, 0, d.name, fontsize=_NAME_SIZE, fontweight="bold", parse_math=False) for d in dots]
    wide = [word.get_window_extent().width for word in words]
    for word in words:
        word.remove()
    return np.array([(width, _NAME_HEIGHT * axes.figure.dpi / 72) for width in wide])


def _columns(axes: Axes, at: Array, extents: Array, counts: Sequence[int]) -> Array | None:
    """Names in a column to the right of each group, in the order of the dots; None if they would lie on another."""
    point = axes.figure.dpi / 72
    box = axes.get_window_extent()
    corners = np.empty_like(at)
    begin = 0
    for count in counts:
        here = slice(begin, begin + count)
        begin += count
        left = at[here, 0].max() + 16 * point
        right = box.x1 if begin == len(at) else at[begin:, 0].min() - 4 * point
        if left + extents[here, 0].max() > right:
            return None
        height = float(extents[0, 1])
        corners[here, 0] = left
        corners[here, 1] = _labels.hang(at[here, 1] - height / 2, height, box.y0)
    return corners


def _free(axes: Axes, dots: Sequence[Dot], key: str, at: Array, extents: Array) -> Array:
    """Names wherever there is room near their dots."""
    figure = axes.figure
    point = figure.dpi / 72
    spreads = [d.line.accuracy[key] for d in dots]
    top = axes.transData.transform([(d.x, s.mean + (s.sd or 0.0)) for d, s in zip(dots, spreads, strict=True)])
    half = (top - at)[:, 1]
    taken = [text.get_window_extent().extents for text in axes.texts]
    box = axes.get_window_extent()
    return _labels.place(
        at,
        extents,
        area=(box.x0, box.y0, box.x1, box.y1),
        bars=np.stack([at[:, 0] - point, at[:, 1] - half, at[:, 0] + point, at[:, 1] + half], axis=1),
        taken=np.array(taken).reshape(-1, 4),
        radius=_DOT_POINTS / 2 * point,
    )


def _names(axes: Axes, dots: Sequence[Dot], at: Array, extents: Array, corners: Array) -> None:
    """Write names, with a fine line to those that lie away from their dots."""
    point = axes.figure.dpi / 72
    to_data = axes.transData.inverted()
    for dot, centre, corner, extent in zip(dots, at, corners, extents, strict=True):
        end = _labels.end_of_leader(centre, np.concatenate([corner, corner + extent])[None])[0]
        if np.hypot(*(end - centre)) > 8 * point:
            line = to_data.transform([centre, end + (centre - end) * 2 * point / np.hypot(*(end - centre))])
            axes.plot(line[:, 0], line[:, 1], color=INK, linewidth=0.5, alpha=0.4, zorder=1)
        left = corner[0] + extent[0] > centre[0]  # the side towards the dot is kept whatever the font
        anchor = corner + extent * (0 if left else 1, 0.5)
        across, up = to_data.transform(anchor)
        axes.text(
            across,
            up,
            dot.name,
            fontsize=_NAME_SIZE,
            color=INK,
            fontweight="bold" if dot.baseline else "normal",
            ha="left" if left else "right",
            va="center",
            parse_math=False,
        )
