"""A comparison of classifiers of sounds: tables and figures of its rows, folds and ablations, and the long table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from limbeck._words import duration
from limbeck.evaluation.sounds import AblationFacts, Cell, SoundResults
from limbeck.evaluation.sounds.metrics import PURITY
from limbeck.report._drawing import BLUE, COLOURS, INK, ORANGE, legend, quiet, rows, save, short
from limbeck.report.model import Document, Field, Repeats, Sheet, Spread, leading, means, plain
from limbeck.report.statistics import bold_rule, paired

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NEIGHBOURS = "neighbours"
MARKS = ("o", "s", "D", "^", "v", "P", "X", "<", ">")
LINES = ("-", (0, (4, 2)), (0, (1, 1.5)))
_LETTERS = 38
_COLUMNS = ("ablation", "row", "point", "variant", "x", "fold", "draw", "value", "number", "seconds")


def document(results: SoundResults, pictures: Mapping[str, str] | None = None) -> Document:
    """All `results` as writers print them; `pictures`, addresses by key of a table, stand below their tables."""
    numbers = [
        {name: value for name, value in asdict(c).items() if name != "values"} | {"value": name, "number": number}
        for c in results.cells
        for name, number in c.values.items()
    ]
    return Document(
        title=results.title,
        dataset=results.dataset,
        sheets=tuple(sheets(results)),
        about=results.about,
        numbers=numbers,
        columns=_COLUMNS,
        data=results.to_json(),
        pictures=pictures or {},
    )


def sheets(results: SoundResults) -> list[Sheet]:
    """All tables: the rows, the folds where there are several, then one for each ablation. None without results."""
    if not (cells := results.of()):
        return []
    made = [_rows(results)]
    folds = list(dict.fromkeys(c.fold for c in cells))
    if len(folds) > 1:
        value = next(iter(cells[0].values))
        lines = [
            (Field(row), *(_field(results.of(row=row, fold=f), value, plain=True) for f in folds))
            for row in results.rows
        ]
        made.append(Sheet("folds", f"Every fold: {value}", ("classifier", *folds), 1, tuple(lines)))
    return made + [_ablation(results, facts) for facts in results.ablations]


def _rows(results: SoundResults) -> Sheet:
    cells = results.of()
    names = list(dict.fromkeys(name for c in cells for name in c.values if name not in (PURITY, NEIGHBOURS)))
    purity = any(PURITY in c.values for c in cells)
    repeats = {row: by_fold(results.of(row=row)) for row in results.rows}
    rivals = {row: values for row, values in repeats.items() if row not in results.supervised}
    bold = leading(rivals, dict.fromkeys(names, False))
    level = {row: means(values, names[0]) for row, values in repeats.items()}
    columns = ["classifier", "labels seen", *names, f"difference to {results.baseline} (points)"]
    columns += ["neighbours", PURITY] if purity else []
    lines = []
    for row in results.rows:
        own = [c for c in cells if c.row == row]
        line = [Field(row), Field("the pool's" if row in results.supervised else "none")]
        line += [_field(own, name, bold=name in bold.get(row, ())) for name in names]
        baseline = {} if row == results.baseline else level[results.baseline]
        line.append(Field.of_difference(paired(level[row], baseline)))
        line += [_field(own, name, plain=True) for name in (NEIGHBOURS, PURITY)] if purity else []
        lines.append((*line, Field(duration(sum(c.seconds for c in own) / max(1, len(own))))))
    folds = results.about["folds"]
    sizes = "; ".join(f"{n}: {s['pool']} in the pool, {s['test']} tested" for n, s in folds.items())
    return Sheet(
        key="rows",
        title="Classifiers",
        columns=(*columns, "time of a fold"),
        names=2,
        lines=tuple(lines),
        rules=(
            f"Mean ± sample standard deviation over {len(folds)} folds ({sizes})."
            if len(folds) > 1
            else f"One split ({sizes}); ± sample standard deviation over draws, where there are several.",
            "Difference: paired t-test over folds, with 95 % interval. "
            f"{bold_rule('row that sees no labels', 'folds')} Time: learning and classifying from embeddings.",
        ),
    )


def _ablation(results: SoundResults, facts: AblationFacts) -> Sheet:
    value, ablation = next(iter(results.of()[0].values)), facts.name
    cells = results.of(ablation)
    rows = [row for row in results.rows if any(c.row == row for c in cells)]
    pure = _purities(results, ablation, rows) if facts.axis else {}
    variants = any(c.variant for c in cells)
    first = {row: [c for c in cells if (c.row, c.point) == (row, cells[0].point)] for row in rows}
    compared = {row: f"{row}: difference to {cells[0].point}" for row in rows} if facts.against_first else {}
    lines = []
    for point, variant in dict.fromkeys((c.point, c.variant) for c in cells):
        here = {row: results.of(ablation, row=row, point=point, variant=variant) for row in rows}
        found = [_field(here[row], value) for row in rows] + [_field(here[row], PURITY, plain=True) for row in pure]
        for row in compared:
            apart = paired(*(means(by_fold(some), value) for some in (here[row], first[row])))
            found.append(Field() if here[row] == first[row] else Field.of_difference(apart))
        lines.append((Field(point), *([Field(variant)] if variants else []), *found))
    columns = [facts.axis or ablation, *(["pool"] if variants else []), *rows, *pure.values(), *compared.values()]
    about = [f"{facts.title}: {facts.about}"] if facts.about else []
    about += ["Difference in points: paired t-test over folds, with 95 % interval."] if compared else []
    return Sheet(
        plain(ablation), f"{facts.title}: {value}", tuple(columns), 1 + variants, tuple(lines), rules=tuple(about)
    )


def _purities(results: SoundResults, ablation: str, rows: Sequence[str]) -> dict[str, str]:
    """Rows whose purity is shown, with the column's heading; rows that have the same neighbours share one."""
    kept: dict[tuple[float, ...], list[str]] = {}
    for row in rows:
        if series := tuple(c.values[PURITY] for c in results.of(ablation, row=row) if PURITY in c.values):
            kept.setdefault(series, []).append(row)
    return {alike[0]: PURITY if len(kept) == 1 else f"{' and '.join(alike)}: {PURITY}" for alike in kept.values()}


def by_fold(cells: Iterable[Cell]) -> Repeats:
    """The values of `cells` as draws of their folds."""
    return [(cell.fold, cell.values) for cell in cells]


def _field(cells: Iterable[Cell], value: str, *, bold: bool = False, plain: bool = False) -> Field:
    if (found := Spread.of(by_fold(cells), value, over_trials=True)) is None:
        return Field()
    if value == NEIGHBOURS:
        return Field(f"{found.mean:.3g}", found.mean)
    return Field(f"{found.mean:.1f}" if plain else found.text(), found.mean, bold)


def write(results: SoundResults, folder: Path) -> dict[str, tuple[Path, Path]]:
    """All figures of `results` as PNG and SVG into a `folder`: both paths, by ``"rows"`` and names of ablations.

    Raises `MissingExtraError` where matplotlib is not installed.
    """
    drawn = {"rows": _rings(results)} | {plain(s.name): curve(results, s) for s in results.ablations}
    return {name: save(figure, folder / name) for name, figure in drawn.items() if figure is not None}


def _rings(results: SoundResults) -> Figure:
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
    rows(axes, [short(row, _LETTERS) for row in results.rows], above=0.7)
    axes.set_xlabel(f"{value}; rings: folds; squares: rows that see labels")
    return figure


def curve(results: SoundResults, ablation: AblationFacts) -> Figure | None:
    """The main number of each row along the axis of an `ablation` of `results`, with its deviation over folds.

    Below it stand differences to the first place, where the ablation is about these, and the purity; rows that choose
    the same neighbours share one curve of it. None where the ablation has no axis, or fewer than two places on it.
    """
    cells = [c for c in results.of(ablation.name) if c.x is not None]
    places = sorted({float(c.x) for c in cells if c.x is not None})
    if not ablation.axis or len(places) < 2:
        return None
    purities = {round(c.values[PURITY], 6) for c in cells if PURITY in c.values}
    value = next(iter(cells[0].values))
    apart = f"difference to {places[0]:g} (points)"
    panels = [value, *[apart] * ablation.against_first, *[PURITY] * (len(purities) > 1)]
    figure = quiet(6.4, 3.6 + 2.2 * (len(panels) - 1))
    grid = figure.subplots(len(panels), sharex=True, squeeze=False, height_ratios=[1.6, 1, 1][: len(panels)])[:, 0]
    for axes, name in zip(grid, panels, strict=True):
        if name == apart:
            _draw_differences(axes, results, cells, value)
        else:
            _draw_curves(axes, results, cells, name)
        axes.set_ylabel(name)
        axes.grid(alpha=0.15, color=INK)
    if ablation.log:
        grid[-1].set_xscale("log")
    grid[-1].set_xticks(places, [f"{x:g}" for x in places])
    grid[-1].minorticks_off()
    grid[-1].set_xlabel(ablation.axis)
    legend(grid[0], above=True, ncols=2, handlelength=3.2)
    return figure


def _draw_differences(axes: Axes, results: SoundResults, cells: Sequence[Cell], value: str) -> None:
    """How far each row is from its first place, with 95 % intervals, rows side by side so that these can be told."""
    places = sorted({float(c.x) for c in cells if c.x is not None})
    rows = [row for row in results.rows if any(c.row == row for c in cells)]
    aside = (places[-1] - places[0]) / 100
    for number, row in enumerate(rows):
        level = {x: means(by_fold(c for c in cells if (c.row, c.x) == (row, x)), value) for x in places}
        found = {x: paired(level[x], level[places[0]]) for x in places[1:]}
        known = {x + (number - (len(rows) - 1) / 2) * aside: d for x, d in found.items() if d is not None}
        place = results.rows.index(row) % len(COLOURS)
        mean = [d.mean for d in known.values()]
        ends = [[abs((end if end is not None else d.mean) - d.mean) for end in (d.low, d.high)] for d in known.values()]
        look: dict[str, Any] = {"marker": MARKS[place], "color": COLOURS[place], "linestyle": "none", "ms": 4.5}
        axes.errorbar(list(known), mean, yerr=list(zip(*ends, strict=True)), elinewidth=0.9, capsize=2, **look)
    axes.axhline(0, color=INK, linewidth=0.8)


def _draw_curves(axes: Axes, results: SoundResults, cells: Sequence[Cell], value: str) -> None:
    """Rows whose curves are the same are drawn once, in ink; variants that are the same once, under the row's name."""
    curves: dict[tuple[tuple[float, float, float], ...], list[tuple[str, str]]] = {}
    for row in results.rows:
        for variant in dict.fromkeys(c.variant for c in cells if c.row == row):
            own = [c for c in cells if (c.row, c.variant) == (row, variant)]
            at = sorted({float(c.x) for c in own if c.x is not None})
            here = {x: by_fold(c for c in own if c.x == x) for x in at}
            if found := {x: s for x in at if (s := Spread.of(here[x], value, over_trials=True))}:
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
