"""Figures of a comparison of classifiers of sounds: the rows, and a curve for each ablation that has an axis."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from limbeck.evaluation.sounds import AblationFacts, Cell, SoundResults
from limbeck.evaluation.sounds.metrics import PURITY
from limbeck.report import _drawing
from limbeck.report._drawing import BLUE, COLOURS, INK, ORANGE, legend_above, quiet, short
from limbeck.report.model import Spread, means, plain
from limbeck.report.sounds_tables import by_fold

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKS = ("o", "s", "D", "^", "v", "P", "X", "<", ">")
LINES = ("-", (0, (4, 2)), (0, (1, 1.5)))
_LETTERS = 38


def write(results: SoundResults, folder: Path) -> dict[str, tuple[Path, Path]]:
    """All figures of `results` as PNG and SVG into a `folder`: both paths, by ``"rows"`` and names of ablations.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    drawn = {"rows": rows(results)} | {plain(s.name): curve(results, s) for s in results.ablations}
    return {name: _drawing.save(figure, folder / name) for name, figure in drawn.items() if figure is not None}


def rows(results: SoundResults) -> Figure:
    """The main number of every row: each fold a small ring, the mean a filled mark."""
    value = next(iter(results.of()[0].values))
    figure = quiet(6.4, 0.8 + 0.3 * len(results.rows))
    axes = figure.subplots()
    for place, row in enumerate(results.rows):
        repeats = by_fold(results.of(row=row))
        if (found := Spread.of(repeats, value, over_trials=True)) is None:
            continue
        folds = list(means(repeats, value).values())
        colour, mark = (ORANGE, "s") if row in results.supervised else (BLUE, "o")
        axes.plot(folds, [place] * len(folds), "o", ms=4, mfc="none", mec=colour, alpha=0.6)
        axes.plot(found.mean, place, mark, ms=7, color=colour)
        text, above = f"{found.mean:.1f}", (0, 6)
        axes.annotate(text, (found.mean, place), above, textcoords="offset points", ha="center", fontsize=7.5)
    _drawing.rows(axes, [short(row, _LETTERS) for row in results.rows], above=0.7)
    axes.set_xlabel(f"{value}; rings: folds; squares: rows that see labels")
    return figure


def curve(results: SoundResults, ablation: AblationFacts) -> Figure | None:
    """The main number of each row along the axis of an `ablation` of `results`, with its deviation over folds.

    Below it stands the purity; rows that choose the same neighbours share one curve of it. None where the ablation has
    no axis, or fewer than two places on it.
    """
    cells = [c for c in results.of(ablation.name) if c.x is not None]
    places = sorted({float(c.x) for c in cells if c.x is not None})
    if not ablation.axis or len(places) < 2:
        return None
    purities = {round(c.values[PURITY], 6) for c in cells if PURITY in c.values}
    panels = [next(iter(cells[0].values)), *[PURITY] * (len(purities) > 1)]
    figure = quiet(6.4, 3.6 + 2.2 * (len(panels) - 1))
    grid = figure.subplots(len(panels), sharex=True, squeeze=False, height_ratios=[1.6, 1][: len(panels)])[:, 0]
    for axes, name in zip(grid, panels, strict=True):
        _draw(axes, results, cells, name)
        axes.set_ylabel(name)
        axes.grid(alpha=0.15, color=INK)
    if ablation.log:
        grid[-1].set_xscale("log")
    grid[-1].set_xticks(places, [f"{x:g}" for x in places])
    grid[-1].minorticks_off()
    grid[-1].set_xlabel(ablation.axis)
    legend_above(grid[0], 2, handlelength=3.2)
    return figure


def _draw(axes: Axes, results: SoundResults, cells: Sequence[Cell], value: str) -> None:
    """Rows whose curves are the same are drawn once, in ink; variants that are the same once, under the row's name."""
    curves: dict[tuple[tuple[float, float, float], ...], list[tuple[str, str]]] = {}
    for row in results.rows:
        for variant in dict.fromkeys(c.variant for c in cells if c.row == row):
            own = [c for c in cells if (c.row, c.variant) == (row, variant)]
            at = sorted({float(c.x) for c in own if c.x is not None})
            here = {x: by_fold(c for c in own if c.x == x) for x in at}
            found = {x: s for x in at if (s := Spread.of(here[x], value, over_trials=True))}
            if found:
                curves.setdefault(tuple((x, s.mean, s.sd or 0.0) for x, s in found.items()), []).append((row, variant))
    variants = list(dict.fromkeys(c.variant for c in cells))
    for points, who in curves.items():
        row, variant = who[0]
        place = results.rows.index(row) % len(COLOURS)
        x, mean, deviation = zip(*points, strict=True)
        label = short(", ".join(filter(None, (row, variant if len(who) == 1 else ""))), _LETTERS + 16)
        look: dict[str, Any] = {"marker": MARKS[place], "linestyle": LINES[variants.index(variant) % len(LINES)]}
        look["color"] = INK if len({r for r, _ in who}) > 1 else COLOURS[place]
        look |= {"ms": 4.5, "linewidth": 1.4, "elinewidth": 0.7, "capsize": 2}
        _, _, bars = axes.errorbar(x, mean, yerr=deviation, label=label, **look)
        for bar in bars:
            bar.set_alpha(0.5)
    if axes.get_ylim()[1] > 100:
        axes.set_ylim(top=101.5)
