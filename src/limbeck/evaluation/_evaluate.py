"""Ask a measure of a training set, repeat by repeat."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch

from limbeck import _code
from limbeck._code import Code
from limbeck._runtime import derive_seed
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.errors import InputError
from limbeck.evaluation._subject import Subject
from limbeck.evaluation.measures import Measure
from limbeck.evaluation.measures.accuracy import Accuracy
from limbeck.evaluation.score import Repeat, Score, Source, Taken
from limbeck.evaluation.train import EpochReport
from limbeck.networks import Architecture, heads

OnProgress = Callable[[int, EpochReport], None]
"""Called after each epoch of each student with the number of the repeat, from 0, and the epoch's report."""


def question(measure: Measure, subject: Subject, seed: int) -> Score:
    """What is asked by a `measure` of a `subject`, with the `seed` all repeats' seeds come from, before any answer."""
    if measure.needs_classes and not subject.train.targets.has_classes:
        raise InputError(
            f"{measure.name} needs classes, but this set has pairs without any. Measure retrieval (--measure "
            "retrieval), or distil by class: limbeck distill --per-class."
        )
    runtime = subject.runtime
    real, synthetic = (str(dtype).removeprefix("torch.") for dtype in (runtime.real_dtype, runtime.synthetic_dtype))
    return Score(
        measure=measure.name,
        settings=measure.to_json(),
        trained_on=Source.of(subject.train),
        tested_on=Source.of(subject.test),
        letters=subject.letters,
        classes=subject.test.classes,
        truth=tuple(subject.test.labels.tolist()),
        network=subject.network,
        protocol=subject.protocol,
        scales=dict(subject.scales),
        seed=seed,
        device=str(runtime.device),
        formats=(real, synthetic) if measure.distils else None,
        code=code_of(measure, subject.network),
    )


def code_of(measure: Measure, network: Architecture) -> Code:
    """The code of a `measure`, of its students' `network` and of their head, where the measure names it."""
    head = measure.to_json().get("head")
    return _code.of(measure, network, *([heads.load(head)] if head else []))


def evaluate(
    subject: Subject,
    measure: Measure | None = None,
    *,
    repeats: int = 5,
    seed: int = 0,
    done: Score | None = None,
    on_progress: OnProgress | None = None,
    on_repeat: Callable[[Score], None] | None = None,
) -> Score:
    """Train students from scratch on a set or on clips, and test them on real clips.

    No choice is made on the test clips: every student is tested once, after its last epoch.

    The `subject` (see `Subject.of`) is measured `repeats` >= 1 times by a `measure`, accuracy by default. Repeat number
    r depends on ``(seed, r)`` alone, so that more repeats only add to fewer. What was found earlier with the same
    arguments (`done`) is taken over. After each epoch of each student `on_progress` is called, and `on_repeat` after
    each repeat that was not in `done`, with all that is there.

    Raises:
        InputError: `done` answers another question, or the measure refused the subject.
        DivergedError: Training diverged.
    """
    if repeats < 1:
        raise InputError(f"At least one repeat is needed, but got {repeats}.")
    measure = measure or Accuracy()
    found = question(measure, subject, seed)
    if done is not None:
        if differ := found.differs(done):
            raise InputError(f"The finished repeats answer another question ({', '.join(differ)} differ); start anew.")
        found = done
    for number in range(found.n, repeats):
        on_epoch = partial(on_progress, number) if on_progress else subject.on_epoch
        found = found.with_repeat(repeat(number, replace(subject, on_epoch=on_epoch), measure, seed))
        if on_repeat:
            on_repeat(found)
    return found.first(repeats)


def repeat(number: int, subject: Subject, measure: Measure, seed: int) -> Repeat:
    """Repeat `number` r of a measure of a subject: it depends on ``(seed, r)`` alone."""

    def refuse(clips: LabelledClips) -> DistilledSet | LabelledClips:
        raise InputError(f"The measure {measure.name} distils again, but its property `distils` does not say so.")

    if not measure.distils and isinstance(subject.train, DistilledSet):
        subject = replace(subject, again=refuse)
    own, started = derive_seed(seed, "repeat", number), time.perf_counter()
    taken = measure.take(subject, seed=own)
    kept = dict(taken) if isinstance(taken, Taken) else {"values": taken}
    cost = {"seconds": time.perf_counter() - started, "threads": torch.get_num_threads()}
    return Repeat.from_json({"seed": own, **cost, **kept})
