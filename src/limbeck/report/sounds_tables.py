"""Tables of a comparison of classifiers of sounds: the rows, every fold, every ablation, and the long table."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

from limbeck import _files
from limbeck._words import duration
from limbeck.evaluation.sounds import AblationFacts, Cell, SoundResults, summary
from limbeck.evaluation.sounds.metrics import PURITY
from limbeck.report import sounds_figures
from limbeck.report._sheets import NOTHING, Field, Sheet, difference_text, plain
from limbeck.report._statistics import bold_rule, leader, paired
from limbeck.report.forms.latex import sheet_table as _latex
from limbeck.report.forms.markdown import escaped

NEIGHBOURS = "neighbours"
_IN_WORDS = ("words", "command")
_COLUMNS = ("ablation", "row", "point", "variant", "x", "fold", "draw", "value", "number", "seconds")


def main_value(results: SoundResults) -> str:
    """Name of the number that rows are compared by.

    Args:
        results: With at least one cell.
    """
    return next(iter(results.of()[0].values))


def sheets(results: SoundResults) -> list[Sheet]:
    """All tables: the rows, the folds where there are several, then one for each ablation.

    Args:
        results: What a recipe found.
    """
    made = [_rows(results)]
    if len({c.fold for c in results.of()}) > 1:
        made.append(_folds(results))
    return made + [_ablation(results, facts) for facts in results.ablations]


def markdown(results: SoundResults, pictures: dict[str, str] | None = None) -> str:
    """Tables with their rules, facts and command, for a page of documentation.

    Args:
        results: What a recipe found.
        pictures: Addresses of the figures by ablation's name; they stand below the ablation's table.
    """
    about = results.about
    blocks = [f"# {escaped(results.title)}", *([str(about["words"]).strip()] if about.get("words") else [])]
    for sheet in sheets(results):
        rule = ["---"] * sheet.names + ["---:"] * (len(sheet.columns) - sheet.names)
        lines = [[escaped(c) for c in sheet.columns], rule, *([_cell(f) for f in line] for line in sheet.lines)]
        blocks += [f"## {escaped(sheet.title)}", "\n".join(f"| {' | '.join(line)} |" for line in lines)]
        if picture := (pictures or {}).get(sheet.key):
            blocks.append(f"![{escaped(sheet.title)}]({picture})")
        blocks += map(escaped, sheet.rules)
    if about.get("command"):
        blocks += ["Made by:", f"````\n{about['command']}\n````"]
    facts = {"dataset": results.dataset} | {k: v for k, v in about.items() if k not in _IN_WORDS}
    listed = (f"{k}: {v if isinstance(v, str) else json.dumps(v, ensure_ascii=False)}" for k, v in facts.items())
    return "\n\n".join([*blocks, "What was the same in all rows:", "````\n" + "\n".join(listed) + "\n````"]) + "\n"


def latex(results: SoundResults) -> str:
    r"""All tables as a fragment to ``\input``; needs the package booktabs.

    Args:
        results: What a recipe found.
    """
    return "\n".join(["% Needs \\usepackage{booktabs}.", *(_latex(s, results.title) for s in sheets(results))]) + "\n"


def long_table(results: SoundResults) -> str:
    """Comma-separated: one line for every number of every row, fold and draw.

    Args:
        results: What a recipe found.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for c in results.cells:
        where = (c.ablation, c.row, c.point, c.variant, "" if c.x is None else c.x, c.fold, c.draw)
        writer.writerows([*where, name, value, c.seconds] for name, value in c.values.items())
    return out.getvalue()


def write(results: SoundResults, folder: Path | str) -> list[Path]:
    """``table.md``, ``table.tex``, ``table.csv`` and, as PNG and SVG, a figure of the rows and of each ablation.

    Args:
        results: What a recipe found.
        folder: Where to; made if it is not there.

    Returns:
        What was written.

    Raises:
        MissingExtraError: matplotlib is not installed; the tables are written before.
    """
    folder = Path(folder)
    texts = {"table.tex": latex(results), "table.csv": long_table(results), "table.md": markdown(results)}
    for name, text in texts.items():
        _files.write_text(folder / name, text)
    drawn = sounds_figures.write(results, folder)
    _files.write_text(folder / "table.md", markdown(results, {k: png.name for k, (png, _) in drawn.items()}))
    return [folder / name for name in texts] + [path for both in drawn.values() for path in both]


def _rows(results: SoundResults) -> Sheet:
    cells = results.of()
    names = list(dict.fromkeys(name for c in cells for name in c.values if name not in (PURITY, NEIGHBOURS)))
    purity = any(PURITY in c.values for c in cells)
    best = {name: leader(_rivals(results, name)) for name in names}
    columns = ["classifier", "labels seen", *names, f"difference to {results.baseline} (points)"]
    columns += ["neighbours", PURITY] if purity else []
    lines = []
    for row in results.rows:
        own = [c for c in cells if c.row == row]
        line = [Field(row), Field("the pool's" if row in results.supervised else "none")]
        line += [_field(own, name, bold=best[name] == row) for name in names]
        line.append(_difference(results, row, names[0]))
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
    value = main_value(results)
    folds = list(dict.fromkeys(c.fold for c in results.of()))
    lines = [
        (Field(row), *(_field([c for c in results.of(row=row) if c.fold == f], value, plain=True) for f in folds))
        for row in results.rows
    ]
    return Sheet("folds", f"Every fold: {value}", ("classifier", *folds), 1, tuple(lines))


def _ablation(results: SoundResults, facts: AblationFacts) -> Sheet:
    value, ablation = main_value(results), facts.name
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
    about = (facts.about,) if facts.about else ()
    return Sheet(plain(ablation), f"{facts.title}: {value}", tuple(columns), 1 + variants, tuple(lines), rules=about)


def _purities(results: SoundResults, ablation: str, rows: Sequence[str]) -> dict[str, str]:
    """Rows whose purity is shown, with the column's heading; rows that have the same neighbours share one."""
    kept: dict[tuple[float, ...], list[str]] = {}
    for row in rows:
        if series := tuple(c.values[PURITY] for c in results.of(ablation, row=row) if PURITY in c.values):
            kept.setdefault(series, []).append(row)
    return {alike[0]: PURITY if len(kept) == 1 else f"{' and '.join(alike)}: {PURITY}" for alike in kept.values()}


def _rivals(results: SoundResults, value: str) -> dict[str, dict[int, float]]:
    return {
        row: by_fold
        for row in results.rows
        if row not in results.supervised and (by_fold := _by_fold(results.of(row=row), value))
    }


def _by_fold(cells: Sequence[Cell], value: str) -> dict[int, float]:
    found = summary(cells, value)
    return dict(enumerate(found.folds[name] for name in sorted(found.folds))) if found else {}


def _difference(results: SoundResults, row: str, value: str) -> Field:
    if row == results.baseline:
        return Field(NOTHING)
    found = paired(_by_fold(results.of(row=row), value), _by_fold(results.of(row=results.baseline), value))
    return Field(NOTHING) if found is None else Field(difference_text(found), found.mean)


def _field(cells: Sequence[Cell], value: str, *, bold: bool = False, plain: bool = False) -> Field:
    found = summary(cells, value)
    if found is None:
        return Field(NOTHING)
    if value == NEIGHBOURS:
        return Field(f"{found.mean:.3g}", found.mean)
    spread = "" if plain or found.sd is None else f" ± {found.sd:.1f}"
    return Field(f"{found.mean:.1f}{spread}", found.mean, bold)


def _cell(field: Field) -> str:
    return f"**{escaped(field.text)}**" if field.bold else escaped(field.text)
