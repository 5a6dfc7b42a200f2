"""What every measure is: settings, numbers taken from one set with one seed, and the columns they make in a table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import ClassVar, Literal

import torch

from limbeck._config import Config
from limbeck._discover import Listed
from limbeck.datasets import LabelledClips, Scale
from limbeck.distilled import DistilledSet
from limbeck.evaluation._pairs import ClipPairs, Pairs, TensorPairs
from limbeck.evaluation.protocol import Protocol
from limbeck.networks import Architecture

Values = Mapping[str, float]
"""Numbers by name, what is kept on disk; a name says unit and what was looked at where that is not plain."""


def mean(several: Iterable[Values]) -> dict[str, float]:
    """Means by name, over those that have the name.

    Example:
        >>> mean([{"a": 1.0}, {"a": 2.0, "b": 5.0}])
        {'a': 1.5, 'b': 5.0}
    """
    listed = list(several)
    names = dict.fromkeys(name for values in listed for name in values)
    return {name: fmean(values[name] for values in listed if name in values) for name in names}


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


@dataclass(frozen=True)
class Subject:
    """What is measured, and with what.

    Attributes:
        train: A distilled set, or the real training clips: the whole, as a reference.
        real: The real training clips it was distilled from.
        test: Test clips of the same classes and recipe.
        scale: What students see.
        network: Architecture of the students.
        protocol: How they are trained.
        device: Where to train and test.
        stored_bytes: What `train` takes.
        formats: Number formats in which `again` distils: of real and of synthetic clips.
        again: Distils other clips as `train` was (a part of the classes, say); for the whole, gives them back.
    """

    train: DistilledSet | LabelledClips
    real: LabelledClips
    test: LabelledClips
    scale: Scale
    network: Architecture
    protocol: Protocol
    device: torch.device
    stored_bytes: int
    formats: tuple[str, str]
    again: Callable[[LabelledClips], DistilledSet | LabelledClips]

    def pairs(self, train: DistilledSet | LabelledClips | None = None) -> Pairs:
        """What students are trained on: of `train`, or of another set on the same scale."""
        train = self.train if train is None else train
        return TensorPairs.of(train) if isinstance(train, DistilledSet) else ClipPairs(train, self.scale)

    @property
    def test_pairs(self) -> ClipPairs:
        """Test clips as students see them."""
        return ClipPairs(self.test, self.scale)


class Measure(Config, Listed, ABC):
    """Settings of a measure. One module of the room defines one.

    Attributes:
        references: Rows without which columns are left out, among ``"random"`` and ``"whole"``; see `show`.
    """

    room: ClassVar[str] = "limbeck.evaluation.measures"

    references: ClassVar[tuple[str, ...]] = ()

    @property
    def students(self) -> float:
        """Students trained on the subject in one `take`, about; for plans."""
        return 1.0

    @property
    @abstractmethod
    def columns(self) -> Sequence[Column]:
        """Columns of its table."""

    @abstractmethod
    def take(self, subject: Subject, *, seed: int) -> dict[str, float]:
        """Measure once: train what has to be trained, test it.

        Args:
            subject: What is measured, and with what.
            seed: Of every random draw, >= 0.
        """

    def show(self, values: Values, references: Mapping[str, Values]) -> dict[str, float]:
        """Numbers of one subject as the table's columns, by heading; a column that cannot be told is left out.

        Args:
            values: What `take` found.
            references: What `take` found, mean over its repeats, for the rows ``"whole"`` (the whole training split)
                and ``"random"`` (random real pairs, as many stored), where they are there.
        """
        return dict(values)

    def chance(self, test: LabelledClips) -> dict[str, float]:
        """Columns of a guess that knows nothing; empty where there is none.

        Args:
            test: Test clips.
        """
        return {}

    def about(self, test: LabelledClips) -> str:
        """What a reader must know beside the table: sizes, rules, chance.

        Args:
            test: Test clips.
        """
        return ""
