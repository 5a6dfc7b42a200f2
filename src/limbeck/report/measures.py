"""Tables of what was measured beside accuracy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from pydantic import ConfigDict

from limbeck.datasets import LabelledClips
from limbeck.evaluation import Score
from limbeck.evaluation.measures import Column, Measure
from limbeck.report.model import (
    NOTHING,
    Distillation,
    Field,
    Sheet,
    Spread,
    TableRow,
    best,
    budget,
    budget_words,
    plain,
)
from limbeck.report.statistics import bold_rule, counted

RULE = (
    "Measures: mean ± sample standard deviation over all repeats; n counts distillations × repeats of each. "
    f"{bold_rule('row', 'distillations')} Each column by itself: among many a few are bold by chance. "
    "Chance and rows of real clips, whole, take no part."
)


@dataclass(frozen=True)
class Entry:
    """What was measured of one set, of all its repeats; see `Distillation` for the rest."""

    row: str
    found: Score
    sees_labels: bool = False


@dataclass(frozen=True, kw_only=True)
class MeasureCell(Distillation):
    """One distillation in a measure's table: columns by name, for each repeat; what cannot be told is left out."""

    values: tuple[dict[str, float], ...]


@dataclass(frozen=True, kw_only=True)
class MeasureLine(TableRow):
    """A row of a measure's table: spreads over all repeats of all distillations, by column.

    `n` are distillations × repeats, as text; empty where nothing was measured.
    """

    values: dict[str, Spread] = field(default_factory=dict)
    n: str = ""


@dataclass(frozen=True)
class MeasureTable:
    """What one measure found at one budget.

    Attributes:
        per_class: Samples stored per class; None for rows without such a number.
        about: What a reader must know beside it.
        chance: Columns of a guess that knows nothing, by name.
        cells: Results; real clips, whole, are in every table.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    name: str
    per_class: int | None
    columns: tuple[Column, ...]
    about: str
    chance: dict[str, float]
    cells: tuple[MeasureCell, ...]

    @property
    def title(self) -> str:
        """Measure and budget, as a heading."""
        return self.name if self.per_class is None else f"{self.name}, {budget_words(self.per_class)}"

    def lines(self, rows: Sequence[str]) -> list[MeasureLine]:
        """The table's rows, those without results too."""
        groups: dict[str, list[MeasureCell]] = {row: [c for c in self.cells if c.row == row] for row in rows}
        bold = best(groups, {c.name: c.better == "lower" for c in self.columns if c.better != "neither"})
        lines = []
        for row, cells in groups.items():
            values = {c.name: found for c in self.columns if (found := Spread.of(cells, c.name))}
            for column in self.columns:
                if column.better == "neither" and column.name in values and values[column.name].sd == 0:
                    values[column.name] = replace(values[column.name], sd=None)  # a size, say: the same in every repeat
            repeats = [len(c.values) for c in cells]
            n = counted(len(cells), (min(repeats), max(repeats))) if cells else ""
            lines.append(MeasureLine.of(row, cells, bold[row], values=values, n=n))
        return lines


def table(
    name: str,
    measure: Measure,
    test: LabelledClips,
    entries: Sequence[Entry],
    *,
    per_class: int | None,
    references: Mapping[str, Sequence[Score]],
) -> MeasureTable:
    """The table of what a `measure`, called `name`, found on `test` clips of several sets, the `entries`.

    They have one budget, in samples stored `per_class`; None where rows differ in it. The `references` are what was
    found of random samples and of the whole, under ``"random"`` and ``"whole"``; see `Measure.show`.
    """
    letters = tuple(entries[0].found.letters.values()) if entries else ()
    cells = tuple(
        MeasureCell(
            row=entry.row,
            seed=entry.found.seed,
            values=tuple(entry.found.shown(measure, references)),
            hold=entry.found.trained_on.hold,
            training_samples=entry.found.trained_on.samples,
            labels=entry.found.trained_on.labels,
            sees_labels=entry.sees_labels,
            reference=entry.found.trained_on.kind == "clips",
        )
        for entry in entries
    )
    return MeasureTable(
        name=name,
        per_class=per_class,
        columns=tuple(measure.columns(letters)),
        about=measure.about(test),
        chance=measure.chance(test),
        cells=cells,
    )


def measure_sheets(table: MeasureTable, rows: Sequence[str], marks_rule: str = "") -> list[Sheet]:
    """A sheet for every group of columns in a measure's `table`, its `rows` by name, in order.

    Real clips, whole, are last, and chance is before them; `marks_rule` says what signs behind names mean.
    """
    lines = table.lines(rows)
    first = next((i for i, line in enumerate(lines) if line.reference), len(lines))
    found = []
    for place, group in enumerate(dict.fromkeys(c.group for c in table.columns), 1):
        columns = [c for c in table.columns if c.group == group]
        fields = [
            (
                Field(line.name),
                *(Field.of_spread(line.values.get(c.name), bold=c.name in line.best, digits=c.digits) for c in columns),
                Field(line.n or NOTHING),
                Field(line.hold or NOTHING),
                Field.of_number(line.training_samples),
            )
            for line in lines
        ]
        if any(c.name in table.chance for c in columns):
            chance = {name: Spread(level, None, 1) for name, level in table.chance.items()}
            values = (Field.of_spread(chance.get(c.name), digits=c.digits) for c in columns)
            fields.insert(first, (Field("chance"), *values, *[Field()] * 3))
        found.append(
            Sheet(
                key=f"measure-{plain(table.name)}-{budget(table.per_class)}-{place}",
                title=f"{table.title}: {group}" if group else table.title,
                columns=("trained on", *(c.heading for c in columns), "n", "held as", "training samples"),
                names=1,
                lines=tuple(fields),
                references=frozenset(range(first, len(fields))),
                rules=(table.about and f"{table.name}: {table.about}", RULE, marks_rule),
            )
        )
    return found
