"""A comparison as plain grids of words, which every form typesets in its own way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from limbeck._words import duration, number, size
from limbeck.evaluation.measures import Column
from limbeck.report import comparison as rules
from limbeck.report._statistics import Difference
from limbeck.report.comparison import Comparison, HeadLine, Line, Section
from limbeck.report.measures import MeasureLine, MeasureTable
from limbeck.report.table import Spread

Heads = Literal["rows", "columns"]
NOTHING = "–"


@dataclass(frozen=True)
class Field:
    """What stands at one place of a table.

    Attributes:
        text: Words.
        value: The number behind them, for sorting; None for words alone.
        bold: Whether it is the best.
        bar: Percent to show as a bar; None for none.
    """

    text: str
    value: float | None = None
    bold: bool = False
    bar: float | None = None


@dataclass(frozen=True)
class Sheet:
    """One table.

    Attributes:
        key: Short name of its own, of letters, digits and hyphens.
        title: Heading.
        columns: Headings of the columns.
        names: How many columns on the left are names rather than numbers.
        lines: Fields, as many as columns.
        references: Positions of lines that are out of competition.
        baseline: Position of the line that others are tested against; None where it has none.
        rules: What it was made by, a sentence or two each.
    """

    key: str
    title: str
    columns: tuple[str, ...]
    names: int
    lines: tuple[tuple[Field, ...], ...]
    references: frozenset[int] = frozenset()
    baseline: int | None = None
    rules: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """Accuracies at one number of pairs under one head, and their differences to the baseline."""

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
    """All heads in one table; None where there is only one.

    Args:
        comparison: The results.
        heads: Whether heads are columns, and methods lines, or the other way round.
    """
    lines = comparison.head_lines
    if not lines:
        return None
    make = _head_columns if heads == "columns" else _head_rows
    columns, names, fields = make(comparison, lines)
    said = _some(rules.SPREAD_RULE, rules.HEADS_RULE, rules.marks_rule(comparison))
    return Sheet("heads", "Heads side by side", columns, names, fields, rules=said)


def every(comparison: Comparison, heads: Heads = "columns") -> Iterator[Sheet]:
    """Every sheet, in the order of reading.

    Args:
        comparison: The results.
        heads: See `side_by_side`.
    """
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
    """A measure's sheets in a comparison."""
    return measure_sheets(table, comparison.rows, rules.marks_rule(comparison))


def measure_sheets(table: MeasureTable, rows: Sequence[str], marks_rule: str = "") -> list[Sheet]:
    """A sheet for every group of a measure's columns.

    Args:
        table: What was measured.
        rows: Names of the rows, in order; real clips, whole, are last, and chance is before them.
        marks_rule: What the signs behind rows' names mean.
    """
    lines = table.lines(rows)
    first = next((i for i, line in enumerate(lines) if line.reference), len(lines))
    found = []
    for place, group in enumerate(table.groups, 1):
        columns = [c for c in table.columns if c.group == group]
        fields = [
            (
                Field(f"{line.row} {line.marks}".rstrip()),
                *(_value(line, c) for c in columns),
                Field(line.n or NOTHING),
                Field(line.mosaic or NOTHING),
                _count(line.training_pairs),
            )
            for line in lines
        ]
        if any(c.name in table.chance for c in columns):
            told = (table.chance.get(c.name) for c in columns)
            values = (
                Field(NOTHING) if x is None else Field(f"{x:.{c.digits}f}", x)
                for x, c in zip(told, columns, strict=True)
            )
            fields.insert(first, (Field("chance"), *values, *[Field(NOTHING)] * 3))
        found.append(
            Sheet(
                key=f"measure-{plain(table.name)}-{budget(table.per_class)}-{place}",
                title=f"{table.title}: {group}" if group else table.title,
                columns=("trained on", *(c.heading for c in columns), "n", "mosaic", "training pairs"),
                names=1,
                lines=tuple(fields),
                references=frozenset(range(first, len(fields))),
                rules=_some(f"{table.name}: {table.about}" if table.about else "", rules.MEASURE_RULE, marks_rule),
            )
        )
    return found


def budget(per_class: int | None) -> str:
    """Pairs a class, as a word."""
    return "all" if per_class is None else str(per_class)


def difference_text(difference: Difference) -> str:
    """A difference with its interval and mark.

    Example:
        >>> real = Difference(2.04, -0.5, 4.6, 0.01, 3, adjusted=0.04)
        >>> difference_text(real), difference_text(Difference(-1.0, None, None, None, 1))
        ('+2.0 (−0.5 to +4.6) *', '−1.0')
    """
    text = signed(difference.mean)
    if difference.low is not None and difference.high is not None:
        text += f" ({signed(difference.low)} to {signed(difference.high)})"
    return f"{text} *" if difference.adjusted is not None and difference.real else text


def signed(value: float) -> str:
    """A number with its sign, and none for nought."""
    text = f"{value:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text.replace("-", "−")


def _key(section: Section, kind: str) -> str:
    return f"{kind}-{budget(section.per_class)}-{plain(section.head)}"


def plain(text: str) -> str:
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in text)


def _some(*sentences: str) -> tuple[str, ...]:
    return tuple(s for s in sentences if s)


def _accuracy_sheet(section: Section, comparison: Comparison) -> Sheet:
    lines = tuple(
        (
            Field(_name(line)),
            *(_spread(line.accuracy.get(key), bold=key in line.best) for key in section.modalities),
            Field(line.n, line.distillations) if line.accuracy else Field(NOTHING),
            Field(line.mosaic or NOTHING),
            _count(line.training_pairs),
            Field(NOTHING) if line.stored_bytes is None else Field(size(line.stored_bytes), line.stored_bytes),
            _time(line),
        )
        for line in section.lines
    )
    columns = (
        "trained on",
        *(f"{key} (%)" for key in section.modalities),
        "n",
        "mosaic",
        "training pairs",
        "stored",
        "time",
    )
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
            *(_difference(line.difference.get(key)) for key in section.modalities),
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


def _head_columns(
    comparison: Comparison, lines: tuple[HeadLine, ...]
) -> tuple[tuple[str, ...], int, tuple[tuple[Field, ...], ...]]:
    """Methods as lines, heads as columns."""
    fields = tuple(
        (
            Field(budget(line.per_class)),
            Field(_name(line)),
            *(_spread(line.accuracy.get(head), bold=head == line.best) for head in comparison.heads),
            Field(line.n),
        )
        for line in lines
    )
    return ("pairs a class", "trained on", *comparison.heads, "n"), 2, fields


def _head_rows(
    comparison: Comparison, lines: tuple[HeadLine, ...]
) -> tuple[tuple[str, ...], int, tuple[tuple[Field, ...], ...]]:
    """Heads as lines, methods as columns."""
    named = {line.row: _name(line) for line in lines}
    rows = [row for row in comparison.rows if row in named]
    at = {(line.per_class, line.row): line for line in lines}
    fields = []
    for per_class in dict.fromkeys(line.per_class for line in lines):
        for head in comparison.heads:
            here = [at.get((per_class, row)) for row in rows]
            values = [
                _spread(line.accuracy.get(head), bold=head == line.best) if line else Field(NOTHING) for line in here
            ]
            fields.append((Field(budget(per_class)), Field(head), *values))
    return ("pairs a class", "head", *(named[row] for row in rows)), 2, tuple(fields)


def _name(line: Line | HeadLine) -> str:
    return f"{line.row} {line.marks}".rstrip()


def _spread(spread: Spread | None, *, bold: bool) -> Field:
    return Field(NOTHING) if spread is None else Field(str(spread), spread.mean, bold, bar=spread.mean)


def _value(line: MeasureLine, column: Column) -> Field:
    spread = line.values.get(column.name)
    if spread is None:
        return Field(NOTHING)
    text = f"{spread.mean:z.{column.digits}f}"
    if spread.sd is not None:
        text += f" ± {spread.sd:.{column.digits}f}"
    return Field(text, spread.mean, column.name in line.best)


def _difference(difference: Difference | None) -> Field:
    return Field(NOTHING) if difference is None else Field(difference_text(difference), difference.mean)


def _count(value: int | None) -> Field:
    return Field(NOTHING) if value is None else Field(number(value), value)


def _time(line: Line) -> Field:
    if line.distill_seconds is None or line.reference:
        return Field(NOTHING)
    return Field(duration(line.distill_seconds), line.distill_seconds)
