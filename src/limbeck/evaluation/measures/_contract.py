"""What every measure is, the columns it makes in a table, and what measures share that train classifying students."""

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator
from torch import Tensor

from limbeck._config import Config
from limbeck._discover import Listed
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.evaluation._samples import Samples
from limbeck.evaluation._subject import Subject
from limbeck.evaluation.protocol import Protocol
from limbeck.evaluation.score import Taken
from limbeck.evaluation.train import HeadBuilder, predict, train_student
from limbeck.networks import Architecture, Student, heads

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
        needs_classes: Whether sets that tell no classes apart, or have pairs alone, are refused.
    """

    room: ClassVar[str] = "limbeck.evaluation.measures"

    references: ClassVar[tuple[str, ...]] = ()
    controls: ClassVar[tuple[str, ...]] = ("random", "whole")
    needs_classes: ClassVar[bool] = True

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


def _known(head: str) -> str:
    heads.load(head)
    return head


HeadName = Annotated[str, AfterValidator(_known)]
"""Name of the students' head, one of ``limbeck.networks.heads.names()``."""


def trained(
    subject: Subject,
    samples: Samples,
    head: str | HeadBuilder,
    *,
    seed: int,
    network: Architecture | None = None,
    protocol: Protocol | None = None,
) -> tuple[Student, float]:
    """A student trained from scratch, and the seconds that took."""
    started, built = time.perf_counter(), (network or subject.network).build()
    where: dict[str, Any] = {"device": subject.runtime.device, "on_epoch": subject.on_epoch}
    student = train_student(samples, built, head, protocol or subject.protocol, seed=seed, **where)
    return student, time.perf_counter() - started


def guesses(student: Student, samples: Samples) -> dict[str, Tensor]:
    """Class predicted for every sample, int64, (sample,), by what was looked at."""
    return {key: probabilities.argmax(1) for key, probabilities in predict(student, samples).items()}


def accuracy(student: Student, samples: Samples) -> dict[str, float]:
    """Percent of real clips predicted right, by what was looked at, as ``"A"``, ``"V"``, ``"A+V"``."""
    return right(guesses(student, samples), samples.targets.labels)


def right(predicted: Mapping[str, Tensor], labels: Tensor) -> dict[str, float]:
    """Percent of predictions that are right, by what was looked at."""
    return {key: 100 * float((guess == labels).double().mean()) for key, guess in predicted.items()}


def bytes_of(train: DistilledSet | LabelledClips, subject: Subject) -> float:
    """Bytes that a set made as the subject was takes; real clips take as many each as the subject's do."""
    if isinstance(train, DistilledSet):
        return float(train.stored_bytes)
    return subject.train.stored_bytes * len(train) / len(subject.train)
