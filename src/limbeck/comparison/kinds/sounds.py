"""Classifiers of sounds compared (`sounds`): fold by fold, with and without labels, and what accuracy depends on.

Every row is a classifier with settings. It names the test sounds of every fold of a dataset; ablations do the same
again with something changed.
"""

import inspect
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, final

from pydantic import Field

from limbeck import _files, encoders
from limbeck._config import merge
from limbeck._runtime import choose_runtime, threads
from limbeck.comparison._recipe import Part, Place, Recipe, Session, refused, unknown
from limbeck.comparison.jobs.name_sounds import ChosenEncoder, Data, NameSounds, Source
from limbeck.datasets import sounds as datasets
from limbeck.errors import InputError
from limbeck.evaluation.sounds import AblationFacts, Cell, EmbeddedDataset, SoundResults, ablations, classifiers
from limbeck.evaluation.sounds.ablations import Ablation, Point
from limbeck.evaluation.sounds.classifiers import Classifier
from limbeck.evaluation.sounds.metrics import ordered
from limbeck.report import sounds_comparison
from limbeck.report.model import Document


class ClassifierRow(Part):
    """One row of the tables; its classifier is one of `limbeck.evaluation.sounds.classifiers.names`."""

    classifier: str = "prototypes"


class Changing(Part):
    """One of `limbeck.evaluation.sounds.ablations.names`; the entry's own name by default."""

    ablation: str | None = None


ROWS: dict[str, ClassifierRow] = {
    "chance": ClassifierRow(classifier="chance"),
    "zero-shot": ClassifierRow(classifier="zero_shot"),
    "prototypes, paper": ClassifierRow(settings={"paper": True, "two_spaces": False}),
    "paper's rule, own number": ClassifierRow(
        settings={"paper": True, "two_spaces": False, "settings": {"neighbours": "auto"}}
    ),
    "prototypes, two spaces": ClassifierRow(),
    "supervised prototypes, paper": ClassifierRow(classifier="supervised_prototypes", settings={"paper": True}),
    "supervised prototypes, audio space": ClassifierRow(
        classifier="supervised_prototypes", settings={"space": "features"}
    ),
    "MLP, joint space, as published": ClassifierRow(classifier="mlp"),
    "MLP, audio space": ClassifierRow(
        classifier="mlp", settings={"space": "features", "standardise": True, "learning_rate": 1e-3}
    ),
    "linear probe, audio space": ClassifierRow(classifier="linear_probe"),
}
"""The rows of a recipe that names none."""


@final
class SoundRecipe(Recipe):
    """A comparison of classifiers of sounds, with `ablations` by name, in the order of the tables."""

    title: str = "Sounds"
    data: Data = Data()
    encoder: ChosenEncoder = ChosenEncoder()
    baseline: str = "zero-shot"
    rows: Mapping[str, ClassifierRow] = Field(default_factory=lambda: dict(ROWS), min_length=1)
    ablations: dict[str, Changing] = Field(default_factory=dict)
    seed: int = Field(0, ge=0)

    def mistakes(self) -> list[str]:
        found, dataset, encoder = super().mistakes(), self.data.dataset, self.encoder
        found += refused("data.dataset", lambda: datasets.load(dataset)) or unknown(
            "data.options", self.data.options, [*inspect.signature(datasets.load(dataset).open).parameters][1:],
            f"dataset {dataset!r} has no option",
        )  # fmt: skip
        found += refused("encoder.name", lambda: encoders.load(encoder.name)) or unknown(
            "encoder.checkpoint", [encoder.checkpoint] if encoder.checkpoint else [],
            encoders.load(encoder.name).checkpoints, f"encoder {encoder.name!r} has no checkpoint",
        )  # fmt: skip
        for name in self.rows:
            found += refused(f"row {name!r}", partial(self.classifier, name))
        for name in self.ablations:
            wrong = refused(f"ablation {name!r}", partial(self.ablation, name))
            missing = [] if wrong else [row for row in self.ablation(name).rows if row not in self.rows]
            found += wrong + [f"ablation {name!r} names the row {row!r}, which is not there" for row in missing]
        return found

    def classifier(self, row: str, settings: Mapping[str, Any] | None = None) -> Classifier:
        """The classifier of one of the `rows`, with `settings` that are different at some point joined to the row's."""
        asked = self.rows[row]
        return classifiers.load(asked.classifier).from_json(merge(asked.settings, settings or {}))

    def ablation(self, name: str) -> Ablation:
        """One of the `ablations` by `name`, with its settings."""
        asked = self.ablations[name]
        return ablations.load(asked.ablation or name).from_json(asked.settings)

    def rows_of(self, ablation: Ablation) -> list[str]:
        """Rows that take part in an `ablation`."""
        return list(ablation.rows) or [name for name in self.rows if ablation.fits(self.classifier(name))]

    def begin(self, place: Place) -> Session:
        if (root := self.data.folder(place.data)) is None:
            raise InputError("The recipe names no folder of its recordings; give one with --data.")
        source = Source(
            data=self.data,
            root=root,
            encoder=self.encoder,
            weights=None if place.weights is None else Path(place.weights),
            device=str(choose_runtime(place.device).device),
            offline=place.offline,
            out=place.out,
        )
        with threads(self.threads), _files.exclusive(place.out / "embeddings", wait=True):
            sounds = source.open(place.encoder, progress=place.progress)
            jobs = self._jobs(source, sounds)
        return Session(jobs, partial(self._results, sounds, jobs))

    def document(self, results: SoundResults, folder: Path | None = None) -> Document:
        drawn = sounds_comparison.write(results, folder) if folder and results.of() else {}
        return sounds_comparison.document(results, {key: png.name for key, (png, _) in drawn.items()})

    def _jobs(self, source: Source, sounds: EmbeddedDataset) -> list[NameSounds]:
        folds, jobs = sounds.folds(), []
        shared: dict[str, Any] = {
            "threads": self.threads, "seed": self.seed, "source": source, "sounds": sounds,
        }  # fmt: skip
        for row in self.rows:
            made = self.classifier(row)
            point = Point("", lambda seed: folds, draws=made.draws)
            jobs.append(NameSounds(row=row, classifier=made, part="", ablation=None, point=point, **shared))
        for name in self.ablations:
            ablation = self.ablation(name)
            for point in ablation.points(sounds):
                shared |= {"part": name, "ablation": ablation, "point": point}
                for row in self.rows_of(ablation):
                    jobs.append(NameSounds(row=row, classifier=self.classifier(row, point.settings), **shared))
        return jobs

    def _results(
        self, sounds: EmbeddedDataset, jobs: Sequence[NameSounds], name: str, about: Mapping[str, Any]
    ) -> SoundResults:
        dataset, ablations = sounds.dataset, {name: self.ablation(name) for name in self.ablations}
        cells = tuple(
            Cell(job.part, job.row, t.fold, t.draw, ordered(t.values), at.name, at.variant, at.x, t.seconds)
            for job, at, found in ((job, job.point, job.found) for job in jobs)
            for t in (found.repeats if found else ())
        )
        return SoundResults(
            name=name,
            title=self.title,
            dataset=dataset.name,
            baseline=self.baseline,
            rows=tuple(self.rows),
            supervised=tuple(row for row in self.rows if self.classifier(row).supervised),
            ablations=tuple(
                AblationFacts(
                    n, one.title if n == one.name else n.capitalize(), one.axis, one.log, one.about, one.against_first
                )
                for n, one in ablations.items()
            ),
            cells=cells,
            about={
                "words": self.words,
                "recordings": len(dataset.recordings),
                "classes": {c: dataset.words[c] for c in dataset.classes},
                "multi_label": dataset.multi_label,
                "folds": {f.name: {"pool": len(f.pool), "test": len(f.test)} for f in sounds.folds()},
                "licence": dataset.licence,
                "encoder": sounds.encoder.id,
                "arithmetic": sounds.encoder.arithmetic,
                "prompts": list(sounds.prompts),
                "rows": {n: row.to_json() for n, row in self.rows.items()},
                "ablations": {n: one.to_json() for n, one in ablations.items()},
                "seed": self.seed,
                "threads": self.threads,
                "rejected": {dataset.recordings[i].id: why for i, why in sounds.embedded(None).rejected.items()},
                **about,
            },
        )
