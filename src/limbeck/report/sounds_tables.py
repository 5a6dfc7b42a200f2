"""Tables of a comparison of classifiers of sounds: the rows, every fold, every ablation, and the long table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from limbeck._words import duration
from limbeck.evaluation.sounds import AblationFacts, Cell, SoundResults
from limbeck.evaluation.sounds.metrics import PURITY
from limbeck.report.model import Document, Field, Repeats, Sheet, Spread, best, means, plain
from limbeck.report.statistics import bold_rule, paired

NEIGHBOURS = "neighbours"
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
    if not results.of():
        return []
    made = [_rows(results)]
    if len({c.fold for c in results.of()}) > 1:
        made.append(_folds(results))
    return made + [_ablation(results, facts) for facts in results.ablations]


def _rows(results: SoundResults) -> Sheet:
    cells = results.of()
    names = list(dict.fromkeys(name for c in cells for name in c.values if name not in (PURITY, NEIGHBOURS)))
    purity = any(PURITY in c.values for c in cells)
    trials = {row: by_fold(results.of(row=row), reference=row in results.supervised) for row in results.rows}
    bold = best(trials, dict.fromkeys(names, False))
    level = {row: means(folds, names[0]) for row, folds in trials.items()}
    columns = ["classifier", "labels seen", *names, f"difference to {results.baseline} (points)"]
    columns += ["neighbours", PURITY] if purity else []
    lines = []
    for row in results.rows:
        own = [c for c in cells if c.row == row]
        line = [Field(row), Field("the pool's" if row in results.supervised else "none")]
        line += [_field(own, name, bold=name in bold[row]) for name in names]
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


def _folds(results: SoundResults) -> Sheet:
    value = next(iter(results.of()[0].values))
    folds = list(dict.fromkeys(c.fold for c in results.of()))
    lines = [
        (Field(row), *(_field([c for c in results.of(row=row) if c.fold == f], value, plain=True) for f in folds))
        for row in results.rows
    ]
    return Sheet("folds", f"Every fold: {value}", ("classifier", *folds), 1, tuple(lines))


def _ablation(results: SoundResults, facts: AblationFacts) -> Sheet:
    value, ablation = next(iter(results.of()[0].values)), facts.name
    cells = results.of(ablation)
    rows = [row for row in results.rows if any(c.row == row for c in cells)]
    pure = _purities(results, ablation, rows) if facts.axis else {}
    variants = any(c.variant for c in cells)
    lines = []
    for point, variant in dict.fromkeys((c.point, c.variant) for c in cells):
        here = [c for c in cells if (c.point, c.variant) == (point, variant)]
        named = [Field(point), *([Field(variant)] if variants else [])]
        found = [_field([c for c in here if c.row == row], value) for row in rows]
        found += [_field([c for c in here if c.row == row], PURITY, plain=True) for row in pure]
        lines.append((*named, *found))
    columns = [facts.axis or ablation, *(["pool"] if variants else []), *rows, *pure.values()]
    about = (f"{facts.title}: {facts.about}",) if facts.about else ()
    return Sheet(plain(ablation), f"{facts.title}: {value}", tuple(columns), 1 + variants, tuple(lines), rules=about)


def _purities(results: SoundResults, ablation: str, rows: Sequence[str]) -> dict[str, str]:
    """Rows whose purity is shown, with the column's heading; rows that have the same neighbours share one."""
    kept: dict[tuple[float, ...], list[str]] = {}
    for row in rows:
        if series := tuple(c.values[PURITY] for c in results.of(ablation, row=row) if PURITY in c.values):
            kept.setdefault(series, []).append(row)
    return {alike[0]: PURITY if len(kept) == 1 else f"{' and '.join(alike)}: {PURITY}" for alike in kept.values()}


def by_fold(cells: Sequence[Cell], *, reference: bool = False) -> list[Repeats]:
    """Trials of a row's `cells` at one point: a fold each, with its draws; a `reference` takes no part in bold."""
    folds: dict[str, list[Mapping[str, float]]] = {}
    for cell in cells:
        folds.setdefault(cell.fold, []).append(cell.values)
    return [Repeats(fold, values, reference=reference) for fold, values in folds.items()]


def _field(cells: Sequence[Cell], value: str, *, bold: bool = False, plain: bool = False) -> Field:
    found = Spread.over_trials(by_fold(cells), value)
    if found is None:
        return Field()
    if value == NEIGHBOURS:
        return Field(f"{found.mean:.3g}", found.mean)
    return Field(f"{found.mean:.1f}" if plain else found.text(), found.mean, bold)
