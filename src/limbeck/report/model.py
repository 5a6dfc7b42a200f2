"""The one model of tables: rows with their repeats, what they come to, and the grid that writers print."""

import math
import statistics
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from pydantic import ConfigDict

from limbeck._words import number, plural, size
from limbeck.report.statistics import Difference, leader, marks

NOTHING = "–"

Repeats = Sequence[tuple[Hashable, Mapping[str, float]]]
"""Numbers by column of every repeat, after its trial: students of a distillation, by seed; draws of a fold, by name.

Rows are paired by trials in tests. What cannot be told is left out.
"""


@dataclass(frozen=True, kw_only=True)
class Distillation(ABC):
    """One distillation, whatever was found of it.

    Attributes:
        seed: Distillations of one seed are paired.
        hold: How samples are held in a stored one, as text.
        training_samples: Samples a student sees; None where it is not known.
        labels: Kind of the labels students learn from; all but "hard" are marked † and compete among themselves.
        sees_labels: Whether networks trained on the real labels helped; marked ‡, and competes among its like.
        reference: Whether this is a whole training split: out of competition, and in every table.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    row: str
    seed: int
    hold: str = "plain"
    training_samples: int | None = None
    labels: str = "hard"
    sees_labels: bool = False
    reference: bool = False

    @property
    def marks(self) -> str:
        """Comparison class: those with the same signs compete with each other."""
        return marks(self.labels, self.sees_labels)

    @property
    @abstractmethod
    def repeats(self) -> Repeats:
        """Its numbers, a repeat for each student."""


@dataclass(frozen=True, kw_only=True)
class TableRow:
    """A row of one table: what its distillations have in common, as `Distillation` says.

    Attributes:
        best: Columns in which it is the best of its class beyond chance.
        hold: That of all distillations, where they differ in it.
        training_samples: Their mean.
        values: Mean and spread over all repeats of all distillations, by column; empty where nothing was run.
        students: Fewest and most repeats of a distillation.
    """

    row: str
    marks: str = ""
    reference: bool = False
    best: frozenset[str] = frozenset()
    hold: str = ""
    training_samples: int | None = None
    values: "dict[str, Spread]" = field(default_factory=dict)
    distillations: int = 0
    students: tuple[int, int] = (0, 0)

    @property
    def name(self) -> str:
        """The row with its signs, as tables show it."""
        return f"{self.row} {self.marks}".rstrip()

    @property
    def n(self) -> str:
        """Distillations × fewest and most students of each, as text; empty where nothing was run.

        Example:
            >>> TableRow(row="dm", distillations=2, students=(1, 3)).n
            '2 × 1–3'
        """
        low, high = self.students
        return f"{self.distillations} × {low if low == high else f'{low}–{high}'}" if self.distillations else ""

    @classmethod
    def of(cls, row: str, cells: Sequence[Distillation], columns: Iterable[str], **own: Any) -> Self:
        """The `row` of its distillations, the `cells`, with their spreads in the `columns`, and what is its `own`."""
        if not cells:
            return cls(row=row)
        every = repeats_of(cells)
        students = [len(c.repeats) for c in cells]
        seen = [c.training_samples for c in cells if c.training_samples is not None]
        found: dict[str, Any] = {
            "marks": cells[0].marks,
            "reference": cells[0].reference,
            "hold": ", ".join(sorted({c.hold for c in cells})),
            "training_samples": round(statistics.fmean(seen)) if seen else None,
            "values": {column: spread for column in columns if (spread := Spread.of(every, column))},
            "distillations": len(cells),
            "students": (min(students), max(students)),
        }
        return cls(row=row, **found | own)


@dataclass(frozen=True)
class Spread:
    """A mean over `n` repeats and their sample standard deviation, None for one repeat."""

    mean: float
    sd: float | None
    n: int

    @classmethod
    def of(cls, repeats: Repeats, column: str, *, over_trials: bool = False) -> "Spread | None":
        """Mean and deviation of a `column` over all `repeats`; None where none has it.

        With `over_trials`, those of the means of trials, where there are several.

        Example:
            >>> folds = [("1", {"n": 1.0}), ("1", {"n": 3.0}), ("2", {"n": 4.0})]
            >>> Spread.of(folds, "n", over_trials=True)
            Spread(mean=3.0, sd=1.41..., n=2)
        """
        levels = means(repeats, column)
        if over_trials and len(levels) > 1:
            values = list(levels.values())
        else:
            values = [repeat[column] for _, repeat in repeats if column in repeat]
        if not values:
            return None
        return cls(statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else None, len(values))

    def text(self, digits: int = 1) -> str:
        """As tables show it.

        Example:
            >>> Spread(3.14, 0.21, 3).text(), Spread(-0.04, None, 1).text()
            ('3.1 ± 0.2', '0.0')
        """
        spread = "" if self.sd is None else f" ± {self.sd:.{digits}f}"
        return f"{self.mean:z.{digits}f}{spread}"

    __str__ = text


@dataclass(frozen=True)
class Field:
    """What stands at one place of a table: words, by default a dash.

    The `value` is the number behind them, for sorting; `bold` is the best; a `bar` is in percent.
    """

    text: str = NOTHING
    value: float | None = None
    bold: bool = False
    bar: float | None = None

    @classmethod
    def of_number(cls, value: float | None, words: Callable[[Any], str] = number) -> "Field":
        """A number `value` in `words`; a dash for none."""
        return cls() if value is None else cls(words(value), value)

    @classmethod
    def of_spread(cls, value: Spread | None, *, bold: bool = False, digits: int = 1, bar: bool = False) -> "Field":
        """A `value` with its deviation, to so many `digits`, `bold` or with a `bar` if asked; a dash for none."""
        return cls() if value is None else cls(value.text(digits), value.mean, bold, value.mean if bar else None)

    @classmethod
    def of_difference(cls, value: Difference | None) -> "Field":
        """A difference with its interval and mark; a dash for none.

        Example:
            >>> real = Difference(2.04, -0.5, 4.6, 0.01, 3, adjusted=0.04)
            >>> Field.of_difference(real).text, Field.of_difference(Difference(-1.0, None, None, None, 1)).text
            ('+2.0 (−0.5 to +4.6) *', '−1.0')
        """
        if value is None:
            return cls()
        text = signed(value.mean)
        if value.low is not None and value.high is not None:
            text += f" ({signed(value.low)} to {signed(value.high)})"
        return cls(f"{text} *" if value.adjusted is not None and value.real else text, value.mean)


@dataclass(frozen=True)
class Sheet:
    """One table as it is printed.

    Attributes:
        key: Short name of its own, of letters, digits and hyphens.
        names: How many columns on the left are names rather than numbers.
        references: Positions of lines that are out of competition.
        baseline: Position of the line that others are tested against; None where it has none.
        rules: What it was made by, a sentence or two each; empty ones are left out.
    """

    key: str
    title: str
    columns: tuple[str, ...]
    names: int
    lines: tuple[tuple[Field, ...], ...]
    references: frozenset[int] = frozenset()
    baseline: int | None = None
    rules: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "rules", tuple(filter(None, self.rules)))


@dataclass(frozen=True)
class Document:
    """Everything writers print of a comparison, whatever it compares.

    Attributes:
        about: What was the same in all rows, JSON-able; ``"words"``, ``"command"``, ``"failed"`` have their own places.
        numbers: The long table: every number with its place, by column; `columns` are its headings in order.
        data: All fields, JSON-able, to be read again, and what follows from them.
        pictures: Addresses of figures by the keys of sheets, below which they stand.
    """

    title: str
    dataset: str
    sheets: tuple[Sheet, ...]
    about: Mapping[str, Any]
    numbers: Sequence[Mapping[str, Any]]
    columns: tuple[str, ...]
    data: Mapping[str, Any]
    pictures: Mapping[str, str] = field(default_factory=dict)


def repeats_of(cells: Iterable[Distillation]) -> Repeats:
    """The repeats of several distillations, one after the other."""
    return [repeat for cell in cells for repeat in cell.repeats]


def means(repeats: Repeats, column: str) -> dict[Hashable, float]:
    """Mean of a `column` over the `repeats` of each trial, by trial; without trials that do not have it."""
    found: dict[Hashable, list[float]] = defaultdict(list)
    for trial, values in repeats:
        if column in values:
            found[trial].append(values[column])
    return {trial: statistics.fmean(values) for trial, values in found.items()}


def best(rows: Mapping[str, Sequence[Distillation]], columns: Mapping[str, bool]) -> dict[str, frozenset[str]]:
    """`leading` columns of all `rows`: those of the same signs compete with each other, references with nobody."""
    rivals = {row: cells for row, cells in rows.items() if cells and not cells[0].reference}
    found: dict[str, frozenset[str]] = defaultdict(frozenset)
    for signs in {cells[0].marks for cells in rivals.values()}:
        found |= leading({row: repeats_of(c) for row, c in rivals.items() if c[0].marks == signs}, columns)
    return found


def leading(rivals: Mapping[str, Repeats], columns: Mapping[str, bool]) -> dict[str, frozenset[str]]:
    """What is bold, everywhere: columns in which a row is the best of its `rivals` by paired tests over trials.

    The `columns` say whether the lowest is the best; rows that lead in none have an empty set.
    """
    found: dict[str, set[str]] = {row: set() for row in rivals}
    for column, lowest in columns.items():
        by_trial = {row: level for row, repeats in rivals.items() if (level := means(repeats, column))}
        if (first := leader(by_trial, lowest=lowest)) is not None:
            found[first].add(column)
    return {row: frozenset(names) for row, names in found.items()}


def signed(value: float) -> str:
    """A number with its sign, and none for zero."""
    text = f"{value:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text.replace("-", "−")


def plain(text: str) -> str:
    """Letters, digits and hyphens alone: a part of a key."""
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in text)


@dataclass(frozen=True)
class Budget:
    """What a set may take: samples stored `per_class`, or `set_bytes` for all classes; neither where nothing limits it.

    Example:
        >>> [str(one) for one in (Budget(per_class=10), Budget(set_bytes=33_280), Budget())]
        ['10 per class', '33.3 kB', 'whole']
        >>> Budget(per_class=1).words
        '1 stored sample per class'
        >>> sorted([Budget(), Budget(set_bytes=9), Budget(per_class=10), Budget(per_class=2)], key=Budget.place)[0].key
        '2'
    """

    per_class: int | None = None
    set_bytes: int | None = None

    def __str__(self) -> str:
        if self.set_bytes is not None:
            return size(self.set_bytes)
        return "whole" if self.per_class is None else f"{self.per_class} per class"

    @property
    def words(self) -> str:
        """For people, as a heading."""
        if self == Budget():
            return "No fixed budget"
        return str(self) if self.per_class is None else budget_words(self.per_class)

    @property
    def key(self) -> str:
        """As a word."""
        if self.set_bytes is not None:
            return f"{self.set_bytes}-bytes"
        return "all" if self.per_class is None else str(self.per_class)

    def place(self) -> tuple[float, float]:
        """What budgets are sorted by: samples, then bytes, then no limit."""
        return (
            math.inf if self.per_class is None else self.per_class,
            math.inf if self.set_bytes is None else self.set_bytes,
        )


def budget_words(per_class: int) -> str:
    """How many samples are stored per class, for people.

    Example:
        >>> budget_words(1), budget_words(10)
        ('1 stored sample per class', '10 stored samples per class')
    """
    return f"{plural(per_class, 'stored sample')} per class"


def rank(modality: str) -> tuple[int, str]:
    """What modalities are sorted by: how many there are together, then the name."""
    return modality.count("+"), modality


def in_order(modalities: Iterable[str]) -> tuple[str, ...]:
    """Modalities as tables show them: each alone, then several together.

    Example:
        >>> in_order({"A+V", "V", "A"})
        ('A', 'V', 'A+V')
    """
    return tuple(sorted(modalities, key=rank))


def headline(modalities: Iterable[str]) -> str:
    """The modality that stands for all: all of them together where there is such an accuracy.

    Example:
        >>> headline(["V", "A+V"]), headline(["V", "A"])
        ('A+V', 'A')
    """
    ordered = in_order(modalities)
    return ordered[-1] if "+" in ordered[-1] else ordered[0]
