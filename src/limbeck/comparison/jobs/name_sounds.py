"""Name the test sounds of a dataset, with one classifier at one point: on every fold, in every draw."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Any, final

from pydantic import Field

from limbeck import _code, _files, encoders
from limbeck._config import Config
from limbeck._runtime import derive_seed
from limbeck.comparison._job import Job
from limbeck.datasets import sounds as sound_datasets
from limbeck.datasets.sounds import SoundDataset
from limbeck.encoders import Encoder
from limbeck.engine import bar
from limbeck.errors import InputError
from limbeck.evaluation import Answers
from limbeck.evaluation.sounds import EmbeddedDataset, Sentence, ablations, classifiers, embed
from limbeck.evaluation.sounds.ablations import Ablation, Point
from limbeck.evaluation.sounds.classifiers import Classifier
from limbeck.prototypes import PrototypeClassifier


class ChosenEncoder(Config):
    """The encoder.

    Attributes:
        name: As in `limbeck.encoders.names`.
        checkpoint: One of its checkpoints; the first by default.
        prompts: Sentences with ``{label}`` for all rows; the encoder's own one by default.
    """

    name: str = "yamnet"
    checkpoint: str | None = None
    prompts: tuple[Sentence, ...] = ()


class Source(Config):
    """A dataset of sounds and an encoder: all it takes to open both, here and in another process.

    Attributes:
        dataset: Name of the reader.
        root: Its folder or table.
        options: Further options of the reader.
        words: What to call classes, where the reader's own words are not wanted.
        encoder: The encoder.
        weights: Folder of its weights; None for the cache.
        device: Where it runs.
        offline: Never ask the network for weights.
        out: Folder of all runs, where vectors are kept.
    """

    dataset: str
    root: Path
    options: dict[str, Any]
    words: dict[str, str]
    encoder: ChosenEncoder
    weights: Path | None
    device: str
    offline: bool
    out: Path

    def open(self, encoder: Encoder | None = None, *, progress: bool = False) -> EmbeddedDataset:
        """The dataset through the encoder; vectors that are not on disk are made when they are asked for.

        Args:
            encoder: One that is loaded already.
            progress: Draw a bar while recordings are embedded.

        Raises:
            InputError: The recordings are not there, or have no such class.
            MissingWeightsError: The encoder's weights are not there.
        """
        kind: Any = sound_datasets.load(self.dataset)
        dataset: SoundDataset = kind.open(self.root, **self.options)
        if unknown := sorted(self.words.keys() - dataset.words.keys()):
            raise InputError(
                f"data.words: {dataset.title} has no class {', '.join(map(repr, unknown))}; it has: "
                f"{', '.join(dataset.words)}."
            )
        dataset.words |= self.words
        loaded = encoder or encoders.load(self.encoder.name).pretrained(
            self.encoder.checkpoint, folder=self.weights, device=self.device, offline=self.offline
        )

        @cache
        def embedded(noise: Any) -> Any:
            with bar("Embedding sounds", show=progress) as tell:
                return embed(dataset.recordings, loaded, self.out / "embeddings", noise=noise, progress=tell)

        return EmbeddedDataset(dataset, loaded, self.encoder.prompts or (loaded.prompt,), embedded)


class Trial(Config):
    """What was measured once on one fold.

    Attributes:
        fold: Name of the fold.
        draw: Number of the draw, from 0 on.
        seconds: Time to learn and to classify.
        values: Numbers by name, in percent where the name says so; the first is the one to compare by.
    """

    fold: str
    draw: int
    seconds: float = Field(ge=0)
    values: dict[str, Annotated[float, Field(allow_inf_nan=False)]]


class Naming(Answers):
    """What a classifier reached on every fold, trial by trial.

    Attributes:
        sounds: Fingerprint of the recordings, their words, and the encoder.
        classifier: Its name and settings.
        ablation: Name and settings of what is changed; None for nothing.
        point: Where: name, variant and number of draws.
        seed: Of every draw.
        code: Behind classifier, encoder and ablation: once it is changed, all is measured anew.
    """

    sounds: str
    classifier: tuple[str, dict[str, Any]]
    ablation: tuple[str, dict[str, Any]] | None
    point: tuple[str, str, int]
    seed: int
    code: _code.Code
    repeats: tuple[Trial, ...] = ()


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class NameSounds(Job):
    """One classifier at one point of a comparison.

    Attributes:
        classifier: With all its settings, those of the point too.
        part: Name of the ablation in the recipe; empty for the main table.
        ablation: What is changed; None for nothing.
        point: Where.
        seed: Of every draw.
        source: Opens the dataset and the encoder.
        sounds: Both, opened; None where this job was sent to.
    """

    classifier: Classifier
    part: str
    ablation: Ablation | None
    point: Point
    seed: int
    source: Source
    sounds: EmbeddedDataset | None

    def __str__(self) -> str:
        where = " ".join(filter(None, (self.point.name, self.point.variant)))
        return f"{self.part}, {where}: {self.row}" if self.part else self.row

    def __getstate__(self) -> dict[str, Any]:
        """All that can be sent; dataset, encoder and folds are opened again there."""
        return {**self.__dict__, "sounds": None, "point": replace(self.point, folds=None)}

    @cached_property
    def question(self) -> Naming:
        """What is asked, before any answer."""
        code = (self.classifier, self.ablation, EmbeddedDataset, PrototypeClassifier, type(self._opened.encoder))
        return Naming(
            sounds=self._opened.fingerprint,
            classifier=(self.classifier.name, self.classifier.to_json()),
            ablation=self.ablation and (self.ablation.name, self.ablation.to_json()),
            point=(self.point.name, self.point.variant, self.point.draws),
            seed=self.seed,
            code=_code.of(*filter(None, code)),
        )

    @cached_property
    def folder(self) -> Path:
        """Where its trials are, each from the moment it is done."""
        return self.source.out / "named" / self.question.key

    @property
    def found(self) -> Naming | None:
        """All trials; None until they are there."""
        kept = self._kept
        return kept if kept and kept.n == self.point.draws * len(self._opened.dataset.splits()) else None

    @property
    def done(self) -> bool:
        """Whether all trials are there."""
        return self.found is not None

    @property
    def command(self) -> str:
        """Python that measures it and prints each trial; see `by_hand`."""
        asked = self.question.to_json() | {"source": self.source.to_json()}
        code = f"from limbeck.comparison.jobs.name_sounds import by_hand; by_hand({json.dumps(asked)!r})"
        return shlex.join(["python", "-c", code])

    def _work(self) -> None:
        with _files.exclusive(self.folder):
            found = self._kept or self.question
            for trial in self.trials(there=found.repeats):
                found = found.with_repeat(trial)
                _files.write_record(self._file, found.to_json())

    def trials(self, there: Sequence[Trial] = ()) -> Iterator[Trial]:
        """Measure, one trial after another.

        Args:
            there: Trials that are not done again.
        """
        done = {(trial.fold, trial.draw) for trial in there}
        for draw in range(self.point.draws):
            for fold in self._folds(derive_seed(self.seed, "draw", draw)):
                if (fold.name, draw) not in done:
                    started = time.perf_counter()
                    values = self.classifier.measure(fold, seed=derive_seed(self.seed, "way", draw, fold.name))
                    seconds = round(time.perf_counter() - started, 4)
                    yield Trial(fold=fold.name, draw=draw, seconds=seconds, values=values)

    @property
    def _file(self) -> Path:
        return self.folder / "trials.json"

    @property
    def _kept(self) -> Naming | None:
        return Naming.read(self._file) if self._file.exists() else None

    @property
    def _opened(self) -> EmbeddedDataset:
        return self.sounds or _opened(self.source.model_dump_json())

    def _folds(self, seed: int) -> Iterator[Any]:
        point = self.point
        if point.folds is None and self.ablation:
            points = self.ablation.points(self._opened)
            point = next(p for p in points if (p.name, p.variant) == (point.name, point.variant))
        yield from point.folds(seed) if point.folds else self._opened.folds()


def by_hand(asked: str) -> None:
    """Measure what a job's `command` says, and print each trial as JSON.

    Args:
        asked: JSON of the question, and of the source under ``"source"``.
    """
    told = json.loads(asked)
    name, variant, draws = told["point"]
    job = NameSounds(
        row="",
        part="",
        classifier=classifiers.load(told["classifier"][0]).from_json(told["classifier"][1]),
        ablation=told["ablation"] and ablations.load(told["ablation"][0]).from_json(told["ablation"][1]),
        point=Point(name, None, variant=variant, draws=draws),
        seed=told["seed"],
        source=Source.from_json(told["source"]),
        sounds=None,
    )
    for trial in job.trials():
        print(json.dumps(trial.to_json()))


@lru_cache(maxsize=1)
def _opened(source: str) -> EmbeddedDataset:
    return Source.model_validate_json(source).open()
