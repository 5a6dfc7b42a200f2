"""The result of an evaluation: accuracies of every repeat, and all that was the same in them."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from pydantic import Field

from limbeck import _files
from limbeck._code import Code
from limbeck._config import Config
from limbeck.augment import Packing, mosaic
from limbeck.datasets import Scale
from limbeck.evaluation.protocol import Protocol
from limbeck.networks import Architecture

if TYPE_CHECKING:
    import numpy.typing as npt


class Source(Config):
    """What a student was trained or tested on.

    Attributes:
        kind: A distilled set or clips of a dataset.
        name: Method of the distilled set, or name of the dataset.
        fingerprint: Identifies the content.
        pairs: Number of pairs a student sees (the cells of mosaics count one by one).
        per_class: Pairs stored for the class that has most; None for clips.
        stored_bytes: Bytes of what is stored; of clips, as they are prepared.
        storage: How the numbers are stored: name of the form, ``"prepared"`` for clips.
        mosaic: Cells a side of the stored pairs, or another packing.
        labels: What students were told of each pair: its class, or class probabilities by a network trained on the
            real clips, which is another comparison.
    """

    kind: Literal["distilled", "clips"]
    name: str
    fingerprint: str
    pairs: int = Field(ge=0)
    per_class: int | None = None
    stored_bytes: int = Field(ge=0)
    storage: str
    mosaic: Packing = 1
    labels: Literal["hard", "soft"] = "hard"

    @property
    def stored_pairs(self) -> int:
        """Number of pairs that are stored."""
        return self.pairs // mosaic.count(self.mosaic)

    @property
    def packing(self) -> str:
        """How pairs share the room of a stored one, in words."""
        return mosaic.words(self.mosaic) if mosaic.count(self.mosaic) > 1 else "none"


class Answers(Config):
    """A question and what was found, repeat by repeat. Without repeats it is the question alone.

    Attributes:
        repeats: One entry for every repeat.
    """

    repeats: tuple[Any, ...] = ()

    @property
    def n(self) -> int:
        """Number of repeats."""
        return len(self.repeats)

    @property
    def seconds(self) -> float:
        """Time of all repeats."""
        return float(sum(r.seconds for r in self.repeats))

    @property
    def key(self) -> str:
        """Names the question, in the names of files: equal for equal questions, wherever and however often asked."""
        return _files.digest(type(self).__name__, self._question())

    def first(self, repeats: int) -> Self:
        """The same with its first repeats alone.

        Args:
            repeats: How many.
        """
        return self.model_copy(update={"repeats": self.repeats[:repeats]})

    def with_repeat(self, repeat: Config) -> Self:
        """The same with a repeat more.

        Args:
            repeat: What was found.
        """
        return self.model_copy(update={"repeats": (*self.repeats, repeat)})

    def differs(self, other: Answers) -> list[str]:
        """Names of what was not asked alike in another; how often, and which device of a kind, do not count.

        Args:
            other: Another result.
        """
        mine, theirs = self._question(), other._question()
        return sorted(name for name in mine.keys() | theirs.keys() if mine.get(name) != theirs.get(name))

    @classmethod
    def read(cls, file: Path) -> Self:
        """The result in a file.

        Args:
            file: From `_files.write_record`.

        Raises:
            InputError: The file is damaged, or holds something else.
        """
        return cls.from_json(_files.read_record(file))

    def _question(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude={"repeats"})


class Result(Answers):
    """A question to a training set and what was found, a repeat a seed.

    Attributes:
        trained_on: The training set.
        tested_on: The test set.
        network: Architecture of the students.
        protocol: How they were trained.
        scale: What they saw.
        seed: The seed all repeats' seeds come from.
        device: Where it ran.
        code: Of the network, head or measure: other code is another question.
    """

    trained_on: Source
    tested_on: Source
    network: Architecture
    protocol: Protocol
    scale: Scale
    seed: int
    device: str
    code: Code = Field(default_factory=dict)

    def _question(self) -> dict[str, Any]:
        return super()._question() | {"device": self.device.partition(":")[0]}

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """What fits a line: predictions of hundreds of clips do not."""
        told = {"trained_on": self.trained_on.name, "tested_on": self.tested_on.name, "n": self.n}
        return (told | {"mean": getattr(self, "mean", {})}).items()


class Repeat(Config):
    """One student, trained from scratch and tested.

    Attributes:
        seed: Of its weights, order and augmentation.
        seconds: Time of training and test.
        losses: Mean training loss of every epoch.
        predictions: Class predicted for every test clip, by what was looked at: keys among "A", "V", "A+V".
        accuracy: Percent of test clips predicted right, with the same keys.
    """

    seed: int
    seconds: float = Field(ge=0)
    losses: tuple[float, ...]
    predictions: dict[str, tuple[int, ...]]
    accuracy: dict[str, float]


class Score(Result):
    """Accuracy of students trained on one set and tested on another, over repeats.

    Attributes:
        classes: Class names.
        truth: Class of every test clip, in the order of the predictions.
        head: The students' head.
        repeats: One entry for every student.

    Example:
        >>> truth = (0, 1)
        >>> def repeat(seed, *guess):
        ...     right = 50.0 * sum(a == b for a, b in zip(guess, truth))
        ...     return Repeat(seed=seed, seconds=1, losses=(), predictions={"A": guess}, accuracy={"A": right})
        >>> source = Source(kind="clips", name="toy", fingerprint="0", pairs=2, stored_bytes=9, storage="none")
        >>> score = Score(trained_on=source, tested_on=source, classes=("bell", "drip"), truth=truth,
        ...               repeats=(repeat(1, 0, 1), repeat(2, 0, 0)), protocol=Protocol(), network=Architecture(),
        ...               head="audio", scale=Scale(mel_mean=(0,), mel_std=(1,)), seed=0, device="cpu")
        >>> score.mean, score.per_class["A"]
        ({'A': 75.0}, (100.0, 50.0))
    """

    classes: tuple[str, ...]
    truth: tuple[int, ...]
    head: str
    repeats: tuple[Repeat, ...] = ()

    @property
    def modalities(self) -> tuple[str, ...]:
        """What accuracies there are: keys among "A" (sound alone), "V" (picture alone), "A+V"."""
        return tuple(self.repeats[0].accuracy) if self.repeats else ()

    @property
    def accuracies(self) -> dict[str, tuple[float, ...]]:
        """Accuracy of every repeat, percent."""
        return {key: tuple(r.accuracy[key] for r in self.repeats) for key in self.modalities}

    @property
    def mean(self) -> dict[str, float]:
        """Mean accuracy over repeats, percent."""
        return {key: statistics.fmean(values) for key, values in self.accuracies.items()}

    @property
    def sd(self) -> dict[str, float]:
        """Sample standard deviation of the accuracy over repeats (divided by n - 1), percent; NaN for one repeat.

        Published tables mostly give the population's (divided by n): see `population_sd`.
        """
        return {key: statistics.stdev(v) if len(v) > 1 else float("nan") for key, v in self.accuracies.items()}

    @property
    def population_sd(self) -> dict[str, float]:
        """Population standard deviation (divided by n), as published code prints it, percent."""
        return {key: statistics.pstdev(values) for key, values in self.accuracies.items()}

    @property
    def confusion(self) -> dict[str, npt.NDArray[np.int64]]:
        """How often clips of a class (row) were taken for another (column), int64 (class, class), over all repeats."""
        from sklearn.metrics import confusion_matrix

        every = np.arange(len(self.classes))
        return {
            key: np.sum(
                [confusion_matrix(self.truth, r.predictions[key], labels=every) for r in self.repeats],
                axis=0,
                dtype=np.int64,
            )
            for key in self.modalities
        }

    @property
    def per_class(self) -> dict[str, tuple[float, ...]]:
        """Percent of a class's test clips predicted right, over all repeats; NaN for a class without test clips."""
        return {key: tuple(_recall(matrix)) for key, matrix in self.confusion.items()}

    @property
    def title(self) -> str:
        """Name in tables: method, mosaic and head of the training set; ``"whole"`` for the whole training split."""
        of = self.trained_on
        name = (
            "whole"
            if of.kind == "clips"
            else of.name + (f"+mosaic {mosaic.words(of.mosaic)}" if of.mosaic != 1 else "")
        )
        return name if self.head == "ensemble" else f"{name} ({self.head})"

    def to_json(self) -> dict[str, Any]:
        """All fields, and under ``"summary"`` what follows from them, for readers without Limbeck."""
        summary = {
            "n": self.n,
            "unit": "percent",
            "mean": self.mean,
            "sd": {key: _or_null(value) for key, value in self.sd.items()},
            "population_sd": self.population_sd,
            "per_class": {key: [_or_null(v) for v in values] for key, values in self.per_class.items()},
            "confusion": {key: matrix.tolist() for key, matrix in self.confusion.items()},
            "seconds": self.seconds,
        }
        return super().to_json() | {"summary": summary}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The score from what `to_json` gave; the summary is worked out anew.

        Raises:
            InputError: Something is unknown, missing or out of range.
        """
        return super().from_json({key: value for key, value in data.items() if key != "summary"})


def _recall(matrix: npt.NDArray[np.int64]) -> list[float]:
    rows = matrix.sum(1)
    return [100 * float(matrix[c, c]) / int(n) if n else float("nan") for c, n in enumerate(rows)]


def _or_null(value: float) -> float | None:
    return None if np.isnan(value) else value
