"""Classifiers of sounds compared (`sounds`): fold by fold, with and without labels, and what accuracy depends on.

Every row is a classifier with settings. It names the test sounds of every fold of a dataset; ablations do the same
again with something changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, final

from pydantic import Field

from limbeck import _files, encoders
from limbeck._config import merge
from limbeck._runtime import choose_runtime, threads
from limbeck.comparison._recipe import Data as _Data
from limbeck.comparison._recipe import Part, Place, Recipe, Row, Session, options_of, refused, unknown
from limbeck.comparison.jobs.name_sounds import ChosenEncoder, NameSounds, Source
from limbeck.datasets import sounds as datasets
from limbeck.errors import InputError
from limbeck.evaluation.sounds import AblationFacts, Cell, EmbeddedDataset, SoundResults, ablations, classifiers
from limbeck.evaluation.sounds.ablations import Ablation, Point
from limbeck.evaluation.sounds.classifiers import Classifier
from limbeck.evaluation.sounds.metrics import ordered
from limbeck.report import sounds_figures, sounds_tables
from limbeck.report.model import Document


class Data(_Data):
    """The recordings.

    Attributes:
        words: What to call classes, where the reader's own words are not wanted.
    """

    dataset: str = "folder"
    words: dict[str, str] = Field(default_factory=dict)


class ClassifierRow(Row):
    """One row of the tables.

    Attributes:
        classifier: As in `limbeck.evaluation.sounds.classifiers.names`.
    """

    classifier: str = "prototypes"


class Changing(Part):
    """One ablation.

    Attributes:
        ablation: As in `limbeck.evaluation.sounds.ablations.names`; the entry's own name by default.
    """

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
    """A comparison of classifiers of sounds.

    Attributes:
        data: The recordings.
        encoder: What embeds sounds and texts.
        ablations: What is changed, by name, in the order of the tables.
        seed: Of every draw.
    """

    title: str = "Sounds"
    data: Data = Data()
    encoder: ChosenEncoder = ChosenEncoder()
    baseline: str = "zero-shot"
    rows: Mapping[str, ClassifierRow] = Field(default_factory=lambda: dict(ROWS), min_length=1)
    ablations: dict[str, Changing] = Field(default_factory=dict)
    seed: int = Field(0, ge=0)

    @classmethod
    def stand_in(cls, content: Mapping[str, Any]) -> dict[str, Any]:
        """See `Recipe.stand_in`."""
        rows = content.get("rows")
        return {"baseline": next(iter(rows), "")} if isinstance(rows, dict) else {}

    def mistakes(self) -> list[str]:
        """What does not fit together, a sentence each."""
        found = [] if self.baseline in self.rows else [f"the baseline {self.baseline!r} is none of the rows"]
        dataset, encoder = self.data.dataset, self.encoder
        found += refused("data.dataset", lambda: datasets.load(dataset)) or unknown(
            "data.options", self.data.options, options_of(datasets.load(dataset).open)[1:],
            f"dataset {dataset!r} has no option",
        )  # fmt: skip
        found += refused("encoder.name", lambda: encoders.load(encoder.name)) or unknown(
            "encoder.checkpoint", [encoder.checkpoint] if encoder.checkpoint else [],
            encoders.load(encoder.name).checkpoints, f"encoder {encoder.name!r} has no checkpoint",
        )  # fmt: skip
        for name in self.rows:
            found += refused(f"row {name!r}", lambda name=name: self.classifier(name))  # type: ignore[misc]
        for name in self.ablations:
            wrong = refused(f"ablation {name!r}", lambda name=name: self.ablation(name))  # type: ignore[misc]
            missing = [] if wrong else [row for row in self.ablation(name).rows if row not in self.rows]
            found += wrong + [f"ablation {name!r} names the row {row!r}, which is not there" for row in missing]
        return found

    def classifier(self, row: str, settings: Mapping[str, Any] | None = None) -> Classifier:
        """A row's classifier with its settings.

        Args:
            row: One of `rows`.
            settings: What is different at some point; settings within settings are joined.

        Raises:
            InputError: There is no such classifier, or settings do not fit.
        """
        asked = self.rows[row]
        made = classifiers.load(asked.classifier).from_json(merge(asked.settings, settings or {}))
        made.check()
        return made

    def ablation(self, name: str) -> Ablation:
        """An ablation with its settings.

        Args:
            name: One of `ablations`.

        Raises:
            InputError: There is no such ablation, or settings do not fit.
        """
        asked = self.ablations[name]
        return ablations.load(asked.ablation or name).from_json(asked.settings)

    def rows_of(self, ablation: Ablation) -> list[str]:
        """Rows that take part in an ablation.

        Args:
            ablation: With its settings.
        """
        return list(ablation.rows) or [name for name in self.rows if ablation.fits(self.classifier(name))]

    def begin(self, place: Place) -> Namings:
        """Open recordings and encoder, embed what is new, and list the jobs.

        Args:
            place: Where and on what.

        Raises:
            InputError: The recordings are not there, or do not fit.
            MissingWeightsError: The encoder's weights are not there.
        """
        root = self.data.folder(place.data)
        if root is None:
            raise InputError("The recipe names no folder of its recordings; give one with --data.")
        source = Source(
            **self.data.model_dump(exclude={"root"}),
            root=root,
            encoder=self.encoder,
            weights=None if place.weights is None else Path(place.weights),
            device=str(choose_runtime(place.device).device),
            offline=place.offline,
            out=place.out,
        )
        with threads(self.threads), _files.exclusive(place.out / "embeddings", wait=True):
            return Namings(self, source, source.open(place.encoder, progress=place.progress))


class Namings(Session):
    """A comparison of classifiers on embedded recordings.

    Args:
        recipe: The comparison.
        source: Of recordings and encoder.
        sounds: Both, opened.
    """

    def __init__(self, recipe: SoundRecipe, source: Source, sounds: EmbeddedDataset) -> None:
        self.recipe, self.sounds, self.folds = recipe, sounds, sounds.folds()
        shared: dict[str, Any] = {
            "threads": recipe.threads, "seed": recipe.seed, "source": source, "sounds": sounds,
        }  # fmt: skip
        jobs = []
        for row in recipe.rows:
            made = recipe.classifier(row)
            point = Point("", lambda seed: self.folds, draws=made.draws)
            jobs.append(NameSounds(row=row, classifier=made, part="", ablation=None, point=point, **shared))
        for name in recipe.ablations:
            ablation = recipe.ablation(name)
            for point in ablation.points(sounds):
                for row in recipe.rows_of(ablation):
                    made = recipe.classifier(row, point.settings)
                    jobs.append(
                        NameSounds(row=row, classifier=made, part=name, ablation=ablation, point=point, **shared)
                    )
        self.jobs: Sequence[NameSounds] = jobs

    def results(self, name: str, about: Mapping[str, Any]) -> SoundResults:
        """What finished jobs found; see `Session.results`."""
        recipe, dataset = self.recipe, self.sounds.dataset
        facts = {n: recipe.ablation(n) for n in recipe.ablations}
        return SoundResults(
            name=name,
            title=recipe.title,
            dataset=dataset.name,
            baseline=recipe.baseline,
            rows=tuple(recipe.rows),
            supervised=tuple(row for row in recipe.rows if recipe.classifier(row).supervised),
            ablations=tuple(AblationFacts(n, one.title, one.axis, one.log, one.about) for n, one in facts.items()),
            cells=tuple(cell for job in self.jobs for cell in _cells(job)),
            about={
                "words": recipe.words,
                "recordings": len(dataset.recordings),
                "classes": {c: dataset.words[c] for c in dataset.classes},
                "multi_label": dataset.multi_label,
                "folds": {f.name: {"pool": len(f.pool), "test": len(f.test)} for f in self.folds},
                "licence": dataset.licence,
                "encoder": self.sounds.encoder.id,
                "arithmetic": self.sounds.encoder.arithmetic,
                "prompts": list(self.sounds.prompts),
                "rows": {n: row.to_json() for n, row in recipe.rows.items()},
                "ablations": {n: one.to_json() for n, one in facts.items()},
                "seed": recipe.seed,
                "threads": recipe.threads,
                "rejected": {dataset.recordings[i].id: why for i, why in self.sounds.embedded(None).rejected.items()},
                **about,
            },
        )

    def document(self, results: SoundResults, pictures: Mapping[str, str]) -> Document:
        """All tables; see `Session.document`."""
        return sounds_tables.document(results, pictures)

    def draw(self, results: SoundResults, folder: Path) -> Mapping[str, str]:
        """A figure of the rows and of every ablation with an axis; see `Session.draw`."""
        drawn = sounds_figures.write(results, folder) if results.of() else {}
        return {key: png.name for key, (png, _) in drawn.items()}


def _cells(job: NameSounds) -> list[Cell]:
    found, point = job.found, job.point
    return [
        Cell(job.part, job.row, t.fold, t.draw, ordered(t.values), point.name, point.variant, point.x, t.seconds)
        for t in (found.repeats if found else ())
    ]
