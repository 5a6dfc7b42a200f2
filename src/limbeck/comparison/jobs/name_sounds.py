"""Name the test sounds of a dataset, with one classifier at one point: on every fold, in every draw."""

import json
import shlex
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any, final

from pydantic import Field

from limbeck import _code, _files, encoders
from limbeck._config import Config
from limbeck._runtime import derive_seed
from limbeck.comparison._recipe import Data as _Data
from limbeck.comparison._recipe import Job
from limbeck.datasets import sounds as sound_datasets
from limbeck.datasets.sounds import SoundDataset
from limbeck.encoders import Encoder
from limbeck.engine import bar
from limbeck.errors import InputError
from limbeck.evaluation import Answers, Repeat
from limbeck.evaluation.sounds import EmbeddedDataset, Sentence, ablations, classifiers, embed
from limbeck.evaluation.sounds.ablations import Ablation, Point
from limbeck.evaluation.sounds.classifiers import Classifier
from limbeck.prototypes import PrototypeClassifier

TRIALS = "trials.json"


class Data(_Data):
    """The recordings, and `words` to call classes by, where the reader's own are not wanted."""

    dataset: str = "folder"
    words: dict[str, str] = Field(default_factory=dict)


class ChosenEncoder(Config):
    """One of `limbeck.encoders.names`, by default with its first checkpoint and its own prompt for all rows."""

    name: str = "yamnet"
    checkpoint: str | None = None
    prompts: tuple[Sentence, ...] = ()


class Source(Config):
    """A dataset of sounds, at `root`, and an encoder: all it takes to open both, here and in another process.

    The other fields are as in `Place`; vectors are kept in `out`.
    """

    data: Data
    root: Path
    encoder: ChosenEncoder
    weights: Path | None
    device: str
    offline: bool
    out: Path

    def open(self, encoder: Encoder | None = None, *, progress: bool = False) -> EmbeddedDataset:
        """The dataset through the encoder, or one that is loaded; vectors that are not on disk are made when needed.

        Bars are shown with `progress`.
        """
        kind: Any = sound_datasets.load(self.data.dataset)
        dataset: SoundDataset = kind.open(self.root, **self.data.options)
        if unknown := sorted(self.data.words.keys() - dataset.words.keys()):
            raise InputError(
                f"data.words: {dataset.title} has no class {', '.join(map(repr, unknown))}; it has: "
                f"{', '.join(dataset.words)}."
            )
        dataset.words |= self.data.words
        loaded = encoder or encoders.load(self.encoder.name).pretrained(
            self.encoder.checkpoint, folder=self.weights, device=self.device, offline=self.offline
        )

        @cache
        def embedded(noise: Any) -> Any:
            with bar("Embedding sounds", show=progress) as tell:
                return embed(dataset.recordings, loaded, self.out / "embeddings", noise=noise, progress=tell)

        return EmbeddedDataset(dataset, loaded, self.encoder.prompts or (loaded.prompt,), embedded)


class Trial(Repeat):
    """What was measured once on one fold, in one of several draws, from 0 on; the first value is to be compared by."""

    fold: str
    draw: int


class Naming(Answers):
    """What a classifier reached on every fold, trial by trial, with all that was asked."""

    question: dict[str, Any]
    repeats: tuple[Trial, ...] = ()


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class NameSounds(Job):
    """One classifier at one point of a comparison.

    Attributes:
        classifier: With all its settings, those of the point too.
        part: Name of the ablation in the recipe; empty for the main table.
        sounds: What `source` opens; None where this job was sent to.
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
    def question(self) -> dict[str, Any]:
        """What is asked: classifier, change and point, recordings and encoder, and the code behind them.

        Once recordings, words or code are changed, all is measured anew.
        """
        code = (self.classifier, self.ablation, EmbeddedDataset, PrototypeClassifier, type(self._opened.encoder))
        return {
            "sounds": self._opened.fingerprint,
            "classifier": [self.classifier.name, self.classifier.to_json()],
            "ablation": self.ablation and [self.ablation.name, self.ablation.to_json()],
            "point": [self.point.name, self.point.variant, self.point.draws],
            "seed": self.seed,
            "code": _code.of(*filter(None, code)),
        }

    @cached_property
    def folder(self) -> Path:
        """Where its trials are, each from the moment it is done."""
        return self.source.out / "named" / Naming(question=self.question).key

    @property
    def found(self) -> Naming | None:
        kept = self._kept
        return kept if kept and kept.n == self.point.draws * len(self._opened.dataset.splits()) else None

    @property
    def command(self) -> str:
        """Python that measures it and prints each trial; see `by_hand`."""
        asked = self.question | {"source": self.source.to_json()}
        code = f"from limbeck.comparison.jobs.name_sounds import by_hand; by_hand({json.dumps(asked)!r})"
        return shlex.join(["python", "-c", code])

    def _work(self) -> None:
        with _files.exclusive(self.folder):
            found = self._kept or Naming(question=self.question)
            for trial in self.trials(there=found.repeats):
                found = found.with_repeat(trial)
                _files.write_record(self.folder / TRIALS, found.to_json())

    def trials(self, there: Sequence[Trial] = ()) -> Iterator[Trial]:
        """Measure, one trial after another, but those that are `there`."""
        done = {(trial.fold, trial.draw) for trial in there}
        for draw in range(self.point.draws):
            for fold in self._folds(derive_seed(self.seed, "draw", draw)):
                if (fold.name, draw) not in done:
                    own, started = derive_seed(self.seed, "way", draw, fold.name), time.perf_counter()
                    values = self.classifier.measure(fold, seed=own)
                    seconds = round(time.perf_counter() - started, 4)
                    yield Trial(fold=fold.name, draw=draw, seed=own, seconds=seconds, values=values)

    @property
    def _kept(self) -> Naming | None:
        file = self.folder / TRIALS
        return Naming.read(file) if file.exists() else None

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
    """Measure what a job's `command` says, JSON of its question and ``"source"``, and print each trial as JSON."""
    told = json.loads(asked)
    (classifier, settings), (name, variant, draws) = told["classifier"], told["point"]
    job = NameSounds(
        row="",
        part="",
        classifier=classifiers.load(classifier).from_json(settings),
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
