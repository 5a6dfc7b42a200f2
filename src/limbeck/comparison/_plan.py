"""What a recipe will take, before it is started: jobs, time, disk."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from limbeck import _files
from limbeck._runtime import Runtime, choose_runtime, generator, threads
from limbeck.comparison._job import Job
from limbeck.comparison._recipe import Place, Recipe
from limbeck.comparison.jobs import Distil, MeasureSet
from limbeck.comparison.kinds.distillation import DistillationRecipe
from limbeck.datasets import LabelledClips, Prepared
from limbeck.errors import InputError
from limbeck.methods import Method
from limbeck.modalities import Scale
from limbeck.networks import Student, embed, group_means, heads

SAMPLES = 8


@dataclass(frozen=True)
class Speed:
    """Seconds a clip takes to go through a pair of encoders, measured here.

    Attributes:
        forward: Real clips without gradient.
        backward: Synthetic clips, forward and backward.
        train: A clip in a student's training step.
    """

    forward: float
    backward: float
    train: float


@dataclass(frozen=True)
class Line:
    """A part of the plan.

    Attributes:
        name: Row, or what is shared.
        jobs: Number of jobs.
        done: Those already finished.
        seconds: Estimated time of those that are not, on one process.
        stored_bytes: What its sets take, in the form they are stored in; None where that depends on clips that are not
            prepared yet.
        at_least: Whether more than `seconds` may be needed: of measures only the students are counted, and as many as
            they say, trained as the recipe's are; distilling again, other networks and long protocols are not.
    """

    name: str
    jobs: int
    done: int
    seconds: float
    stored_bytes: int | None
    at_least: bool = False

    @classmethod
    def total(cls, name: str, parts: Sequence[Line]) -> Line:
        """Several parts as one.

        Args:
            name: Of all of them.
            parts: What is added up.
        """
        stored = [p.stored_bytes for p in parts]
        return cls(
            name,
            sum(p.jobs for p in parts),
            sum(p.done for p in parts),
            sum(p.seconds for p in parts),
            None if None in stored else sum(b for b in stored if b is not None),
            any(p.at_least for p in parts),
        )


@torch.no_grad()
def measure(recipe: DistillationRecipe, runtime: Runtime, classes: int) -> Speed:
    """Time a few clips through the recipe's network.

    Args:
        recipe: Gives the network, the modalities and the students' number format.
        runtime: Device and number formats.
        classes: Number of classes.
    """
    shapes = {name: modality.shape for name, modality in recipe.data.modalities.items()}
    draw = generator(0, "speed")
    student = _student(recipe, classes, draw).to(runtime.device)
    inputs = {m: torch.randn(SAMPLES, *shape, generator=draw).to(runtime.device) for m, shape in shapes.items()}
    labels = torch.arange(SAMPLES, device=runtime.device) % classes

    def forward() -> None:
        for m, encoder in student.encoders.items():
            embed(encoder, inputs[m], dtype=runtime.real_dtype)

    @torch.enable_grad()
    def backward() -> None:
        for m, encoder in student.encoders.items():
            leaf = inputs[m].clone().requires_grad_()
            torch.autograd.grad(group_means(encoder, leaf, 1, dtype=runtime.synthetic_dtype).sum(), leaf)

    @torch.enable_grad()
    def train() -> None:
        with torch.autocast(runtime.device.type, torch.bfloat16, enabled=recipe.protocol.dtype == "bfloat16"):
            features = student.features(inputs)
        torch.autograd.grad(student.head.loss(features, labels), list(student.parameters()))

    return Speed(*(_seconds(work, runtime) / SAMPLES for work in (forward, backward, train)))


def plan(recipe: Recipe, *, out: Path | str, data: Path | str | None = None, device: str = "auto") -> list[Line]:
    """What `run` would do with the same arguments, and how long it would take here. Nothing is written.

    Args:
        recipe: A comparison of distillations.
        out: As in `run`.
        data: As in `run`.
        device: As in `run`.

    Returns:
        A line a row, and one for what rows share.

    Raises:
        InputError: The recipe is of another kind; or the data is not prepared, and the recipe does not say how large
            it is.
    """
    if not isinstance(recipe, DistillationRecipe):
        raise InputError("Comparisons of distillations alone can be planned; this recipe is of another kind.")
    out, clips = Path(out), None
    folder = recipe.data.prepared_folder(out, data)
    if (folder / "dataset.json").exists():
        prepared = Prepared.open(folder)
        clips = prepared.clips("train")
        per_class, test, fingerprint = clips.per_class(), len(prepared.clips("test")), prepared.fingerprint
    elif recipe.data.expected:
        size = recipe.data.expected
        per_class, test, fingerprint = (size.train // size.classes,) * size.classes, size.test, "not prepared"
    else:
        raise InputError(
            f"The data is not prepared, so its size is not known. Prepare it first (limbeck benchmark without "
            f"--dry-run does), or write classes, train and test under [data.expected] of {recipe.title!r}."
        )
    jobs = recipe.jobs(folder, fingerprint, Place(out=out, data=data, device=device))
    with threads(recipe.threads):
        speed = measure(recipe, choose_runtime(device, recipe.dtype), len(per_class))
    return lines(recipe, jobs, per_class=per_class, test=test, speed=speed, clips=clips)


def lines(
    recipe: DistillationRecipe,
    jobs: Sequence[Job],
    *,
    per_class: Sequence[int],
    test: int,
    speed: Speed,
    clips: LabelledClips | None = None,
) -> list[Line]:
    """The plan, a line a row, and one for what rows share.

    Args:
        recipe: The comparison.
        jobs: Its jobs.
        per_class: Training clips of each class.
        test: Test clips.
        speed: From `measure`.
        clips: The training clips; None where they are not prepared yet.
    """
    whole, each = sum(per_class), sum(m.stored_bytes for m in recipe.data.modalities.values())
    bytes_of = _bytes_of(clips, recipe, len(per_class))

    def student(of: Distil) -> float:
        samples = whole if of.method is None else len(per_class) * of.method.per_class * of.method.hold.cells
        return recipe.protocol.lengthened(samples).epochs * samples * speed.train + test * speed.forward

    found: dict[str, list[Line]] = {}
    for job in jobs:
        seconds = 0.0
        stored: int | None = 0
        if isinstance(job, MeasureSet):
            seconds = job.measure.students * job.repeats * student(job.of)
        elif isinstance(job, Distil):
            stored = whole * each if job.method is None else bytes_of(job.method)
            if job.method is not None:
                passes = job.method.passes(per_class)
                seconds = passes.forward * speed.forward + passes.backward * speed.backward
            seconds += len(job.heads) * job.students * student(job)
        done = job.done
        line = Line(job.row, 1, int(done), seconds * (not done), stored, isinstance(job, MeasureSet) and not done)
        found.setdefault(job.row, []).append(line)
    planned = [Line.total(name, rows) for name, rows in found.items()]
    sets = [job for job in jobs if isinstance(job, Distil) and job.method]
    experts = {expert for job in sets if job.method for expert in job.method.required_experts(job.seed)}
    if experts:
        epochs = sum(training.epochs for training, _ in experts)
        on_disk = 4 * _weights(recipe, len(per_class)) * (epochs + len(experts))
        shared = f"experts: {len(experts)} networks, {epochs} epochs in all, trained once"
        planned.append(Line(shared, 1, 0, epochs * whole * speed.train, on_disk))
    return planned


def _bytes_of(clips: LabelledClips | None, recipe: DistillationRecipe, classes: int) -> Callable[[Method], int | None]:
    """What a method's set takes; methods that differ in nothing that matters to it are measured once."""
    real = _noise(recipe, classes) if clips is None else clips
    known: dict[str, int | None] = {}

    def bytes_of(method: Method) -> int | None:
        shared = type(method).stored_bytes is Method.stored_bytes  # which looks at what all methods have
        key = _files.digest({k: v for k, v in method.to_json().items() if k in Method.model_fields or not shared})
        if key not in known:
            stored, exact = method.stored_bytes(real)
            known[key] = stored if exact or clips is not None else None
        return known[key]

    return bytes_of


def _noise(recipe: DistillationRecipe, classes: int) -> LabelledClips:
    """A clip of the right shapes for each class, to count numbers that are not there yet."""
    draw, arrays = generator(0, "noise"), {}
    for name, modality in recipe.data.modalities.items():
        unit = Scale(mean=(0.5,), std=(0.25,))
        arrays[name] = modality.prepared(unit.undo(torch.randn(classes, *modality.shape, generator=draw), 2))
    labels = torch.arange(classes)
    return LabelledClips.from_arrays(arrays, labels, [str(label) for label in range(classes)], recipe=recipe.data.clip)


def _student(recipe: DistillationRecipe, classes: int, draw: torch.Generator) -> Student:
    kinds = recipe.data.modalities
    encoders = recipe.network.build().encoders({m: kind.shape for m, kind in kinds.items()}, generator=draw)
    dims, letters = {m: e.dim for m, e in encoders.items()}, {m: kind.letter for m, kind in kinds.items()}
    return Student(encoders, heads.load("ensemble")(dims, classes, letters, generator=draw))


def _weights(recipe: DistillationRecipe, classes: int) -> int:
    return sum(p.numel() for p in _student(recipe, classes, generator(0, "speed")).parameters())


def _seconds(work: Callable[[], None], runtime: Runtime) -> float:
    """Seconds of a call, after one to warm up."""
    seconds = []
    for _ in range(2):
        started = time.perf_counter()
        work()
        if runtime.device.type == "cuda":
            torch.cuda.synchronize(runtime.device)
        seconds.append(time.perf_counter() - started)
    return seconds[-1]
