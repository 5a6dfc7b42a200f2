"""Figures of a comparison: accuracy against bytes, against time, and differences to the baseline.

Dots are means over all students, with bars of one sample standard deviation, and carry their rows' names.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from limbeck._words import size
from limbeck.report import _labels, _samples
from limbeck.report._drawing import BLUE, GREEN, INK, ORANGE, any_letters, freeze, quiet, rows, short
from limbeck.report._labels import Array
from limbeck.report.comparison import Comparison, Line, Section

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LETTERS = 26
_DOT_POINTS = 4.6
_STEP_POINTS = 7.0
_SHORTEST_SECONDS = 1e-3
_NAME_HEIGHT = 9.0
_TIMES = {1e-3: "1 ms", 1e-2: "10 ms", 0.1: "0.1 s", 1.0: "1 s", 10.0: "10 s", 60.0: "1 min", 600.0: "10 min"}
_TIMES |= {3600.0: "1 h", 36000.0: "10 h", 360000.0: "100 h"}
_TITLE: dict[str, Any] = {"fontsize": 9.5, "color": INK, "loc": "left", "fontweight": "bold"}
_PLAIN: dict[str, Any] = {"fontsize": 7.5, "color": INK, "parse_math": False}


class Dot(NamedTuple):
    """One row at one place: mean and standard deviation, and the look of its comparison class."""

    x: float
    mean: float
    sd: float
    name: str
    colour: str
    shape: str
    bold: bool


def _dots(comparison: Comparison, section: Section, key: str, x: Callable[[Line], float | None]) -> list[Dot]:
    """Rows of a section that have an accuracy and a place."""
    dots = []
    for line in section.lines:
        at, spread = x(line), line.values.get(key)
        if at is not None and spread is not None and not line.reference:
            baseline = line.row == comparison.baseline
            colour, shape = (ORANGE, "D") if baseline else (GREEN, "s") if line.marks else (BLUE, "o")
            name = f"{short(line.row, _LETTERS)} {line.marks}".rstrip()
            dots.append(Dot(float(at), spread.mean, spread.sd or 0.0, name, colour, shape, baseline))
    return dots


@any_letters()
def against_bytes(comparison: Comparison, sections: Sequence[Section], key: str) -> Figure | None:
    """Accuracy of a modality against what is stored, all budgets of a head together; None without results.

    Rows that store about the same stand side by side, the better to the right.
    """
    dots = [dot for s in sections for dot in _dots(comparison, s, key, lambda line: line.stored_bytes or None)]
    if not dots:
        return None
    from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator

    clusters: list[list[Dot]] = []  # dots whose bytes are within 12 % of the one before
    for dot in sorted(dots, key=lambda d: d.x):
        if clusters and dot.x < 1.12 * clusters[-1][-1].x:
            clusters[-1].append(dot)
        else:
            clusters.append([dot])
    figure = quiet(9.5, max(3.4, 1.3 + 0.18 * max(map(len, clusters))))
    axes = figure.subplots()
    _frame(axes, comparison, sections[0], key, dots)
    axes.set_xlabel("stored")
    _log_axis(axes, [d.x for d in dots], before=0.25, after=0.6)
    low, high = axes.get_xlim()
    few = math.log10(high / low) < 2.5
    one = FixedLocator([_centre(clusters[0])])  # all rows store the same, and nothing round may be near it
    many = LogLocator(subs=(1.0, 2.0, 5.0) if few else (1.0,), numticks=20)
    axes.xaxis.set_major_locator(one if len(clusters) == 1 else many)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: size(round(value))))
    freeze(figure)
    for cluster in clusters:  # lower the axis, to zero at most, until its names fit below its highest dot
        top, (low, high) = max(d.mean for d in cluster), axes.get_ylim()
        needed = (len(cluster) + 1) * _NAME_HEIGHT * axes.figure.dpi / 72 / axes.get_window_extent().height
        if needed < 1:
            axes.set_ylim(min(low, max(0.0, (top - needed * high) / (1 - needed))), high)
    dots = [dot for cluster in clusters for dot in _side_by_side(axes, cluster)]
    _draw(axes, dots, [len(c) for c in clusters])
    return figure


@any_letters()
def against_time(comparison: Comparison, sections: Sequence[Section], key: str) -> Figure | None:
    """Accuracy against the time of a distillation, one panel for each budget; None without results."""

    def seconds(line: Line) -> float | None:
        return None if line.distill_seconds is None else max(line.distill_seconds, _SHORTEST_SECONDS)

    panels = [(section, dots) for section in sections if (dots := _dots(comparison, section, key, seconds))]
    if not panels:
        return None
    figure = quiet(9.5, max(3.4, 1.3 + 0.18 * max(len(dots) for _, dots in panels)) * len(panels))
    grid = figure.subplots(len(panels), squeeze=False, sharex=True)[:, 0]
    for axes, (section, dots) in zip(grid, panels, strict=True):
        _frame(axes, comparison, section, key, dots)
        axes.set_title(section.budget.words, **_TITLE)
        _log_axis(axes, [d.x for _, dots in panels for d in dots], before=0.08, after=0.2)
        low, high = axes.get_xlim()
        shown = {at: name for at, name in _TIMES.items() if low < at < high}
        axes.set_xticks([*shown], [*shown.values()])
        axes.tick_params(labelbottom=True)
    grid[-1].set_xlabel("time of a distillation")
    freeze(figure)
    for axes, (_, dots) in zip(grid, panels, strict=True):
        _draw(axes, dots)
    return figure


def differences(comparison: Comparison, sections: Sequence[Section], key: str) -> Figure | None:
    """Differences to the baseline with 95 % intervals, a panel for each budget; None where nothing is tested.

    Filled: real after the correction. Intervals of few distillations can be huge: the widest run out of the drawing, so
    that the others can be read.
    """
    tested = [(section, [line for line in section.lines if key in line.difference]) for section in sections]
    if not (panels := [(section, lines) for section, lines in tested if lines]):
        return None
    marks = {line.row: line.marks for _, lines in panels for line in lines}
    names = [row for row in comparison.rows if row in marks]
    figure = quiet(2.4 + 3.4 * len(panels), 0.9 + 0.23 * len(names))
    grid = figure.subplots(1, len(panels), squeeze=False, sharex=True, sharey=True)[0]
    every = [line.difference[key] for _, lines in panels for line in lines]
    widths = [d.high - d.low for d in every if d.low is not None and d.high is not None]
    reach = 1.2 * float(np.median(widths)) if widths else 1.0
    means = [0.0, *(d.mean for d in every)]
    for axes, (section, lines) in zip(grid, panels, strict=True):
        rows(axes, [f"{short(row, 30)} {marks[row]}".rstrip() for row in names])
        axes.grid(axis="both", alpha=0.12, color=INK)
        axes.axvline(0, color=ORANGE, linewidth=1.2)
        for line in lines:
            found, place = line.difference[key], names.index(line.row)
            colour = GREEN if line.marks else BLUE
            if found.low is not None and found.high is not None:
                axes.plot([found.low, found.high], [place, place], color=colour, linewidth=1.3, solid_capstyle="butt")
            real = found.adjusted is not None and found.real
            axes.plot(found.mean, place, "o", color=colour, ms=5.5, mfc=colour if real else "none", mew=1.3)
        axes.set_title(section.budget.words, **_TITLE)
        axes.set_xlabel(f"points of {key}")
        axes.set_xlim(min(means) - reach, max(means) + reach)
    return figure


def _centre(cluster: Sequence[Dot]) -> float:
    """The geometric mean of what dots store."""
    return math.exp(sum(math.log(d.x) for d in cluster) / len(cluster))


def _side_by_side(axes: Axes, cluster: Sequence[Dot]) -> list[Dot]:
    """Dots a few points apart around their place, the better to the right."""
    steps = _STEP_POINTS * axes.figure.dpi / 72 * (np.arange(len(cluster)) - (len(cluster) - 1) / 2)
    pixel = axes.transData.transform((_centre(cluster), 0))[0] + steps
    shifted = axes.transData.inverted().transform(np.stack([pixel, pixel], axis=1))[:, 0]
    ranked = sorted(cluster, key=lambda d: d.mean)
    return [dot._replace(x=float(x)) for dot, x in zip(ranked, shifted, strict=True)]


def _frame(axes: Axes, comparison: Comparison, section: Section, key: str, dots: Sequence[Dot]) -> None:
    """Limits, the full dataset and chance as lines, and the grid."""
    full = [(line.row, line.values[key].mean) for line in section.lines if line.reference and key in line.values]
    low = min([d.mean - d.sd for d in dots] + [level for _, level in full])
    high = max([d.mean + d.sd for d in dots] + [level for _, level in full])
    axes.set_ylim(low - 0.05 * (high - low) - 0.5, high + 0.08 * (high - low) + 0.5)
    across = [(f"{short(name, _LETTERS)}, all clips: {level:.1f}", level, (5, 3)) for name, level in full]
    chance = comparison.about.get("chance_percent")
    if isinstance(chance, int | float) and axes.get_ylim()[0] < chance < axes.get_ylim()[1]:
        across.append((f"chance: {chance:.1f}", float(chance), (1, 2)))
    for text, level, dashes in across:
        axes.axhline(level, color=INK, linewidth=1.1, linestyle=(0, dashes), alpha=0.7)
        place = axes.get_yaxis_transform()
        axes.annotate(text, (0, level), (4, 3), xycoords=place, textcoords="offset points", **_PLAIN)
    axes.set_ylabel(f"{_samples.named(key)}, accuracy (%)")
    axes.grid(alpha=0.12, color=INK)


def _log_axis(axes: Axes, values: Sequence[float], *, before: float, after: float) -> None:
    """A logarithmic axis with room for names beside the dots, as fractions of the values' range."""
    from matplotlib.ticker import NullLocator

    axes.set_xscale("log")
    low, high = math.log10(min(values)), math.log10(max(values))
    wide = max(high - low, 0.6)
    axes.set_xlim(10 ** (low - before * wide), 10 ** (high + after * wide))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.autoscale(False)


def _draw(axes: Axes, dots: Sequence[Dot], groups: Sequence[int] = ()) -> None:
    """Draw dots, bars and names: beside groups of so many dots if they fit there, or else wherever there is room."""
    look: dict[str, Any] = {"markersize": _DOT_POINTS, "elinewidth": 1.0, "alpha": 0.9}
    for dot in dots:
        axes.errorbar([dot.x], [dot.mean], yerr=[dot.sd], fmt=dot.shape, color=dot.colour, **look)
    point, box = axes.figure.dpi / 72, axes.get_window_extent()
    # The room is that of bold names: in another font they may be wider.
    texts = [axes.text(0, 0, d.name, fontweight="bold", **_PLAIN) for d in dots]
    extents = np.array([(text.get_window_extent().width, _NAME_HEIGHT * point) for text in texts])
    for text in texts:
        text.remove()
    at = axes.transData.transform([(d.x, d.mean) for d in dots])
    corners = _columns(axes, at, extents, groups)
    if corners is None:
        half = (axes.transData.transform([(d.x, d.mean + d.sd) for d in dots]) - at) + (point, 0)
        taken = np.array([text.get_window_extent().extents for text in axes.texts]).reshape(-1, 4)
        bars = np.concatenate([at - half, at + half], axis=1)
        corners = _labels.place(at, extents, area=box.extents, bars=bars, taken=taken, radius=_DOT_POINTS / 2 * point)
    to_data = axes.transData.inverted()
    for dot, centre, corner, extent in zip(dots, at, corners, extents, strict=True):
        (end,) = _labels.end_of_leader(centre, np.concatenate([corner, corner + extent])[None])
        away = np.hypot(*(end - centre))
        if away > 8 * point:  # a fine line to a name that lies away from its dot
            line = to_data.transform([centre, end + (centre - end) * 2 * point / away])
            axes.plot(*line.T, color=INK, linewidth=0.5, alpha=0.4, zorder=1)
        left = corner[0] + extent[0] > centre[0]  # the side towards the dot is kept whatever the font
        x, y = to_data.transform(corner + extent * (0 if left else 1, 0.5))
        weight = "bold" if dot.bold else "normal"
        axes.text(x, y, dot.name, ha="left" if left else "right", va="center", fontweight=weight, **_PLAIN)


def _columns(axes: Axes, at: Array, extents: Array, counts: Sequence[int]) -> Array | None:
    """Names in a column to the right of each group, in the order of the dots; None if they would lie on another."""
    if not counts:
        return None
    point, box = axes.figure.dpi / 72, axes.get_window_extent()
    corners = np.empty_like(at)
    for end, count in zip(np.cumsum(counts), counts, strict=True):
        here = slice(end - count, end)
        left = at[here, 0].max() + 16 * point
        right = box.x1 if end == len(at) else at[end:, 0].min() - 4 * point
        if left + extents[here, 0].max() > right:
            return None
        height = float(extents[0, 1])
        corners[here, 0] = left
        corners[here, 1] = _labels.hang(at[here, 1] - height / 2, height, box.y0)
    return corners
