"""A comparison of methods: what each distillation and its students reached, and which differences are real.

The random unit of every test is the distillation: a distillation's students are averaged first, and rows are paired by
seed, which their clips and their students share.
"""

import statistics
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, Self

from pydantic import ConfigDict, TypeAdapter, ValidationError

from limbeck._words import duration
from limbeck.errors import InputError
from limbeck.report.measures import MeasureTable
from limbeck.report.model import (
    Budget,
    Distillation,
    Repeats,
    Spread,
    TableRow,
    best,
    headline,
    in_order,
    means,
    rank,
    repeats_of,
)
from limbeck.report.statistics import LABELLED, SOFT, Difference, bold_rule, corrected, leader, paired

LEAST_GAP = 5.0
"""Points between baseline and whole from which on shares of the gap are told."""
GAP_RULE = (
    "Gap closed: the row's mean less the baseline's, in percent of the whole's less the baseline's; told where these "
    "two lie five points apart or more."
)
MARKS = {
    SOFT: "students learn from soft labels",
    LABELLED: "networks trained on the real clips' labels helped to make the set",
}
SPREAD_RULE = (
    "Accuracy on real test clips in percent, mean ± sample standard deviation over all students; n counts "
    "distillations × students of each. Last epoch: nothing is chosen on the test clips."
)
BOLD_RULE = f"{bold_rule('row', 'distillations')} Rows of real clips, whole, are references and take no part."
HEADS_RULE = (
    "Of every head its main modality: both together, or the only one it knows. "
    f"{bold_rule('head of a method', 'distillations')}"
)


@dataclass(frozen=True, kw_only=True)
class Published:
    """What papers print for the same rows, to stand beside what was found here.

    Attributes:
        source: Whose numbers they are, and by which protocol, in words.
        percent: Accuracies by row and samples stored per class.
        whole: Accuracy of the whole training split; None where none is printed.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    source: str
    percent: dict[str, dict[int, float]] = field(default_factory=dict)
    whole: float | None = None

    def of(self, line: "Line", budget: Budget) -> float | None:
        """What is printed for a `line` of the table at a `budget`; None for nothing."""
        if line.reference:
            return self.whole
        return None if budget.per_class is None else self.percent.get(line.row, {}).get(budget.per_class)


@dataclass(frozen=True, kw_only=True)
class Cell(Distillation):
    """One distillation and its students under one head.

    Attributes:
        budget: What the set may take; an empty one for a whole training split.
        accuracy: Percent, one number a student, in the same order, by modality: "A", "V", "A+V", ...
        student_seconds: Mean time of a student's training and test.
        confusion: Counts (true class, predicted class) over the students, with the keys of `accuracy`.

    Raises:
        InputError: Accuracies are missing, are not percent, or their numbers differ.
    """

    budget: Budget
    head: str
    accuracy: dict[str, tuple[float, ...]]
    stored_bytes: int
    training_samples: int
    distill_seconds: float
    student_seconds: float
    confusion: dict[str, list[list[int]]] | None = None

    def __post_init__(self) -> None:
        counts = {len(values) for values in self.accuracy.values()}
        if len(counts) != 1 or 0 in counts:
            raise InputError(
                f"{self} needs one accuracy for each student under every modality, but got: "
                f"{ {k: len(v) for k, v in self.accuracy.items()} }."
            )
        if wrong := [x for values in self.accuracy.values() for x in values if not 0 <= x <= 100]:
            raise InputError(f"{self} has accuracies that are no percentages: {wrong}.")

    def __str__(self) -> str:
        return f"The cell {self.row!r}, {self.budget}, {self.head}, seed {self.seed}"

    @property
    def repeats(self) -> Repeats:
        """Accuracies of each student, by modality, with the seed."""
        return [(self.seed, {key: x[i] for key, x in self.accuracy.items()}) for i in range(self.students)]

    @property
    def students(self) -> int:
        """Number of students."""
        return len(next(iter(self.accuracy.values())))


@dataclass(frozen=True, kw_only=True)
class Line(TableRow):
    """A row of one table; its `values` are accuracies by modality, or by head where heads are compared.

    Attributes:
        budget: What a set may take; an empty one for a whole training split.
        difference: To the baseline, by modality; without the baseline itself and references.
        stored_bytes: What is stored, mean over distillations, as the times that follow.
    """

    budget: Budget = field(default_factory=Budget)
    difference: dict[str, Difference] = field(default_factory=dict)
    stored_bytes: int | None = None
    distill_seconds: float | None = None
    student_seconds: float | None = None


@dataclass(frozen=True)
class Section:
    """One table: rows at the same budget under the same head.

    Attributes:
        budget: What a set may take.
        modalities: What accuracies there are, in the usual order.
        lines: In the comparison's order, those without results too.
        tested: Whether the baseline is there, so that differences to it are told.
    """

    budget: Budget
    head: str
    modalities: tuple[str, ...]
    lines: tuple[Line, ...]
    tested: bool

    @property
    def title(self) -> str:
        """Budget and head, as a heading."""
        return f"{self.budget.words}, head {self.head}"

    def gap_closed(self, line: Line, baseline: str) -> dict[str, float]:
        """How much of the way from the row called `baseline` to the whole a `line` goes, percent, by modality.

        Differences of the means over all students. Left out where the whole is missing or less than `LEAST_GAP` points
        above the baseline: a share of little says nothing.
        """
        whole = next((x.values for x in self.lines if x.reference), {})
        begin = next((x.values for x in self.lines if x.row == baseline), {})
        gaps = {key: whole[key].mean - begin[key].mean for key in line.values.keys() & whole.keys() & begin.keys()}
        far = {key: gap for key, gap in gaps.items() if gap >= LEAST_GAP}
        return {key: 100 * (line.values[key].mean - begin[key].mean) / gap for key, gap in far.items()}


@dataclass(frozen=True)
class Comparison:
    """Everything a benchmark found, as far as it is done.

    The order in which cells come does not matter: they are kept in the order of `rows`.

    Attributes:
        about: What was the same in all cells, JSON-able. Some names are looked for: ``"words"`` (a text for readers,
            Markdown), ``"chance_percent"``, ``"class_names"`` (for the confusion matrix), ``"command"``, ``"failed"``
            (why jobs failed, by job). All of it is shown.
        baseline: Name of the row that the others are tested against.
        rows: Names of the rows in the order of the tables.
        measures: Tables of what was measured beside accuracy.
        published: What papers print for the same rows.

    Raises:
        InputError: Cells, rows and baseline do not fit together.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    title: str
    dataset: str
    about: dict[str, Any]
    cells: tuple[Cell, ...]
    baseline: str
    rows: tuple[str, ...]
    measures: tuple[MeasureTable, ...] = ()
    published: Published | None = None

    def __post_init__(self) -> None:
        place = {row: i for i, row in enumerate(self.rows)}
        entered = {c.row for c in self.cells} | {c.row for t in self.measures for c in t.cells}
        strangers = sorted(entered - set(place))
        if strangers or self.baseline not in place or len(place) != len(self.rows):
            raise InputError(
                f"The rows {list(self.rows)} must differ, and hold the baseline {self.baseline!r} and those of all "
                f"cells; not among them: {strangers}."
            )
        count = Counter((c.row, c.budget, c.head, c.seed) for c in self.cells)
        twice = next((c for c in self.cells if count[c.row, c.budget, c.head, c.seed] > 1), None)
        if twice is not None:
            raise InputError(f"{twice} came more than once.")
        for group in _grouped(self.cells).values():
            if len({(c.marks, c.reference, tuple(sorted(c.accuracy))) for c in group}) > 1:
                raise InputError(
                    f"{group[0]} differs from other seeds of its row in labels, in being a reference, or in what "
                    "accuracies it has; such cells belong to different rows."
                )
        ordered = sorted(self.cells, key=lambda c: (c.head, c.budget.place(), place[c.row], c.seed))
        measures = [
            replace(t, cells=tuple(sorted(t.cells, key=lambda c: (place[c.row], c.seed)))) for t in self.measures
        ]
        object.__setattr__(self, "cells", tuple(ordered))
        object.__setattr__(self, "measures", tuple(measures))

    @cached_property
    def heads(self) -> tuple[str, ...]:
        """Heads, those of one modality first."""
        found: dict[str, set[str]] = defaultdict(set)
        for cell in self.cells:
            found[cell.head] |= set(cell.accuracy)
        return tuple(sorted(found, key=lambda h: (len(found[h]), min(map(rank, found[h])), h)))

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """The tables: by head, then by budget."""
        made = []
        for head in self.heads:
            cells = [c for c in self.cells if c.head == head]
            # References have a table of their own only where there is nothing else.
            leading = [c for c in cells if not c.reference] or cells
            budgets = sorted({c.budget for c in leading}, key=Budget.place)
            made += [self._section(budget, head, cells) for budget in budgets]
        return tuple(made)

    @cached_property
    def head_lines(self) -> tuple[Line, ...]:
        """The same methods under every head, by each head's main modality; empty where there is only one head."""
        if len(self.heads) < 2:
            return ()
        found: dict[tuple[Budget, str], dict[str, list[Cell]]] = defaultdict(dict)
        for (row, budget, head), cells in _grouped(self.cells).items():
            found[budget, row][head] = cells
        lines = []
        for budget, row in sorted(found, key=lambda place: (place[0].place(), self.rows.index(place[1]))):
            heads = found[budget, row]
            reached = {head: (repeats_of(cells), headline(cells[0].accuracy)) for head, cells in heads.items()}
            winner = leader({head: means(*of) for head, of in reached.items()})
            own = Line.of(
                row,
                [cell for cells in heads.values() for cell in cells],
                (),
                best=frozenset(() if winner is None else (winner,)),
                budget=budget,
                values={head: spread for head, of in reached.items() if (spread := Spread.of(*of))},
                distillations=max(map(len, heads.values())),
            )
            lines.append(own)
        return tuple(lines)

    def to_json(self) -> dict[str, Any]:
        """All fields as JSON-able data; without measures and published numbers, if there are none."""
        return {k: v for k, v in asdict(self).items() if k not in ("measures", "published") or v}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The comparison from what `to_json` gave, or from the file of the JSON form; its summary is worked out anew.

        Raises:
            InputError: Something is unknown, missing, or does not fit.
        """
        try:
            return TypeAdapter(cls).validate_python({k: v for k, v in data.items() if k != "summary"})
        except ValidationError as error:
            wrong = "\n".join(f"  {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise InputError(f"This is no comparison:\n{wrong}") from error

    def _section(self, budget: Budget, head: str, cells: Sequence[Cell]) -> Section:
        groups: dict[str, list[Cell]] = defaultdict(list)
        for cell in cells:
            if cell.reference or cell.budget == budget:
                groups[cell.row].append(cell)
        modalities = in_order({key for here in groups.values() for c in here for key in c.accuracy})
        level = repeats_of(groups.get(self.baseline, []))
        rivals = {row: repeats_of(c) for row, c in groups.items() if row != self.baseline and not c[0].reference}
        differences: dict[str, dict[str, Difference]] = defaultdict(dict)
        for key in modalities:
            apart = {row: paired(means(repeats, key), means(level, key)) for row, repeats in rivals.items()}
            for row, difference in corrected(apart).items():
                if difference is not None:
                    differences[row][key] = difference
        bold = best(groups, dict.fromkeys(modalities, False))
        lines = tuple(_line(row, groups.get(row, []), differences[row], bold[row]) for row in self.rows)
        return Section(budget, head, modalities, lines, tested=bool(level) and len(groups) > 1)


def difference_rule(comparison: Comparison) -> str:
    """What the differences in the tables are, and how far they can be trusted with so few distillations."""
    rule = (
        f"Differences to {comparison.baseline}, in points, with 95 % intervals (each by itself): paired t-test over "
        "distillations of equal seed, their students averaged first. *: real at 5 % after Holm's correction over the "
        "rows of the table, each modality by itself, with three distillations or more."
    )
    found = [d for s in comparison.sections for line in s.lines for d in line.difference.values()]
    widths = [(d.high - d.low) / 2 for d in found if d.low is not None and d.high is not None]
    if not widths:
        return f"{rule} Where there are fewer than two distillations to pair, no interval can be told."
    counts = sorted({d.n for d in found})
    few = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    return (
        f"{rule} {few} distillations make wide intervals: half of those here are wider than "
        f"± {statistics.median(widths):.1f} points, and a smaller difference can hardly be seen."
    )


def marks_rule(comparison: Comparison) -> str:
    """What the signs behind rows' names mean; empty if none is used."""
    return signs_rule({c.marks for c in comparison.cells} | {c.marks for t in comparison.measures for c in t.cells})


def signs_rule(every: Collection[str]) -> str:
    """What signs mean; empty if none is used."""
    used = [mark for mark in MARKS if any(mark in signs for signs in every)]
    signs = "; ".join(f"{mark}: {MARKS[mark]}" for mark in used)
    return f"{signs}. Such rows compete for bold among their like only." if signs else ""


def published_rule(comparison: Comparison, section: Section) -> str:
    """Whose numbers stand beside those of a `section` of a `comparison`; empty if none do."""
    published = comparison.published
    if published is None or not any(published.of(line, section.budget) is not None for line in section.lines):
        return ""
    whole = "" if published.whole is None else f" The whole training split, as published: {published.whole:.1f} %."
    return f"Published: {published.source}.{whole}"


def cost_rule(comparison: Comparison) -> str:
    """What bytes and seconds mean here."""
    seconds = [c.student_seconds for c in comparison.cells]
    each = f"; a student took {duration(min(seconds))} to {duration(max(seconds))}" if seconds else ""
    return (
        "Stored: all that has to be kept, with numbers as they are stored. Time: of one distillation; what is made "
        f"once for all, such as networks trained on real clips, counts where it was made{each}."
    )


def _grouped(cells: Sequence[Cell]) -> dict[tuple[str, Budget, str], list[Cell]]:
    groups: dict[tuple[str, Budget, str], list[Cell]] = defaultdict(list)
    for cell in cells:
        groups[cell.row, cell.budget, cell.head].append(cell)
    return groups


def _line(row: str, cells: Sequence[Cell], difference: dict[str, Difference], bold: frozenset[str]) -> Line:
    if not cells:
        return Line(row=row)
    return Line.of(
        row,
        cells,
        in_order(cells[0].accuracy),
        best=bold,
        budget=cells[0].budget,
        difference=difference,
        stored_bytes=round(statistics.fmean(c.stored_bytes for c in cells)),
        distill_seconds=statistics.fmean(c.distill_seconds for c in cells),
        student_seconds=statistics.fmean(c.student_seconds for c in cells),
    )
