"""The result of an evaluation: numbers of every repeat, and all that was the same in them."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from pydantic import Field

from limbeck import _files
from limbeck._code import Code
from limbeck._config import Config
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.evaluation.protocol import Protocol
from limbeck.modalities import Scale, looked_at, together
from limbeck.networks import Architecture

if TYPE_CHECKING:
    import numpy.typing as npt

    from limbeck.evaluation.measures import Measure


class Source(Config):
    """What a student was trained or tested on.

    Attributes:
        name: Method of the distilled set, or name of the dataset.
        samples: Number of samples (those of a mosaic's cells count one by one).
        rows: Number of rows that are stored, each of which stands for one sample or several.
        per_class: Rows stored of the class that has most; None for clips.
        stored_bytes: Bytes of what is stored; of clips, as they are prepared.
        storage: How the numbers are stored: name of the form, ``"prepared"`` for clips.
        hold: How samples are held in a row, as text; see `parameterisations.parse`.
        sizes: Size of a sample in words, by modality, as ``"8 frames of 32 × 32 px"``.
        labels: What students learn of each sample: its class, or class probabilities by a network trained on the
            real clips, which is another comparison.
    """

    kind: Literal["distilled", "clips"]
    name: str
    fingerprint: str
    modalities: tuple[str, ...]
    samples: int = Field(ge=0)
    rows: int = Field(ge=0)
    per_class: int | None = None
    stored_bytes: int = Field(ge=0)
    storage: str
    hold: str = "plain"
    sizes: dict[str, str] = Field(default_factory=dict)
    labels: Literal["hard", "soft"] = "hard"

    @classmethod
    def of(cls, data: DistilledSet | LabelledClips) -> Source:
        """What a score says of its training or test set; equal for equal content."""
        shared: dict[str, Any] = {
            "fingerprint": data.fingerprint,
            "modalities": tuple(data.modalities),
            "samples": len(data),
            "stored_bytes": data.stored_bytes,
            "sizes": {name: kind.words for name, kind in data.modalities.items()},
        }
        if isinstance(data, LabelledClips):
            return cls(kind="clips", name=data.name, rows=len(data), storage="prepared", **shared)
        return cls(
            kind="distilled",
            name=str(data.provenance.get("method", "distilled")),
            rows=data.rows,
            per_class=data.per_class,
            storage=data.storage.name,
            hold=str(data.hold),
            labels="hard" if data.soft_labels is None else "soft",
            **shared,
        )


class Taken(Config):
    """What a measure found with one seed.

    Attributes:
        values: Numbers by name, finite; see the measure.
        losses: Mean training loss of every epoch, where one student was trained.
        predictions: Class predicted for every test clip, by what was looked at, where the measure keeps them.
    """

    values: dict[str, float]
    losses: tuple[float, ...] = ()
    predictions: dict[str, tuple[int, ...]] = Field(default_factory=dict)


class Repeat(Taken):
    """What was found with one seed of students and of all that was drawn, and the seconds it took.

    Attributes:
        threads: Of torch, on which the last digits of numbers depend on a CPU; None where it is not known.
    """

    seed: int
    seconds: float = Field(ge=0)
    threads: int | None = None


class Answers(Config):
    """A question and what was found, repeat by repeat. Without `repeats` it is the question alone."""

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
        """The same with its first `repeats` alone."""
        return self.model_copy(update={"repeats": self.repeats[:repeats]})

    def with_repeat(self, repeat: Config) -> Self:
        """The same with a `repeat` more."""
        return self.model_copy(update={"repeats": (*self.repeats, repeat)})

    def differs(self, other: Answers) -> list[str]:
        """Names of what was not asked alike in another; how often, and which device of a kind, do not count."""
        mine, theirs = self._question(), other._question()
        return sorted(name for name in mine.keys() | theirs.keys() if mine.get(name) != theirs.get(name))

    @classmethod
    def read(cls, file: Path) -> Self:
        """The result in a `file` from `_files.write_record`; a damaged one, or one of another kind, is refused."""
        return cls.from_json(_files.read_record(file))

    def _question(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude={"repeats"})


class Score(Answers):
    """What a measure found of one training set, over repeats. Without repeats it is the question alone.

    Attributes:
        measure: Name of the measure, which has the `settings`.
        letters: What tables call each modality that students saw, by its name.
        truth: Class of every test clip, in the order of the predictions.
        seed: The seed all repeats' seeds come from.
        formats: Number formats of real and synthetic clips, of measures that distil again; else None.
        code: Code of the measure, its networks and its head: other code is another question.

    Example:
        >>> truth = (0, 1)
        >>> def repeat(seed, *guess):
        ...     right = 50.0 * sum(a == b for a, b in zip(guess, truth))
        ...     return Repeat(seed=seed, seconds=1, values={"A": right}, predictions={"A": guess})
        >>> source = Source(kind="clips", name="toy", fingerprint="0", modalities=("audio",), samples=2, rows=2,
        ...                 stored_bytes=9, storage="none")
        >>> score = Score(measure="accuracy", settings={}, trained_on=source, tested_on=source, letters={"audio": "A"},
        ...               classes=("bell", "drip"), truth=truth, network=Architecture(), protocol=Protocol(),
        ...               scales={}, seed=0, device="cpu", repeats=(repeat(1, 0, 1), repeat(2, 0, 0)))
        >>> score.mean[score.together], score.per_class["A"]
        (75.0, (100.0, 50.0))
    """

    measure: str
    settings: dict[str, Any]
    trained_on: Source
    tested_on: Source
    letters: dict[str, str]
    classes: tuple[str, ...]
    truth: tuple[int, ...]
    network: Architecture
    protocol: Protocol
    scales: dict[str, Scale]
    seed: int
    device: str
    formats: tuple[str, str] | None = None
    code: Code = Field(default_factory=dict)
    repeats: tuple[Repeat, ...] = ()

    @property
    def together(self) -> str:
        """Key of what is found by all modalities together, as ``"A+V"``; of one modality, its letter."""
        return together(self.letters.values())

    @property
    def looked_at(self) -> tuple[str, ...]:
        """Keys of what can be found by each modality by itself, then of all together, as ``("A", "V", "A+V")``."""
        return looked_at(self.letters.values())

    @property
    def head(self) -> str | None:
        """Name of the students' head; None of measures whose students have a head of their own."""
        return self.settings.get("head")

    @property
    def row(self) -> str:
        """Name of the training set in tables: method, and how samples are held; of real clips, ``"whole"``."""
        source = self.trained_on
        held = "" if source.hold == "plain" else f"+{source.hold.replace(':', ' ')}"
        return "whole" if source.kind == "clips" else source.name + held

    @property
    def label(self) -> str:
        """Name in a table of one measure: the `row`, and head and modalities where they are not the usual."""
        words = [] if self.head in (None, "ensemble") else [self.head]
        if tuple(self.letters) != self.trained_on.modalities:
            words.append(self.together)
        return self.row + (f" ({', '.join(map(str, words))})" if words else "")

    @property
    def title(self) -> str:
        """Name of its file: the `label`, and the measure where it is not accuracy."""
        return self.label if self.measure == "accuracy" else f"{self.label} ({self.measure})"

    @property
    def values(self) -> dict[str, tuple[float, ...]]:
        """Numbers of every repeat that has them, by name; of accuracy, percent by what was looked at."""
        names = dict.fromkeys(name for repeat in self.repeats for name in repeat.values)
        return {name: tuple(r.values[name] for r in self.repeats if name in r.values) for name in names}

    @property
    def mean(self) -> dict[str, float]:
        """Means over repeats, by name."""
        return means_of([repeat.values for repeat in self.repeats])

    @property
    def sd(self) -> dict[str, float]:
        """Sample standard deviations over repeats (divided by n - 1), by name; NaN for one repeat.

        Published tables mostly give the population's (divided by n): see `population_sd`.
        """
        return {name: statistics.stdev(v) if len(v) > 1 else float("nan") for name, v in self.values.items()}

    @property
    def population_sd(self) -> dict[str, float]:
        """Population standard deviations (divided by n), as published code prints them, by name."""
        return {name: statistics.pstdev(values) for name, values in self.values.items()}

    @property
    def confusion(self) -> dict[str, npt.NDArray[np.int64]]:
        """How often clips of a class (row) were taken for another (column), int64 (class, class), over all repeats.

        Empty for measures that keep no predictions.
        """
        from sklearn.metrics import confusion_matrix

        every = np.arange(len(self.classes))
        return {
            key: sum(
                (confusion_matrix(self.truth, r.predictions[key], labels=every) for r in self.repeats),
                start=np.zeros((len(every), len(every)), dtype=np.int64),
            )
            for key in (self.repeats[0].predictions if self.repeats else ())
        }

    @property
    def per_class(self) -> dict[str, tuple[float, ...]]:
        """Percent of a class's test clips predicted right, over all repeats; NaN for a class without test clips."""
        return {
            key: tuple(100 * int(row[c]) / int(row.sum()) if row.any() else math.nan for c, row in enumerate(matrix))
            for key, matrix in self.confusion.items()
        }

    def shown(self, measure: Measure, references: Mapping[str, Sequence[Score]]) -> list[dict[str, float]]:
        """Columns of the measure's table, for each repeat; `Measure.show` gets means over all repeats of references."""
        means = {
            name: means_of([repeat.values for one in several for repeat in one.repeats])
            for name, several in references.items()
            if several
        }
        letters = tuple(self.letters.values())
        return [dict(measure.show(repeat.values, means, letters)) for repeat in self.repeats]

    def to_json(self) -> dict[str, Any]:
        """All fields, and under ``"summary"`` what follows from them, for readers without Limbeck."""
        summary = {
            "n": self.n,
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
        """The score from what `to_json` gave; the summary is worked out anew."""
        return super().from_json({key: value for key, value in data.items() if key != "summary"})

    def _question(self) -> dict[str, Any]:
        return super()._question() | {"device": self.device.partition(":")[0]}

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """What fits a line: predictions of hundreds of clips do not."""
        names = {"measure": self.measure, "trained_on": self.trained_on.name, "tested_on": self.tested_on.name}
        return (names | {"n": self.n, "mean": self.mean}).items()


def means_of(several: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Means by name, over those that have the name.

    Example:
        >>> means_of([{"a": 1.0}, {"a": 2.0, "b": 5.0}])
        {'a': 1.5, 'b': 5.0}
    """
    names = dict.fromkeys(name for values in several for name in values)
    return {name: statistics.fmean(values[name] for values in several if name in values) for name in names}


def _or_null(value: float) -> float | None:
    return None if np.isnan(value) else value
