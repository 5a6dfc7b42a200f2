"""Distillations compared (`distillation`): methods, budgets and heads, by students and by measures.

Every row is a method with settings. It is distilled at every budget with every seed, evaluated under
every head, and measured as the recipe asks.
"""

import difflib
import inspect
import os
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self, final

from pydantic import BeforeValidator, Field, model_validator

import limbeck
from limbeck import _files, datasets, methods
from limbeck._config import Config, merge
from limbeck._words import parse_size
from limbeck.comparison._recipe import Data as _Data
from limbeck.comparison._recipe import Job, Part, Place, Recipe, Session, refused, unknown
from limbeck.comparison.jobs.distil import Distil, MeasureSet
from limbeck.datasets import LabelledClips, Prepared
from limbeck.distilled import DistilledSet
from limbeck.engine import note
from limbeck.errors import BudgetError, InputError
from limbeck.evaluation import Protocol, measures
from limbeck.evaluation.measures import Measure
from limbeck.media import ClipRecipe
from limbeck.methods import Method
from limbeck.modalities import Modality, bound
from limbeck.networks import Architecture, heads
from limbeck.report import comparison_page
from limbeck.report import comparison_tables as tables_of
from limbeck.report.comparison import Cell, Comparison, Published
from limbeck.report.measures import MeasureTable, table
from limbeck.report.model import Budget, Document

Percent = Annotated[float, Field(ge=0, le=100)]
Bytes = Annotated[int, BeforeValidator(parse_size)]


class Size(Config):
    """Classes, training clips and test clips of a dataset, for plans made where it is not available."""

    classes: int = Field(ge=1)
    train: int = Field(ge=1)
    test: int = Field(ge=1)


class Data(_Data):
    """The dataset, as ``limbeck prepare`` would make it.

    Attributes:
        modality: What arrays are made of each clip, as in ``audio,image``; what the dataset has by default.
        clip: How recordings are decoded.
        expected: Its size, for plans.
    """

    modality: str | None = None
    clip: ClipRecipe = ClipRecipe()
    expected: Size | None = None

    @property
    def modalities(self) -> dict[str, Modality]:
        """What arrays are made of each clip, by name."""
        return bound((self.modality or "audio,image").split(","), self.clip)

    def prepared_folder(self, out: Path, elsewhere: Path | str | None = None) -> Path:
        """Where below `out` it is prepared; data from `elsewhere`, or cut otherwise, has another folder."""
        asked = self.model_dump(mode="json", exclude={"root", "expected"})
        root = elsewhere or (self.root and os.path.expandvars(self.root))
        return out / "prepared" / f"{self.dataset}-{_files.digest(asked, root and str(Path(root).absolute()))}"

    def prepare(self, place: Place) -> Prepared:
        """The data at a `place`, prepared once for all recipes that share a folder.

        What is there is checked against the recordings, so that results of others are never taken for theirs; where
        they have gone, it is taken as it is.
        """
        folder = self.prepared_folder(place.out, place.data)
        root = self.folder(place.data) or place.out / "generated" / folder.name
        if (folder / "dataset.json").exists() and not root.exists():
            note(f"The recordings are not at {root} any more; {folder} is taken as it is.", show=place.progress)
            return Prepared.open(folder)
        with _files.exclusive(place.out / "prepared", wait=True):
            how: dict[str, Any] = {"recipe": self.clip, "modality": self.modality, "progress": place.progress}
            found = limbeck.prepare(self.dataset, root, out=folder, **how, **self.options)
        here = [len(found.classes), *(sum(found.description["counts"][split].values()) for split in ("train", "test"))]
        if self.expected and here != [*self.expected.to_json().values()]:
            wanted = self.expected
            note(
                f"The recipe is of {wanted.classes} classes, {wanted.train} training clips and {wanted.test} test "
                f"clips; here are {here[0]}, {here[1]} and {here[2]}.",
                show=place.progress,
            )
        return found


class MethodRow(Part):
    """One row of the table: a method with its settings, or a set that is there.

    Attributes:
        method: Name of the method; none for a set.
        set: Folder of a distilled set, from ``limbeck import`` say, instead of a method; environment variables are
            filled in. It is compared at the samples per class that it has, once.
        preset: Named settings it starts from.
        per_class: Samples per class this row is run at; all of the recipe's by default, none of them if empty.
        set_bytes: Bytes this row is run at; all of the recipe's by default, none of them if empty.
        at: Settings that differ at some budget.
        blocks: Of classes, each distilled by a job of its own that any machine can do; all classes at once by default.
            Their number changes last digits. Methods whose classes are coupled have none.
        pairs: Pairs stored in all, whatever their classes, in place of those of each class, as in
            ``limbeck distill --pairs``; of samples per class such a row names those that take as much room.
        published: Accuracies that papers print for it, in percent, by samples per class.
    """

    method: str
    set: str | None = None
    preset: str | None = None
    per_class: tuple[int, ...] | None = None
    set_bytes: tuple[Bytes, ...] | None = None
    at: dict[int, dict[str, Any]] = Field(default_factory=dict)
    blocks: int | None = Field(None, ge=1)
    pairs: int | None = Field(None, ge=1)
    published: dict[int, Percent] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _a_set_has_no_method(cls, given: Any) -> Any:
        return {"method": ""} | given if isinstance(given, dict) and given.get("set") is not None else given

    @model_validator(mode="after")
    def _either_of_them(self) -> Self:
        if self.set is not None and (
            self.method or self.preset or self.settings or self.at or self.blocks or self.pairs
        ):
            raise ValueError("a row has a set or a method with its settings, not both")
        return self

    @property
    def given(self) -> Path | None:
        """Folder of the set; None of a method."""
        return None if self.set is None else Path(os.path.expandvars(self.set))


class PublishedTable(Config):
    """Whose numbers the rows' `published` are.

    Attributes:
        source: The papers, and by which protocol, in words.
        whole: What is printed for the whole training split, in percent.
    """

    source: str
    whole: Percent | None = None


class Measuring(Part):
    """A measure beside accuracy.

    Attributes:
        measure: Its name; the name of the recipe's table by default.
        per_class: Samples per class at which it is taken; wherever rows are run by default.
        set_bytes: Bytes at which it is taken; wherever rows are run by default.
        repeats: How often it is taken of each distilled set; as many times as there are students by default. Of the
            whole training split it is taken `whole` times.
    """

    measure: str | None = None
    per_class: tuple[int, ...] | None = None
    set_bytes: tuple[Bytes, ...] | None = None
    repeats: int | None = Field(None, ge=1)

    def at(self, budget: Budget) -> bool:
        """Whether it is taken of sets of a `budget`."""
        asked = self.per_class if budget.set_bytes is None else self.set_bytes
        return asked is None or (budget.set_bytes or budget.per_class) in asked


@final
class DistillationRecipe(Recipe):
    """A comparison of distillations.

    Attributes:
        per_class: Samples stored per class.
        set_bytes: Bytes of all classes, as in ``33KB``, that each row fills as ``limbeck distill --bytes`` does; beside
            `per_class`, or instead of it where that is empty.
        distillations: Independent distillations of each row, with seeds 0, 1, ...
        students: Networks trained on each distilled set.
        whole: Networks trained on the whole training split; 0 for none.
        heads: What joins the modalities in the students, or a modality that they see alone; none where only measures
            are wanted.
        measures: What is measured beside accuracy, by name, in the order of the tables.
        network: Of encoders and students.
        dtype: As in ``limbeck distill --dtype``.
        settings: Settings of all methods that have them.
        at: Settings of all methods that have them, at some budget.
        published: Whose numbers stand beside what is found, where rows have any.
    """

    needed: ClassVar[Mapping[str, Any]] = {"title": "", "data": {"dataset": "playground"}}

    data: Data
    per_class: tuple[int, ...] = (1,)
    set_bytes: tuple[Bytes, ...] = ()
    distillations: int = Field(3, ge=1)
    students: int = Field(5, ge=1)
    whole: int = Field(1, ge=0)
    heads: tuple[str, ...] = ("ensemble",)
    measures: dict[str, Measuring] = Field(default_factory=dict)
    network: Architecture = Architecture()
    protocol: Protocol = Protocol()
    dtype: str = "auto"
    settings: dict[str, Any] = Field(default_factory=dict)
    at: dict[int, dict[str, Any]] = Field(default_factory=dict)
    published: PublishedTable | None = None
    rows: Mapping[str, MethodRow] = Field(min_length=1)

    def mistakes(self) -> list[str]:
        found, dataset = super().mistakes(), self.data.dataset
        found += refused("data.dataset", lambda: datasets.load(dataset)) or unknown(
            "data.options", self.data.options, inspect.signature(datasets.load(dataset)).parameters,
            f"dataset {dataset!r} has no option",
        )  # fmt: skip
        found += refused("network", self.network.build)
        known = (*heads.names(), *self.data.modalities)
        found += [f"there is no head {h!r}; there are {', '.join(known)}" for h in self.heads if h not in known]
        found += self._unknown_settings()
        if not self.published and (printed := [name for name, row in self.rows.items() if row.published]):
            found.append(f"rows {printed} say what is published, but published.source does not say by whom")
        if not self.heads and not self.measures:
            found.append("there are neither heads nor measures, so that nothing would be found out")
        missing = {name: refused(f"row {name!r}", partial(self.budgets, row)) for name, row in self.rows.items()}
        found += [words for told in missing.values() for words in told]
        rows = {name: row for name, row in self.rows.items() if not missing[name]}
        made: dict[Budget, list[Method]] = {budget: [] for row in rows.values() for budget in self.budgets(row)}
        for name, row in rows.items():
            if row.given is not None:
                continue
            wrong: dict[str, list[Budget]] = {}
            for budget in self.budgets(row):
                try:
                    made[budget].append(method := self.method(row, budget))
                    if row.blocks and method.coupling:
                        raise InputError(f"{method.name} cannot distil blocks apart: {method.coupling}")
                except InputError as error:
                    wrong.setdefault(str(error), []).append(budget)
            found += [f"row {name!r} at {_listed(budgets)}: {words}" for words, budgets in wrong.items()]
        for name in self.measures:
            found += refused(f"measure {name!r}", partial(self.measure, name)) or self._misfits(name, made)
        return found

    def _misfits(self, name: str, made: Mapping[Budget, Sequence[Method]]) -> list[str]:
        """What is wrong with a measure beside its settings: budgets without rows, or rows it compares with missing."""
        found, references, asked = [], self.measure(name).references, self.measures[name]
        if never := [b for b in budgets_of(asked.per_class or (), asked.set_bytes or ()) if b not in made]:
            found.append(f"is taken at {_listed(never)}, but rows are run at {_listed(made)}")
        if "whole" in references and not self.whole:
            found.append("compares with the whole training split, but whole is 0: give it 1 or more")
        bare = [budget for budget in made if asked.at(budget) and not any(map(is_random, made[budget]))]
        if "random" in references and bare:
            row = f"no row at {_listed(bare)} has method random and hold plain"
            found.append(f"compares with random samples, but {row}")
        return [f"measure {name!r} {words}" for words in found]

    def _unknown_settings(self) -> list[str]:
        """Settings for all methods that no method has: a row would be run without them, and nobody would know."""
        known = sorted({field for name in methods.names() for field in methods.load(name).model_fields})
        places = {"settings": self.settings} | {f"at.{n}": settings for n, settings in self.at.items()}
        found = []
        for place, settings in places.items():
            for field in sorted(settings.keys() - set(known)):
                close = difflib.get_close_matches(field, known, n=1)
                hint = f"; did you mean {close[0]!r}?" if close else ""
                found.append(f"{place}: no method has a setting {field!r}{hint}")
        return found

    def budgets(self, row: MethodRow) -> tuple[Budget, ...]:
        """What sets of a row may take; of a set that is there, the samples that it has."""
        if row.given is not None:
            return (Budget(per_class=DistilledSet.load(row.given).per_class),)
        return budgets_of(
            self.per_class if row.per_class is None else row.per_class,
            self.set_bytes if row.set_bytes is None else row.set_bytes,
        )

    def method(self, row: MethodRow, budget: Budget, real: LabelledClips | None = None) -> Method:
        """A row's method at a budget: the recipe's settings, its own, then those for so many samples per class.

        Bytes are filled as clips like the `real` ones need; without any the method is that of one sample per class.

        Raises:
            BudgetError: So many bytes are too few.
        """
        kind, per_class = methods.load(row.method), budget.per_class or 1
        network = {"network": self.network.to_json()}
        shared = merge(merge(network | {"encoders": network}, self.settings), self.at.get(per_class, {}))
        settings = {k: v for k, v in shared.items() if k in kind.model_fields}
        settings = merge(merge(settings, row.settings), row.at.get(per_class, {}))
        made = kind.configured(row.preset, **settings, per_class=per_class)
        return made.within(budget.set_bytes, real) if budget.set_bytes and real else made

    def measure(self, name: str) -> Measure:
        """One of the `measures` by `name`, with its settings."""
        asked = self.measures[name]
        return measures.load(asked.measure or name).from_json(asked.settings)

    def begin(self, place: Place) -> Session:
        prepared = self.data.prepare(place)
        jobs = self.jobs(prepared.folder, prepared.fingerprint, place, prepared.clips("train"))
        return Session(jobs, lambda name, about: self._results(prepared, jobs, about))

    def document(self, results: Comparison, folder: Path | None = None) -> Document:
        if folder:
            comparison_page.write(results, folder)
        return tables_of.document(results)

    def jobs(self, data: Path, fingerprint: str, place: Place, real: LabelledClips) -> list[Job]:
        """All jobs on the prepared data in a folder, `data`, which has the `fingerprint`, at a `place`.

        Rows of bytes hold what fits of clips like the `real` ones.

        Small budgets come first, then seed by seed, so that a part of the table is soon whole.
        """
        names = ("threads", "network", "protocol", "heads", "dtype")
        shared: dict[str, Any] = {name: getattr(self, name) for name in names}
        shared |= {"sound": self.settings.get("sound", "standardised")}  # for students of the whole
        shared |= {"data": data, "fingerprint": fingerprint, "device": place.device, "out": place.out}
        sets = [
            Distil(
                row=name,
                budget=budget,
                seed=seed,
                method=method,
                given=given,
                students=self.students,
                blocks=self.rows[name].blocks,
                pairs=self.rows[name].pairs,
                **shared,
            )
            for budget in sorted({b for row in self.rows.values() for b in self.budgets(row)}, key=Budget.place)
            for rows in [
                {name: self._made_by(name, budget, real) for name, r in self.rows.items() if budget in self.budgets(r)}
            ]
            for seed in range(self.distillations)
            for name, (method, given) in rows.items()
            if given is None or seed == 0
        ]
        if self.whole:
            sets.append(Distil(row="whole", budget=Budget(), seed=0, method=None, students=self.whole, **shared))
        jobs: list[Job] = []
        for of in sets:
            jobs += [*of.needs, of]
            for name, asked in self.measures.items():
                if of.whole or asked.at(of.budget):
                    times = self.whole if of.whole else asked.repeats or self.students
                    own: dict[str, Any] = {"row": of.row, "threads": of.threads, "repeats": times}
                    jobs.append(MeasureSet(of=of, name=name, measure=self.measure(name), **own))
        return jobs

    @property
    def _published(self) -> Published | None:
        if not self.published:
            return None
        percent = {name: row.published for name, row in self.rows.items() if row.published}
        return Published(percent=percent, **self.published.model_dump())

    def _made_by(self, name: str, budget: Budget, real: LabelledClips) -> tuple[Method | None, Path | None]:
        """What makes a row at a budget, or the folder of the set that it is."""
        row = self.rows[name]
        try:
            return (self.method(row, budget, real), None) if row.given is None else (None, row.given)
        except BudgetError as error:
            raise BudgetError(f"row {name!r} at {budget}: {error}") from error

    def _results(self, prepared: Prepared, jobs: Sequence[Job], about: Mapping[str, Any]) -> Comparison:
        train, test = prepared.clips("train"), prepared.clips("test")
        return Comparison(
            title=self.title,
            dataset=prepared.name,
            about={
                "words": self.words,
                "classes": len(train.classes),
                "class_names": list(train.classes),
                "chance_percent": 100 / len(train.classes),
                "training_clips": len(train),
                "training_clips_per_class": list(train.per_class()),
                "test_clips": len(test),
                "clip": prepared.recipe.to_json(),
                "network": self.network.to_json(),
                "protocol": self.protocol.to_json(),
                "settings": self.settings,
                "settings_at": self.at,
                "threads": self.threads,
                **about,
            },
            cells=tuple(cells(jobs)),
            baseline=self.baseline,
            rows=tuple(dict.fromkeys(job.row for job in jobs)),
            measures=tuple(tables(jobs, test)),
            published=self._published,
        )


def cells(jobs: Sequence[Job]) -> list[Cell]:
    """Accuracies that finished `jobs` found, one for each distillation and head."""
    return [
        Cell(
            row=job.row,
            budget=job.budget,
            head=score.head or "" if tuple(score.letters) == score.trained_on.modalities else ",".join(score.letters),
            seed=job.seed,
            accuracy=score.values,
            training_samples=score.trained_on.samples,
            hold=score.trained_on.hold,
            student_seconds=score.seconds / score.n,
            labels=score.trained_on.labels,
            sees_labels=job.sees_labels,
            reference=job.whole,
            confusion={key: matrix.tolist() for key, matrix in score.confusion.items()},
            stored_bytes=job.facts["stored_bytes"],
            distill_seconds=job.facts["distill_seconds"],
        )
        for job in jobs
        if isinstance(job, Distil)
        for score in job.scores()
    ]


def tables(jobs: Sequence[Job], test: LabelledClips) -> list[MeasureTable]:
    """What finished `jobs` measured on `test`, a table for each measure and budget; empty ones are left out."""
    made = []
    measuring = [job for job in jobs if isinstance(job, MeasureSet)]
    for name in dict.fromkeys(job.name for job in measuring):
        there = [(job, found) for job in measuring if job.name == name and (found := job.found)]
        for budget in sorted({job.of.budget for job, _ in there if not job.of.whole}, key=Budget.place):
            here = [(job, one) for job, one in there if job.of.whole or job.of.budget == budget]
            plain = next((job.row for job, _ in here if job.of.method and is_random(job.of.method)), None)
            references = {
                "whole": [one for job, one in here if job.of.whole],
                "random": [one for job, one in here if job.row == plain],
            }
            entries = [(job.row, one, job.of.sees_labels) for job, one in here]
            made.append(table(name, here[0][0].measure, test, entries, budget=budget, references=references))
    return made


def is_random(method: Method) -> bool:
    """Whether a method gives real samples by chance, as they are: a reference of measures."""
    return method.name == "random" and method.hold.cells == 1


def budgets_of(per_class: Sequence[int], set_bytes: Sequence[int]) -> tuple[Budget, ...]:
    """Budgets of samples stored `per_class`, then of `set_bytes`."""
    return (*(Budget(per_class=n) for n in per_class), *(Budget(set_bytes=n) for n in set_bytes))


def _listed(budgets: Iterable[Budget]) -> str:
    return ", ".join(map(str, sorted(budgets, key=Budget.place)))
