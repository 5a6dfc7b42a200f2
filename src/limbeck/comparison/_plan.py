"""What a recipe will take, before it is started: jobs, time, disk."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from limbeck import _files
from limbeck._runtime import Runtime, choose_runtime, generator, threads
from limbeck.comparison._recipe import Place, Recipe
from limbeck.comparison.jobs.distil import Distil, DistilBlock, MeasureSet
from limbeck.comparison.kinds.distillation import DistillationRecipe
from limbeck.datasets import LabelledClips, Prepared
from limbeck.distillation import cut
from limbeck.errors import InputError
from limbeck.methods import Method
from limbeck.modalities import Scale
from limbeck.networks import Student, embed, heads

SAMPLES = 8


@dataclass(frozen=True)
class Line:
    """A part of the plan.

    Attributes:
        name: Row, or what is shared.
        seconds: Estimated time of those that are not, on one process.
        stored_bytes: What its sets take, as they are stored; None where that depends on clips that are not prepared.
        at_least: Whether more than `seconds` may be needed: of measures only the students are counted, and as many as
            they say, trained as the recipe's are; distilling again, other networks and long protocols are not.
        longest_seconds: Estimated time of the longest job of those that are not done, which no number of processes
            makes shorter.
    """

    name: str
    jobs: int
    done: int
    seconds: float
    stored_bytes: int | None
    at_least: bool = False
    longest_seconds: float = 0.0

    @classmethod
    def total(cls, name: str, parts: "Sequence[Line]") -> "Line":
        """Several parts as one of that `name`."""
        jobs, done, seconds = (sum(getattr(p, key) for p in parts) for key in ("jobs", "done", "seconds"))
        known = [p.stored_bytes for p in parts if p.stored_bytes is not None]
        stored = sum(known) if len(known) == len(parts) else None
        longest = max((p.longest_seconds for p in parts), default=0.0)
        return cls(name, jobs, done, seconds, stored, any(p.at_least for p in parts), longest)

    def seconds_on(self, processes: int) -> float:
        """Estimated time of so many processes, >= 1, at their best: none idles, but the longest job takes its time."""
        return max(self.seconds / processes, self.longest_seconds)


@torch.no_grad()
def measure(recipe: DistillationRecipe, runtime: Runtime, classes: int) -> list[float]:
    """Seconds a clip takes: real without gradient, synthetic forward and backward, in the training of a student."""
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
            torch.autograd.grad(embed(encoder, leaf, dtype=runtime.synthetic_dtype).sum(), leaf)

    @torch.enable_grad()
    def train() -> None:
        with torch.autocast(runtime.device.type, torch.bfloat16, enabled=recipe.protocol.dtype == "bfloat16"):
            features = student.features(inputs)
        torch.autograd.grad(student.head.loss(features, labels), list(student.parameters()))

    return [_seconds(work, runtime) / SAMPLES for work in (forward, backward, train)]


def plan(recipe: Recipe, *, out: Path | str, data: Path | str | None = None, device: str = "auto") -> list[Line]:
    """What `run` would do with the same arguments, and how long it would take here. Nothing is written.

    There is a line a row, and one for what rows share. `out`, `data` and `device` are as there.

    Raises:
        InputError: The recipe is of another kind; or the data is not prepared, and the recipe does not say its size.
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
    with threads(recipe.threads):
        forward, backward, train = measure(recipe, choose_runtime(device, recipe.dtype), len(per_class))
    whole, each = sum(per_class), sum(m.stored_bytes for m in recipe.data.modalities.values())
    real = clips or _invented(recipe, len(per_class))
    bytes_of = _bytes_of(real, exactly=clips is not None)

    def seconds_of(of: Distil) -> float:
        samples = whole
        if not of.whole:
            samples = of.method.training_samples(per_class) if of.method else len(of.made)
        return recipe.protocol.lengthened(samples).epochs * samples * train + test * forward

    found: dict[str, list[Line]] = {}
    experts: set[Any] = set()
    for job in recipe.jobs(folder, fingerprint, Place(out=out, data=data, device=device), real):
        seconds = 0.0
        stored: int | None = 0
        if isinstance(job, MeasureSet):
            seconds = job.measure.students * job.repeats * seconds_of(job.of)
        elif isinstance(job, DistilBlock) and job.of.method and job.of.blocks:
            passes = job.of.method.passes(cut(per_class, job.of.blocks)[job.number])
            seconds = passes.forward * forward + passes.backward * backward
        elif isinstance(job, Distil):
            stored = whole * each if job.whole else job.made.stored_bytes if job.given else None
            if job.method is not None:
                stored = bytes_of(job.method)
                passes = job.method.passes(per_class if job.blocks is None else ())
                experts |= set(job.method.required_experts(job.seed))
                seconds = passes.forward * forward + passes.backward * backward
            seconds += len(job.heads) * job.students * seconds_of(job)
        done = job.done
        left = seconds * (not done)
        line = Line(job.row, 1, int(done), left, stored, isinstance(job, MeasureSet) and not done, left)
        found.setdefault(job.row, []).append(line)
    planned = [Line.total(name, rows) for name, rows in found.items()]
    if experts:
        epochs = sum(training.epochs for training, _ in experts)
        student = _student(recipe, len(per_class), generator(0, "speed"))
        on_disk = 4 * sum(p.numel() for p in student.parameters()) * (epochs + len(experts))
        shared = f"experts: {len(experts)} networks, {epochs} epochs in all, trained once"
        longest = max(training.epochs for training, _ in experts) * whole * train
        planned.append(Line(shared, 1, 0, epochs * whole * train, on_disk, longest_seconds=longest))
    return planned


def _invented(recipe: DistillationRecipe, classes: int) -> LabelledClips:
    """A clip of the right shapes for each class, to count numbers that are not there yet."""
    draw, unit = generator(0, "noise"), Scale(mean=(0.5,), std=(0.25,))
    arrays = {
        name: modality.prepared(unit.undo(torch.randn(classes, *modality.shape, generator=draw), 2))
        for name, modality in recipe.data.modalities.items()
    }
    names = [str(label) for label in range(classes)]
    return LabelledClips.from_arrays(arrays, torch.arange(classes), names, recipe=recipe.data.clip)


def _bytes_of(real: LabelledClips, *, exactly: bool) -> Callable[[Method], int | None]:
    """What a method's set takes, where `real` clips tell; methods that differ in nothing that matters count once.

    Clips that are invented tell only what does not depend on them; all is told `exactly` by those of the data.
    """
    known: dict[str, int | None] = {}

    def bytes_of(method: Method) -> int | None:
        shared = type(method).stored_bytes is Method.stored_bytes  # which looks at what all methods have
        key = _files.digest({k: v for k, v in method.to_json().items() if k in Method.model_fields or not shared})
        if key not in known:
            stored, exact = method.stored_bytes(real)
            known[key] = stored if exact or exactly else None
        return known[key]

    return bytes_of


def _student(recipe: DistillationRecipe, classes: int, draw: torch.Generator) -> Student:
    kinds = recipe.data.modalities
    encoders = recipe.network.build().encoders({m: kind.shape for m, kind in kinds.items()}, generator=draw)
    dims, letters = {m: e.dim for m, e in encoders.items()}, {m: kind.letter for m, kind in kinds.items()}
    return Student(encoders, heads.load("ensemble")(dims, classes, letters, generator=draw))


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
