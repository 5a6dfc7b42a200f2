"""Tables of what was measured beside accuracy."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from pydantic import ConfigDict

from limbeck._words import plural
from limbeck.datasets import LabelledClips
from limbeck.evaluation import Score
from limbeck.evaluation.measures import Column, Measure
from limbeck.report._statistics import counted, leader, marks
from limbeck.report.table import Spread


@dataclass(frozen=True)
class Entry:
    """What was measured of one set.

    Attributes:
        row: Name of the table's row.
        found: Of all its repeats.
        sees_labels: Whether networks trained on the real labels helped to make the set.
    """

    row: str
    found: Score
    sees_labels: bool = False


@dataclass(frozen=True)
class MeasureCell:
    """One distillation in a measure's table.

    Attributes:
        row: Name of the table's row.
        seed: Of the distillation. Cells of one seed are paired.
        values: Columns by name, for each repeat; a column that cannot be told is left out.
        mosaic: How pairs share the room of a stored one, in words.
        training_pairs: Pairs a student sees; None where it is not known.
        labels: Kind of the labels students learn from; see `Cell`.
        sees_labels: Whether networks trained on the real labels helped; see `Cell`.
        reference: Whether this is a whole training split.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    row: str
    seed: int
    values: tuple[dict[str, float], ...]
    mosaic: str = "none"
    training_pairs: int | None = None
    labels: str = "hard"
    sees_labels: bool = False
    reference: bool = False

    @property
    def marks(self) -> str:
        """Comparison class; see `Cell.marks`."""
        return marks(self.labels, self.sees_labels)

    def mean(self, column: str) -> float | None:
        """Mean of a column over the repeats; None where it cannot be told."""
        values = [v[column] for v in self.values if column in v]
        return statistics.fmean(values) if values else None


@dataclass(frozen=True)
class MeasureLine:
    """A row of a measure's table.

    Attributes:
        row: Its name.
        marks: Its comparison class.
        reference: Whether it is out of competition.
        values: Mean and spread over all repeats of all distillations, by column.
        best: Columns in which it is the best of its class beyond chance.
        n: Distillations × repeats, as text; empty where nothing was measured.
        mosaic: How pairs share the room of a stored one, in words.
        training_pairs: Pairs a student sees, mean over distillations.
    """

    row: str
    marks: str = ""
    reference: bool = False
    values: dict[str, Spread] = field(default_factory=dict)
    best: frozenset[str] = frozenset()
    n: str = ""
    mosaic: str = ""
    training_pairs: int | None = None


@dataclass(frozen=True)
class MeasureTable:
    """What one measure found at one number of pairs.

    Attributes:
        name: Of the measure, for people.
        per_class: Pairs stored a class; None for rows without such a number.
        columns: Of the table.
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
        """Measure and pairs, as a heading."""
        return self.name if self.per_class is None else f"{self.name}, {plural(self.per_class, 'pair')} a class"

    @property
    def groups(self) -> tuple[str, ...]:
        """Groups of the columns, in their order."""
        return tuple(dict.fromkeys(c.group for c in self.columns))

    def in_order(self, rows: Sequence[str]) -> MeasureTable:
        """The same with its cells in the order of the rows.

        Args:
            rows: Names of all rows.
        """
        place = {row: i for i, row in enumerate(rows)}
        return replace(self, cells=tuple(sorted(self.cells, key=lambda c: (place[c.row], c.seed))))

    def lines(self, rows: Sequence[str]) -> list[MeasureLine]:
        """The table's rows, those without results too.

        Args:
            rows: Their names, in order.
        """
        groups: dict[str, list[MeasureCell]] = {row: [c for c in self.cells if c.row == row] for row in rows}
        best = self._best({row: cells for row, cells in groups.items() if cells and not cells[0].reference})
        return [self._line(row, cells, frozenset(best[row])) for row, cells in groups.items()]

    def _best(self, rivals: Mapping[str, Sequence[MeasureCell]]) -> Mapping[str, set[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for column in self.columns:
            if column.better == "neither":
                continue
            for signs in {cells[0].marks for cells in rivals.values()}:
                means = {row: _by_seed(cells, column.name) for row, cells in rivals.items() if cells[0].marks == signs}
                first = leader({row: m for row, m in means.items() if m}, lowest=column.better == "lower")
                if first is not None:
                    found[first].add(column.name)
        return found

    def _line(self, row: str, cells: Sequence[MeasureCell], best: frozenset[str]) -> MeasureLine:
        if not cells:
            return MeasureLine(row)
        values = {}
        for column in self.columns:
            told = [v[column.name] for c in cells for v in c.values if column.name in v]
            if told:
                sd = statistics.stdev(told) if len(told) > 1 else None
                if column.better == "neither" and sd == 0:  # a size, say: the same in every repeat
                    sd = None
                values[column.name] = Spread(statistics.fmean(told), sd, len(told))
        repeats = [len(c.values) for c in cells]
        n = counted(len(cells), (min(repeats), max(repeats)))
        seen = [c.training_pairs for c in cells if c.training_pairs is not None]
        return MeasureLine(
            row,
            cells[0].marks,
            cells[0].reference,
            values,
            best,
            n,
            ", ".join(sorted({c.mosaic for c in cells})),
            round(statistics.fmean(seen)) if seen else None,
        )


def table(
    name: str,
    measure: Measure,
    test: LabelledClips,
    entries: Sequence[Entry],
    *,
    per_class: int | None,
    references: Mapping[str, Sequence[Score]],
) -> MeasureTable:
    """The table of what a measure found of several sets at one number of pairs.

    Args:
        name: Of the measure, for people.
        measure: With all its settings.
        test: Test clips.
        entries: What was found.
        per_class: Pairs stored a class; None where rows differ in it.
        references: What was found of random pairs and of the whole, under ``"random"`` and ``"whole"``; see
            `Measure.show`.
    """
    letters = tuple(entries[0].found.letters.values()) if entries else ()
    cells = tuple(
        MeasureCell(
            row=entry.row,
            seed=entry.found.seed,
            values=tuple(entry.found.shown(measure, references)),
            mosaic=_held(entry.found.trained_on.hold),
            training_pairs=entry.found.trained_on.samples,
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


def _held(hold: str) -> str:
    return "none" if hold == "plain" else hold


def _by_seed(cells: Sequence[MeasureCell], column: str) -> dict[int, float]:
    means = {c.seed: c.mean(column) for c in cells}
    return {seed: mean for seed, mean in means.items() if mean is not None}
