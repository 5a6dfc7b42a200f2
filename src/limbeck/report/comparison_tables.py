"""A comparison of distillations as sheets, and as a document that writers print."""

from collections.abc import Iterator
from dataclasses import asdict
from itertools import chain
from typing import Any

from limbeck._words import duration, size
from limbeck.report import comparison as rules
from limbeck.report.comparison import Comparison, Section
from limbeck.report.measures import measure_sheets
from limbeck.report.model import NOTHING, Distillation, Document, Field, Sheet, TableRow, plain

COLUMNS = (
    *("dataset", "row", "per_class", "set_bytes", "head", "seed", "student", "modality", "accuracy_percent"),
    *(
        "stored_bytes",
        "training_samples",
        "hold",
        "distill_seconds",
        "student_seconds",
        "labels",
        "sees_labels",
        "reference",
    ),
    "baseline",
)
"""Of the long table."""
MEASURED = ("measure", "repeat", "column", "value")
"""Further columns of the long table, where there are measures."""


def parts(comparison: Comparison) -> list[tuple[Sheet, Sheet | None]]:
    """Accuracies of every section, and their differences to the baseline, None where nothing is tested."""
    return [
        (_accuracy_sheet(s, comparison), _difference_sheet(s, comparison) if s.tested else None)
        for s in comparison.sections
    ]


def side_by_side(comparison: Comparison) -> Sheet | None:
    """All heads of a comparison in one table, methods as lines, heads as columns; None where there is only one head."""
    if not comparison.head_lines:
        return None
    fields = tuple(
        (
            Field(line.budget.key),
            Field(line.name),
            *(Field.of_spread(line.values.get(h), bold=h in line.best, bar=True) for h in comparison.heads),
            Field(line.n),
        )
        for line in comparison.head_lines
    )
    columns = ("stored per class", "trained on", *comparison.heads, "n")
    said = (rules.SPREAD_RULE, rules.HEADS_RULE, rules.marks_rule(comparison))
    return Sheet("heads", "Heads side by side", columns, 2, fields, rules=said)


def every(comparison: Comparison) -> Iterator[Sheet]:
    """Every sheet of a comparison, in the order of reading."""
    yield from filter(None, (side_by_side(comparison), *chain(*parts(comparison))))
    for table in comparison.measures:
        yield from measure_sheets(table, comparison.rows, rules.marks_rule(comparison))


def document(comparison: Comparison) -> Document:
    """All of a comparison as writers print it."""
    return Document(
        title=comparison.title,
        dataset=comparison.dataset,
        sheets=tuple(every(comparison)),
        about=comparison.about,
        numbers=list(_numbers(comparison)),
        columns=(*COLUMNS, *(MEASURED if comparison.measures else ())),
        data=comparison.to_json() | {"summary": _summary(comparison)},
    )


def _numbers(comparison: Comparison) -> Iterator[dict[str, Any]]:
    """The long table: every accuracy, then every number of the measures."""
    for cell in comparison.cells:
        same = _place(comparison, cell) | asdict(cell.budget)
        for modality, values in cell.accuracy.items():
            for student, value in enumerate(values):
                yield same | {"student": student, "modality": modality, "accuracy_percent": value}
    for table in comparison.measures:
        for measured in table.cells:
            same = _place(comparison, measured) | asdict(table.budget) | {"measure": table.name}
            for repeat, found in enumerate(measured.values):
                for column, value in found.items():
                    yield same | {"repeat": repeat, "column": column, "value": value}


def _place(comparison: Comparison, cell: Distillation) -> dict[str, Any]:
    """What is the same in all numbers of a distillation."""
    same = {name: value for name, value in vars(cell).items() if name in COLUMNS}
    flags = {"sees_labels": int(cell.sees_labels), "reference": int(cell.reference)}
    return same | flags | {"dataset": comparison.dataset, "baseline": int(cell.row == comparison.baseline)}


def _summary(comparison: Comparison) -> dict[str, Any]:
    sections = []
    for section in comparison.sections:
        lines = []
        for line in section.lines:
            told = _told(line)
            told["accuracy"] = told.pop("values")
            told["difference"] = {key: asdict(d) | {"real": d.real} for key, d in line.difference.items()}
            lines.append(told)
        sections.append(asdict(section.budget) | {"head": section.head, "lines": lines})
    measures = [
        {
            "measure": table.name,
            **asdict(table.budget),
            "chance": table.chance,
            "lines": [_told(line) for line in table.lines(comparison.rows)],
        }
        for table in comparison.measures
    ]
    return {"unit": "percent", "sections": sections} | ({"measures": measures} if measures else {})


def _told(line: TableRow) -> dict[str, Any]:
    return asdict(line) | {"best": sorted(line.best), "n": line.n}


def _accuracy_sheet(section: Section, comparison: Comparison) -> Sheet:
    published, printed = comparison.published, rules.published_rule(comparison, section)
    beside = [published] if published and printed else []
    lines = tuple(
        (
            Field(line.name),
            *(Field.of_spread(line.values.get(key), bold=key in line.best, bar=True) for key in section.modalities),
            *(Field.of_number(known.of(line, section.budget), lambda x: f"{x:.1f}") for known in beside),
            Field(line.n, line.distillations) if line.values else Field(),
            Field(line.hold or NOTHING),
            Field.of_number(line.training_samples),
            Field.of_number(line.stored_bytes, size),
            Field.of_number(None if line.reference else line.distill_seconds, duration),
        )
        for line in section.lines
    )
    keys = (f"{key} (%)" for key in section.modalities)
    columns = (
        "trained on",
        *keys,
        *("published (%)" for _ in beside),
        "n",
        "held as",
        "training samples",
        "stored",
        "time",
    )
    references = frozenset(i for i, line in enumerate(section.lines) if line.reference)
    said = (rules.SPREAD_RULE, printed, rules.BOLD_RULE, rules.marks_rule(comparison), rules.cost_rule(comparison))
    baseline = next(i for i, line in enumerate(section.lines) if line.row == comparison.baseline)
    return Sheet(_key("accuracy", section), section.title, columns, 1, lines, references, baseline, said)


def _difference_sheet(section: Section, comparison: Comparison) -> Sheet:
    rows = [line for line in section.lines if not line.reference and line.row != comparison.baseline]
    closed = [section.gap_closed(line, comparison.baseline) for line in rows]
    told = [key for key in section.modalities if any(key in shares for shares in closed)]
    lines = tuple(
        (
            Field(line.name),
            *(Field.of_difference(line.difference.get(key)) for key in section.modalities),
            *(Field.of_number(shares.get(key), lambda x: f"{x:z.0f}".replace("-", "−")) for key in told),
        )
        for line, shares in zip(rows, closed, strict=True)
    )
    title = f"{section.title}: difference to {comparison.baseline}"
    gaps = (f"{key} gap closed (%)" for key in told)
    columns = ("trained on", *(f"{key} (points)" for key in section.modalities), *gaps)
    said = (rules.difference_rule(comparison), rules.GAP_RULE if told else "", rules.marks_rule(comparison))
    return Sheet(_key("difference", section), title, columns, 1, lines, rules=said)


def _key(kind: str, section: Section) -> str:
    return f"{kind}-{section.budget.key}-{plain(section.head)}"
