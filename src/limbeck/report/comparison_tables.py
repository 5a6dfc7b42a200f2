"""A comparison of distillations as sheets, and as a document that writers print."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from limbeck._words import duration, size
from limbeck.report import comparison as rules
from limbeck.report.comparison import Comparison, HeadLine, Line, Section
from limbeck.report.measures import MeasureTable, measure_sheets
from limbeck.report.model import (
    NOTHING,
    Document,
    Field,
    Sheet,
    count_field,
    difference_field,
    plain,
    spread_field,
)

Heads = Literal["rows", "columns"]
HeadSheet = tuple[tuple[str, ...], tuple[tuple[Field, ...], ...]]
"""Columns and lines."""
COLUMNS = (
    "dataset",
    "row",
    "per_class",
    "head",
    "seed",
    "student",
    "modality",
    "accuracy_percent",
    "stored_bytes",
    "training_samples",
    "hold",
    "distill_seconds",
    "student_seconds",
    "labels",
    "sees_labels",
    "reference",
    "baseline",
)
"""Of the long table."""
MEASURED = ("measure", "repeat", "column", "value")
"""Further columns of the long table, where there are measures."""


@dataclass(frozen=True)
class Part:
    """Accuracies at one budget under one head, and their differences to the baseline."""

    section: Section
    accuracy: Sheet
    difference: Sheet | None


def parts(comparison: Comparison) -> list[Part]:
    """Two sheets for every section; no differences where nothing is tested."""
    return [
        Part(
            section,
            _accuracy_sheet(section, comparison),
            _difference_sheet(section, comparison) if section.tested else None,
        )
        for section in comparison.sections
    ]


def side_by_side(comparison: Comparison, heads: Heads = "columns") -> Sheet | None:
    """All heads of a `comparison` in one table, `heads` as its columns or its rows; None where there is only one."""
    if not comparison.head_lines:
        return None
    columns, fields = (_head_columns if heads == "columns" else _head_rows)(comparison)
    said = _some(rules.SPREAD_RULE, rules.HEADS_RULE, rules.marks_rule(comparison))
    return Sheet("heads", "Heads side by side", columns, 2, fields, rules=said)


def every(comparison: Comparison, heads: Heads = "columns") -> Iterator[Sheet]:
    """Every sheet of a `comparison`, in the order of reading; for `heads` see `side_by_side`."""
    overview = side_by_side(comparison, heads)
    if overview:
        yield overview
    for part in parts(comparison):
        yield part.accuracy
        if part.difference:
            yield part.difference
    for table in comparison.measures:
        yield from of_measure(table, comparison)


def of_measure(table: MeasureTable, comparison: Comparison) -> list[Sheet]:
    """Sheets of the `table` of a measure in a comparison."""
    return measure_sheets(table, comparison.rows, rules.marks_rule(comparison))


def document(comparison: Comparison, heads: Heads = "columns") -> Document:
    """All of a `comparison` as writers print it; for `heads` see `side_by_side`."""
    return Document(
        title=comparison.title,
        dataset=comparison.dataset,
        sheets=tuple(every(comparison, heads)),
        about=comparison.about,
        numbers=[*_accuracies(comparison), *_measured(comparison)],
        columns=(*COLUMNS, *(MEASURED if comparison.measures else ())),
        data=comparison.to_json() | {"summary": _summary(comparison)},
    )


def _accuracies(comparison: Comparison) -> Iterator[dict[str, Any]]:
    names = ("row", "per_class", "head", "seed", "stored_bytes", "training_samples", "hold", "distill_seconds")
    for cell in comparison.cells:
        same = {name: getattr(cell, name) for name in (*names, "student_seconds", "labels")}
        same |= _kind(comparison, cell)
        for modality, values in cell.accuracy.items():
            for student, value in enumerate(values):
                yield same | {"student": student, "modality": modality, "accuracy_percent": value}


def _measured(comparison: Comparison) -> Iterator[dict[str, Any]]:
    for table in comparison.measures:
        for cell in table.cells:
            same = {name: getattr(cell, name) for name in ("row", "hold", "training_samples", "seed", "labels")}
            same |= _kind(comparison, cell) | {"per_class": table.per_class, "measure": table.name}
            for repeat, values in enumerate(cell.values):
                for column, value in values.items():
                    yield same | {"repeat": repeat, "column": column, "value": value}


def _kind(comparison: Comparison, cell: Any) -> dict[str, Any]:
    return {
        "dataset": comparison.dataset,
        "sees_labels": int(cell.sees_labels),
        "reference": int(cell.reference),
        "baseline": int(cell.row == comparison.baseline),
    }


def _summary(comparison: Comparison) -> dict[str, Any]:
    sections = []
    for section in comparison.sections:
        lines = []
        for line in section.lines:
            differences = {key: asdict(d) | {"real": d.real} for key, d in line.difference.items()}
            lines.append(asdict(line) | {"best": sorted(line.best), "n": line.n, "difference": differences})
        sections.append({"per_class": section.per_class, "head": section.head, "lines": lines})
    summary: dict[str, Any] = {"unit": "percent", "sections": sections}
    if comparison.measures:
        summary["measures"] = [
            {
                "measure": table.name,
                "per_class": table.per_class,
                "chance": table.chance,
                "lines": [asdict(line) | {"best": sorted(line.best)} for line in table.lines(comparison.rows)],
            }
            for table in comparison.measures
        ]
    return summary


def budget(per_class: int | None) -> str:
    """Samples stored per class, as a word."""
    return "all" if per_class is None else str(per_class)


def _key(section: Section, kind: str) -> str:
    return f"{kind}-{budget(section.per_class)}-{plain(section.head)}"


def _some(*sentences: str) -> tuple[str, ...]:
    return tuple(s for s in sentences if s)


def _accuracy_sheet(section: Section, comparison: Comparison) -> Sheet:
    lines = tuple(
        (
            Field(_name(line)),
            *(spread_field(line.accuracy.get(key), bold=key in line.best, bar=True) for key in section.modalities),
            Field(line.n, line.distillations) if line.accuracy else Field(NOTHING),
            Field(line.hold or NOTHING),
            count_field(line.training_samples),
            Field(NOTHING) if line.stored_bytes is None else Field(size(line.stored_bytes), line.stored_bytes),
            _time(line),
        )
        for line in section.lines
    )
    keys = (f"{key} (%)" for key in section.modalities)
    columns = ("trained on", *keys, "n", "held as", "training samples", "stored", "time")
    references = frozenset(i for i, line in enumerate(section.lines) if line.reference)
    said = _some(rules.SPREAD_RULE, rules.BOLD_RULE, rules.marks_rule(comparison), rules.cost_rule(comparison))
    baseline = next(i for i, line in enumerate(section.lines) if line.row == comparison.baseline)
    return Sheet(_key(section, "accuracy"), section.title, columns, 1, lines, references, baseline, said)


def _difference_sheet(section: Section, comparison: Comparison) -> Sheet:
    rows = [line for line in section.lines if not line.reference and line.row != comparison.baseline]
    closed = [section.gap_closed(line, comparison.baseline) for line in rows]
    told = [key for key in section.modalities if any(key in shares for shares in closed)]
    lines = tuple(
        (
            Field(_name(line)),
            *(difference_field(line.difference.get(key)) for key in section.modalities),
            *(_share(shares.get(key)) for key in told),
        )
        for line, shares in zip(rows, closed, strict=True)
    )
    title = f"{section.title}: difference to {comparison.baseline}"
    gaps = (f"{key} gap closed (%)" for key in told)
    columns = ("trained on", *(f"{key} (points)" for key in section.modalities), *gaps)
    said = _some(rules.difference_rule(comparison), rules.GAP_RULE if told else "", rules.marks_rule(comparison))
    return Sheet(_key(section, "difference"), title, columns, 1, lines, rules=said)


def _share(value: float | None) -> Field:
    return Field(NOTHING) if value is None else Field(f"{value:z.0f}".replace("-", "−"), value)


def _head_columns(comparison: Comparison) -> HeadSheet:
    """Methods as lines, heads as columns."""
    fields = tuple(
        (
            Field(budget(line.per_class)),
            Field(_name(line)),
            *(spread_field(line.accuracy.get(head), bold=head == line.best, bar=True) for head in comparison.heads),
            Field(line.n),
        )
        for line in comparison.head_lines
    )
    return ("stored per class", "trained on", *comparison.heads, "n"), fields


def _head_rows(comparison: Comparison) -> HeadSheet:
    """Heads as lines, methods as columns."""
    lines = comparison.head_lines
    named = {line.row: _name(line) for line in lines}
    rows = [row for row in comparison.rows if row in named]
    at = {(line.per_class, line.row): line for line in lines}
    fields = []
    for per_class in dict.fromkeys(line.per_class for line in lines):
        for head in comparison.heads:
            here = [at.get((per_class, row)) for row in rows]
            values = [
                spread_field(line.accuracy.get(head), bold=head == line.best, bar=True) if line else Field(NOTHING)
                for line in here
            ]
            fields.append((Field(budget(per_class)), Field(head), *values))
    return ("stored per class", "head", *(named[row] for row in rows)), tuple(fields)


def _name(line: Line | HeadLine) -> str:
    return f"{line.row} {line.marks}".rstrip()


def _time(line: Line) -> Field:
    if line.distill_seconds is None or line.reference:
        return Field(NOTHING)
    return Field(duration(line.distill_seconds), line.distill_seconds)
