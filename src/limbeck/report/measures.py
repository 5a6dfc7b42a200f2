"""Tables of what was measured beside accuracy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from pydantic import ConfigDict

from limbeck.datasets import LabelledClips
from limbeck.evaluation import Score
from limbeck.evaluation.measures import Column, Measure
from limbeck.report.model import (
    NOTHING,
    Budget,
    Distillation,
    Field,
    Repeats,
    Sheet,
    Spread,
    TableRow,
    best,
    plain,
)
from limbeck.report.statistics import bold_rule

RULE = (
    "Measures: mean ± sample standard deviation over all repeats; n counts distillations × repeats of each. "
    f"{bold_rule('row', 'distillations')} Each column by itself: among many a few are bold by chance. "
    "Chance and rows of real clips, whole, take no part."
)


@dataclass(frozen=True, kw_only=True)
class MeasureCell(Distillation):
    """One distillation in a measure's table: columns by name, for each repeat; what cannot be told is left out."""

    values: tuple[dict[str, float], ...]

    @property
    def repeats(self) -> Repeats:
        """The values, each with the seed."""
        return [(self.seed, values) for values in self.values]


@dataclass(frozen=True)
class MeasureTable:
    """What one measure found at one budget.

    Attributes:
        budget: What a set may take.
        about: What a reader must know beside it.
        chance: Columns of a guess that knows nothing, by name.
        cells: Results; real clips, whole, are in every table.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    name: str
    budget: Budget
    columns: tuple[Column, ...]
    about: str
    chance: dict[str, float]
    cells: tuple[MeasureCell, ...]

    @property
    def title(self) -> str:
        """Measure and budget, as a heading."""
        return self.name if self.budget == Budget() else f"{self.name}, {self.budget.words}"

    def lines(self, rows: Sequence[str]) -> list[TableRow]:
        """The table's rows, those without results too; what is the same in every repeat, a size say, has no spread."""
        groups: dict[str, list[MeasureCell]] = {row: [c for c in self.cells if c.row == row] for row in rows}
        bold = best(groups, {c.name: c.better == "lower" for c in self.columns if c.better != "neither"})
        neither = {c.name for c in self.columns if c.better == "neither"}
        lines = []
        for row, cells in groups.items():
            line = TableRow.of(row, cells, [c.name for c in self.columns], best=bold[row])
            same = {c: replace(v, sd=None) for c, v in line.values.items() if c in neither and v.sd == 0}
            lines.append(replace(line, values=line.values | same))
        return lines


def table(
    name: str,
    measure: Measure,
    test: LabelledClips,
    entries: Sequence[tuple[str, Score, bool]],
    *,
    budget: Budget,
    references: Mapping[str, Sequence[Score]],
) -> MeasureTable:
    """The table of what a `measure`, called `name`, found on `test` clips of several sets, the `entries`.

    Each entry has a row's name, what was found of all repeats of a set, and whether networks trained on real labels
    helped to make it. They have one `budget`; an empty one where rows differ in it. The
    `references` are what was found of random samples, ``"random"``, and of the whole, ``"whole"``; see `Measure.show`.
    """
    letters = tuple(entries[0][1].letters.values()) if entries else ()
    cells = tuple(
        MeasureCell(
            row=row,
            seed=found.seed,
            values=tuple(found.shown(measure, references)),
            hold=found.trained_on.hold,
            training_samples=found.trained_on.samples,
            labels=found.trained_on.labels,
            sees_labels=sees_labels,
            reference=found.trained_on.kind == "clips",
        )
        for row, found, sees_labels in entries
    )
    told = {name for cell in cells for values in cell.values for name in values} | (
        chance := measure.chance(test)
    ).keys()
    columns = tuple(c for c in measure.columns(letters) if c.name in told or not told)
    return MeasureTable(name, budget, columns, measure.about(test), chance, cells)


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
                key=f"measure-{plain(table.name)}-{table.budget.key}-{place}",
                title=f"{table.title}: {group}" if group else table.title,
                columns=("trained on", *(c.heading for c in columns), "n", "held as", "training samples"),
                names=1,
                lines=tuple(fields),
                references=frozenset(range(first, len(fields))),
                rules=(table.about and f"{table.name}: {table.about}", RULE, marks_rule),
            )
        )
    return found
