"""Figures of a comparison of ways to name sounds: the rows, and a curve for each study that has an axis."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from limbeck.evaluation.sounds import Cell, SoundResults, summary
from limbeck.evaluation.sounds.metrics import PURITY
from limbeck.evaluation.sounds.results import StudyFacts
from limbeck.report import figures
from limbeck.report._sheets import plain
from limbeck.report.figures import INK, quiet, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#3b6fd4", "#c2571a", "#2f8f5b", "#8a56c2", "#b0394f", "#7a7a2a", "#4a5560", "#1d8a99", "#a05a2c")
MARKS = ("o", "s", "D", "^", "v", "P", "X", "<", ">")
LINES = ("-", (0, (4, 2)), (0, (1, 1.5)))
_LETTERS = 38


def write(results: SoundResults, folder: Path) -> dict[str, tuple[Path, Path]]:
    """All figures as PNG and SVG: the rows, and the studies that have an axis.

    Args:
        results: What a recipe found.
        folder: Where to.

    Returns:
        Both paths, by ``"rows"`` and the studies' names.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    drawn = {"rows": rows(results)} | {plain(s.name): curve(results, s) for s in results.studies}
    return {name: figures.save(drawing, folder / name) for name, drawing in drawn.items() if drawing is not None}


def rows(results: SoundResults) -> Figure:
    """The main number of every row: each fold a small ring, the mean a filled mark.

    Args:
        results: What a recipe found.
    """
    value = next(iter(results.of()[0].values))
    figure = quiet(6.4, 0.8 + 0.3 * len(results.rows))
    axes = figure.subplots()
    for place, row in enumerate(results.rows):
        found = summary(results.of(row=row), value)
        if found is None:
            continue
        colour = COLOURS[1] if row in results.supervised else COLOURS[0]
        axes.plot(list(found.folds.values()), [place] * len(found.folds), "o", ms=4, mfc="none", mec=colour, alpha=0.6)
        axes.plot(found.mean, place, MARKS[row in results.supervised], ms=7, color=colour)
        words, above = f"{found.mean:.1f}", (0, 6)
        axes.annotate(words, (found.mean, place), above, textcoords="offset points", ha="center", fontsize=7.5)
    axes.set_yticks(range(len(results.rows)), [short(row, _LETTERS) for row in results.rows], parse_math=False)
    axes.set_ylim(len(results.rows) - 0.5, -0.7)
    axes.set_xlabel(f"{value}; rings: folds; squares: rows that see labels")
    axes.grid(axis="x", alpha=0.15, color=INK)
    axes.tick_params(axis="y", length=0)
    return figure


def curve(results: SoundResults, study: StudyFacts) -> Figure | None:
    """The main number of each row along a study's axis, with its deviation over folds; below it the purity.

    Rows that choose the same neighbours share one curve of purity.

    Args:
        results: What a recipe found.
        study: One of its studies.

    Returns:
        None where the study has no axis, or fewer than two places on it.
    """
    cells = [c for c in results.of(study.name) if c.x is not None]
    if not study.axis or len({c.x for c in cells}) < 2:
        return None
    value = next(iter(cells[0].values))
    panels = [value] + ([PURITY] if _purity_varies(cells) else [])
    figure = quiet(6.4, 3.6 + 2.2 * (len(panels) - 1))
    grid = figure.subplots(len(panels), sharex=True, squeeze=False, height_ratios=[1.6, 1][: len(panels)])[:, 0]
    for axes, name in zip(grid, panels, strict=True):
        _draw(axes, results, cells, name)
        axes.set_ylabel(name)
        axes.grid(alpha=0.15, color=INK)
    places = sorted({float(c.x) for c in cells if c.x is not None})
    if study.log:
        grid[-1].set_xscale("log")
    grid[-1].set_xticks(places, [f"{x:g}" for x in places])
    grid[-1].minorticks_off()
    grid[-1].set_xlabel(study.axis)
    legend = grid[0].legend(
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        ncols=2,
        frameon=False,
        fontsize=8,
        labelcolor=INK,
        handlelength=3.2,
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
    return figure


def _draw(axes: Axes, results: SoundResults, cells: Sequence[Cell], value: str) -> None:
    """Rows whose curves are the same are drawn once, in ink; variants that are the same once, under the row's name."""
    curves: dict[tuple[tuple[float, float, float], ...], list[tuple[str, str]]] = {}
    for row in results.rows:
        for variant in dict.fromkeys(c.variant for c in cells if c.row == row):
            own = [c for c in cells if (c.row, c.variant) == (row, variant)]
            at = sorted({float(c.x) for c in own if c.x is not None})
            found = [(x, s) for x in at if (s := summary([c for c in own if c.x == x], value)) is not None]
            if found:
                curves.setdefault(tuple((x, s.mean, s.sd or 0.0) for x, s in found), []).append((row, variant))
    variants = list(dict.fromkeys(c.variant for c in cells))
    for points, who in curves.items():
        row, variant = who[0]
        place = results.rows.index(row) % len(COLOURS)
        x, mean, deviation = zip(*points, strict=True)
        container = axes.errorbar(
            x,
            mean,
            yerr=deviation,
            color=INK if len({r for r, _ in who}) > 1 else COLOURS[place],
            marker=MARKS[place],
            linestyle=LINES[variants.index(variant) % len(LINES)],
            ms=4.5,
            linewidth=1.4,
            elinewidth=0.7,
            capsize=2,
            label=short(", ".join(filter(None, (row, variant if len(who) == 1 else ""))), _LETTERS + 16),
        )
        for bar in container[2]:
            bar.set_alpha(0.5)
    if axes.get_ylim()[1] > 100:
        axes.set_ylim(top=101.5)


def _purity_varies(cells: Sequence[Cell]) -> bool:
    return len({round(c.values[PURITY], 6) for c in cells if PURITY in c.values}) > 1
