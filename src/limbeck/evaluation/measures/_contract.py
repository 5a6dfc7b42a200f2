"""What every measure is: settings, numbers taken from one set with one seed, and the columns they make in a table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from limbeck._config import Config
from limbeck._discover import Listed
from limbeck.datasets import LabelledClips
from limbeck.evaluation._subject import Subject
from limbeck.evaluation.score import Taken

Values = Mapping[str, float]
"""Numbers by name, what is kept on disk; a name says unit and what was looked at where that is not plain."""


@dataclass(frozen=True)
class Column:
    """A column of a measure's table.

    Attributes:
        name: Its heading, with the unit in brackets; of its own in the measure.
        better: Which values are; none of them for a column that only tells something, and has no best row.
        digits: Decimals shown.
        group: Columns of a group make a table of their own, whose title says the group. Where names begin with it, the
            headings leave it out.
    """

    name: str
    better: Literal["higher", "lower", "neither"] = "higher"
    digits: int = 1
    group: str = ""

    @property
    def heading(self) -> str:
        """The name without its group.

        Example:
            >>> Column("class-level MedR", group="class-level").heading
            'MedR'
        """
        return self.name.removeprefix(self.group).lstrip()


class Measure(Config, Listed, ABC):
    """Settings of a measure. One module of the room defines one.

    Attributes:
        references: Rows without which columns are left out, among ``"random"`` and ``"whole"``; see `show`.
        controls: What a set is compared with, see `evaluate_controls`.
    """

    room: ClassVar[str] = "limbeck.evaluation.measures"

    references: ClassVar[tuple[str, ...]] = ()
    controls: ClassVar[tuple[str, ...]] = ("random", "whole")

    @property
    def students(self) -> float:
        """Students trained on the subject in one `take`, about; for plans."""
        return 1.0

    @property
    def distils(self) -> bool:
        """Whether it calls `Subject.again`, so that what it finds depends on the number formats of distillation."""
        return False

    @abstractmethod
    def columns(self, letters: Sequence[str]) -> Sequence[Column]:
        """Columns of its table; `letters` are what tables call the modalities that students see, as ``("A", "V")``."""

    @abstractmethod
    def take(self, subject: Subject, *, seed: int) -> Values | Taken:
        """Measure a `subject` once, all drawn by a `seed` >= 0: train what has to be trained, test it.

        It gives numbers by name, and with them losses or predictions where they shall be kept.
        """

    def show(self, values: Values, references: Mapping[str, Values], letters: Sequence[str]) -> dict[str, float]:
        """Numbers of one subject as the table's columns, by name; a column that cannot be told is left out.

        The `values` are what `take` found. The `references` are what it found, mean over its repeats, for the rows
        ``"whole"`` (the whole training split) and ``"random"`` (random clips, as many stored), where they are there.
        `letters` name what was looked at, ``"A+V"``.
        """
        return dict(values)

    def chance(self, test: LabelledClips) -> dict[str, float]:
        """Columns of a guess that knows nothing, for `test` clips as students see them; empty if there is none."""
        return {}

    def about(self, test: LabelledClips) -> str:
        """What a reader must know beside the table: sizes of the `test` clips that students see, rules, chance."""
        return ""
