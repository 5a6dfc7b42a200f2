"""The grid as a list of small jobs, where each leaves its result, and what doing one means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from limbeck import _code, _files, verbs
from limbeck._runtime import choose_runtime
from limbeck.benchmark.recipe import Recipe, is_random
from limbeck.datasets import LabelledClips, Prepared
from limbeck.errors import BusyError, LimbeckError
from limbeck.evaluation import Measured, Result, Score
from limbeck.methods import Method
from limbeck.networks import heads
from limbeck.report.comparison import Cell
from limbeck.report.measures import Entry, MeasureTable, table

WHOLE = "whole"
FACTS = "facts.json"
Found = TypeVar("Found", bound=Result)


@dataclass(frozen=True)
class Job:
    """One distillation with its students; or, without a method, students trained on the whole training split.

    Attributes:
        row: Name of the row.
        per_class: Pairs a class; None for the whole.
        seed: Of the distillation and its students.
        method: The method with all its settings; None for the whole.
        folder: Where the set and its scores are. It follows from what is asked and from the code that answers, not from
            the recipe's name: recipes that ask the same share the work, and other code works beside the old.
    """

    row: str
    per_class: int | None
    seed: int
    method: Method | None
    folder: Path

    def __str__(self) -> str:
        return self.row if self.per_class is None else f"{self.row}, {self.per_class} a class, seed {self.seed}"


def jobs(recipe: Recipe, fingerprint: str, out: Path, *, device: str) -> list[Job]:
    """All jobs of a recipe: small budgets first, then seed by seed, so that a part of the table is soon whole.

    Args:
        recipe: The comparison.
        fingerprint: Of the prepared data.
        out: Folder of all runs.
        device: Where they run.
    """
    runtime = choose_runtime(device, recipe.dtype)
    formats = [runtime.device.type, str(runtime.real_dtype), str(runtime.synthetic_dtype), recipe.threads]
    found = []
    for per_class in sorted({n for row in recipe.rows.values() for n in recipe.budgets(row)}):
        rows = {
            name: recipe.method(row, per_class) for name, row in recipe.rows.items() if per_class in recipe.budgets(row)
        }
        codes = {name: _files.digest(_code.of(method)) for name, method in rows.items()}
        for seed in range(recipe.distillations):
            for name, method in rows.items():
                key = _files.digest(fingerprint, method.name, method.to_json(), seed, formats)
                found.append(Job(name, per_class, seed, method, out / "sets" / f"{key}-{codes[name]}"))
    if recipe.whole:
        key = _files.digest(fingerprint, recipe.sound, formats)
        found.append(Job(WHOLE, None, 0, None, out / "whole" / key))
    return found


def changes(job: Job) -> list[str]:
    """What of the code was changed since the same was done before, in words; empty where it was not done before.

    Args:
        job: One of a recipe's jobs.
    """
    if job.method is None or job.folder.exists():
        return []
    question = job.folder.name.partition("-")[0]
    files = sorted(job.folder.parent.glob(f"{question}-*/{verbs.RUN}/run.json"), key=lambda f: f.stat().st_mtime)
    return _code.differences(_files.read_record(files[-1])["code"], _code.of(job.method)) if files else []


def perform(recipe: Recipe, job: Job, prepared: Prepared, *, device: str) -> None:
    """Do a job, or what is left of it.

    Args:
        recipe: The comparison.
        job: One of its jobs.
        prepared: The data.
        device: Where to work.

    Raises:
        BusyError: Another process is doing it.
        LimbeckError: The method refused the data, or diverged; or measures did, after the others were taken.
    """
    with _files.exclusive(job.folder / "job"):
        if job.method is not None:
            made = verbs.distill(
                prepared, job.method, out=job.folder, seed=job.seed, device=device, dtype=recipe.dtype, progress=False
            )
            seconds = _files.read_record(job.folder / verbs.RUN / "done.json")["seconds"]
            facts = {"stored_bytes": made.stored_bytes, "distill_seconds": seconds, "fingerprint": made.fingerprint}
        else:
            clips = prepared.clips("train")
            facts = {"stored_bytes": clips.stored_bytes, "distill_seconds": 0.0, "fingerprint": clips.fingerprint}
        _files.write_record(job.folder / FACTS, facts)
        options: dict[str, Any] = {"on": prepared, "network": recipe.network, "protocol": recipe.protocol}
        options |= {"seed": job.seed, "device": device, "progress": False, "sound": recipe.sound}
        options["out"] = job.folder / verbs.SCORES
        for head in recipe.heads:
            verbs.evaluate(
                None if job.method is None else job.folder,
                head=head,
                repeats=students_of(recipe, job),
                title=head,
                **options,
            )
        options["out"] = job.folder / verbs.MEASURES
        refused: dict[str, LimbeckError] = {}
        for name in measures_of(recipe, job):
            try:
                verbs.measure(
                    None if job.method is None else job.folder,
                    recipe.measure(name),
                    repeats=repeats_of(recipe, job, name),
                    dtype=recipe.dtype,
                    **options,
                )
            except BusyError:
                raise
            except LimbeckError as error:
                refused[name] = error
        if refused:
            words = " ".join(f"Measure {name!r}: {error}" for name, error in refused.items())
            raise LimbeckError(words) from ExceptionGroup("measures", list(refused.values()))


def students_of(recipe: Recipe, job: Job) -> int:
    """Networks trained for a job under each head.

    Args:
        recipe: The comparison.
        job: One of its jobs.
    """
    return recipe.students if job.method else recipe.whole


def measures_of(recipe: Recipe, job: Job) -> list[str]:
    """Names of what is measured of a job's set.

    Args:
        recipe: The comparison.
        job: One of its jobs.
    """
    return [
        name
        for name, asked in recipe.measures.items()
        if job.per_class is None or asked.per_class is None or job.per_class in asked.per_class
    ]


def repeats_of(recipe: Recipe, job: Job, name: str) -> int:
    """How often something is measured of a job's set.

    Args:
        recipe: The comparison.
        job: One of its jobs.
        name: One of the recipe's measures.
    """
    return recipe.whole if job.method is None else recipe.measures[name].repeats or recipe.students


def cells(recipe: Recipe, asked: Sequence[Job]) -> list[Cell]:
    """What finished jobs found; those that are not finished are left out.

    Args:
        recipe: The comparison.
        asked: Its jobs.
    """
    found = []
    for job in asked:
        for head in recipe.heads:
            code = _code.of(recipe.network, heads.load(head))
            score = _found(recipe, job, Score, job.folder / verbs.SCORES, head, head=head, code=code)
            if score and score.n >= students_of(recipe, job):
                found.append(_cell(job, head, score.first(students_of(recipe, job))))
    return found


def measured(recipe: Recipe, job: Job, name: str) -> Measured | None:
    """What was measured of a job's set; None until all its repeats are there.

    Args:
        recipe: The comparison.
        job: One of its jobs.
        name: One of the recipe's measures.
    """
    measure, repeats = recipe.measure(name), repeats_of(recipe, job, name)
    asked = {"settings": measure.to_json(), "code": _code.of(measure, recipe.network)}
    found = _found(recipe, job, Measured, job.folder / verbs.MEASURES, measure.name, **asked)
    return found.first(repeats) if found and found.n >= repeats else None


def tables(recipe: Recipe, asked: Sequence[Job], test: LabelledClips) -> list[MeasureTable]:
    """What finished jobs measured, a table for each measure and number of pairs; empty ones are left out.

    Args:
        recipe: The comparison.
        asked: Its jobs.
        test: Test clips.
    """
    made = []
    for name in recipe.measures:
        found = [(job, measured(recipe, job, name)) for job in asked if name in measures_of(recipe, job)]
        there = [(job, one) for job, one in found if one is not None]
        for per_class in sorted({job.per_class for job, _ in there if job.per_class is not None}):
            here = [(job, one) for job, one in there if job.per_class in (per_class, None)]
            plain = next((job.row for job, _ in here if job.method and is_random(job.method)), None)
            references = {
                "whole": [one for job, one in here if job.method is None],
                "random": [one for job, one in here if job.row == plain],
            }
            entries = [Entry(job.row, one, sees_labels=_sees_labels(job)) for job, one in here]
            made.append(table(name, recipe.measure(name), test, entries, per_class=per_class, references=references))
    return made


def scored(recipe: Recipe, job: Job) -> bool:
    """Whether a job's set is there, and its students under every head.

    Args:
        recipe: The comparison.
        job: One of its jobs.
    """
    return (job.folder / FACTS).exists() and len(cells(recipe, [job])) == len(recipe.heads)


def finished(recipe: Recipe, job: Job) -> bool:
    """Whether nothing of a job is left to do.

    Args:
        recipe: The comparison.
        job: One of its jobs.
    """
    return scored(recipe, job) and all(measured(recipe, job, name) for name in measures_of(recipe, job))


def _sees_labels(job: Job) -> bool:
    return job.method is not None and job.method.sees_labels


def _found(recipe: Recipe, job: Job, kind: type[Found], folder: Path, title: str, **asked: Any) -> Found | None:
    """What was found of the set that is there now, asked as the recipe asks; device and formats are the folder's."""
    if not (job.folder / FACTS).exists():
        return None
    fingerprint = _files.read_record(job.folder / FACTS)["fingerprint"]
    asked |= {"network": recipe.network, "protocol": recipe.protocol, "seed": job.seed}
    for file in sorted(folder.glob(f"{title}-*.json")):
        found = kind.read(file)
        if found.trained_on.fingerprint == fingerprint and all(getattr(found, k) == v for k, v in asked.items()):
            return found
    return None


def _cell(job: Job, head: str, score: Score) -> Cell:
    facts = _files.read_record(job.folder / FACTS)
    return Cell(
        row=job.row,
        per_class=job.per_class,
        head=head,
        seed=job.seed,
        accuracy=score.accuracies,
        training_pairs=score.trained_on.pairs,
        mosaic=score.trained_on.packing,
        student_seconds=score.seconds / score.n,
        labels=score.trained_on.labels,
        sees_labels=_sees_labels(job),
        reference=job.method is None,
        confusion={key: matrix.tolist() for key, matrix in score.confusion.items()},
        stored_bytes=facts["stored_bytes"],
        distill_seconds=facts["distill_seconds"],
    )
