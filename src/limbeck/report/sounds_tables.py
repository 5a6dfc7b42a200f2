"""Tables of a comparison of classifiers of sounds: the rows, every fold, every ablation, and the long table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

from limbeck._words import duration
from limbeck.evaluation.sounds import AblationFacts, Cell, SoundResults
from limbeck.evaluation.sounds.metrics import PURITY
from limbeck.report.model import Document, Field, Repeats, Sheet, Spread, leading, means, plain
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
    cells = results.of()
    if not cells:
        return []
    made = [_rows(results)]
    folds = list(dict.fromkeys(c.fold for c in cells))
    if len(folds) > 1:
        value = next(iter(cells[0].values))
        found = {
            row: [_field(results.of(row=row, fold=fold), value, plain=True) for fold in folds] for row in results.rows
        }
        lines = tuple((Field(row), *fields) for row, fields in found.items())
        made.append(Sheet("folds", f"Every fold: {value}", ("classifier", *folds), 1, lines))
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
    lines = []
    for point, variant in dict.fromkeys((c.point, c.variant) for c in cells):
        here = {row: results.of(ablation, row=row, point=point, variant=variant) for row in rows}
        found = [_field(here[row], value) for row in rows] + [_field(here[row], PURITY, plain=True) for row in pure]
        lines.append((Field(point), *([Field(variant)] if variants else []), *found))
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


def by_fold(cells: Iterable[Cell]) -> Repeats:
    """The values of `cells` as draws of their folds."""
    return [(cell.fold, cell.values) for cell in cells]


def _field(cells: Iterable[Cell], value: str, *, bold: bool = False, plain: bool = False) -> Field:
    found = Spread.of(by_fold(cells), value, over_trials=True)
    if found is None:
        return Field()
    if value == NEIGHBOURS:
        return Field(f"{found.mean:.3g}", found.mean)
    return Field(f"{found.mean:.1f}" if plain else found.text(), found.mean, bold)
