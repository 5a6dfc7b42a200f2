"""Ask a measure of a training set, repeat by repeat."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from limbeck import _code
from limbeck._code import Code
from limbeck._runtime import Runtime, derive_seed
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.errors import InputError
from limbeck.evaluation._subject import Subject, formats_of
from limbeck.evaluation.measures import Measure, Taken
from limbeck.evaluation.measures.accuracy import Accuracy
from limbeck.evaluation.protocol import Protocol
from limbeck.evaluation.score import Repeat, Score, Source
from limbeck.evaluation.train import EpochReport
from limbeck.modalities import Scale
from limbeck.networks import Architecture, heads

OnProgress = Callable[[int, EpochReport], None]
"""Called after each epoch of each student with the number of the repeat, from 0, and the epoch's report."""


def evaluate(
    train: DistilledSet | LabelledClips,
    test: LabelledClips,
    measure: Measure | None = None,
    *,
    clips: LabelledClips | None = None,
    modalities: Collection[str] | None = None,
    scales: Mapping[str, Scale] | None = None,
    network: Architecture | None = None,
    protocol: Protocol | None = None,
    repeats: int = 5,
    seed: int = 0,
    runtime: Runtime | None = None,
    cache: Path | None = None,
    done: Score | None = None,
    on_progress: OnProgress | None = None,
    on_repeat: Callable[[Score], None] | None = None,
) -> Score:
    """Train students from scratch on `train` and test them on real clips.

    No choice is made on the test clips: every student is tested once, after its last epoch.

    Args:
        train: A distilled set, or clips (a subset or the whole training split, streamed).
        test: Test clips of the same classes and recipe.
        measure: What is measured; accuracy by default.
        clips: The real training clips that a set was distilled from, for measures that need them.
        modalities: Those that students are trained on and tested with; all of `train` by default.
        scales: On which students see clips, by modality; standardised by the training statistics by default. A
            distilled set brings its own.
        network: Architecture of the students; a ConvNet by default.
        protocol: How they are trained; as published by default.
        repeats: How often, each time with a seed of its own, >= 1.
        seed: Repeat number r depends on ``(seed, r)`` alone, so that more repeats only add to fewer.
        runtime: Where to work; on the CPU in float32 by default.
        cache: Folder for what measures that distil again can reuse.
        done: What was found earlier with the same arguments, which is taken over.
        on_progress: Called after each epoch of each student.
        on_repeat: Called after each repeat that was not in `done`, with all that is there.

    Raises:
        InputError: Classes, recipes or modalities differ, there are no test clips, scales came with a distilled set,
            `done` answers another question, or the measure refused the set.
        DivergedError: Training diverged.
    """
    subject = Subject.of(
        train,
        test,
        clips=clips,
        modalities=modalities,
        scales=scales,
        network=network,
        protocol=protocol,
        runtime=runtime,
        cache=cache,
    )
    return answer(
        measure or Accuracy(),
        subject,
        repeats=repeats,
        seed=seed,
        done=done,
        on_progress=on_progress,
        on_repeat=on_repeat,
    )


def question(measure: Measure, subject: Subject, seed: int) -> Score:
    """What is asked by a `measure` of a `subject`, with the `seed` all repeats' seeds come from, before any answer."""
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
        device=str(subject.device),
        formats=formats_of(subject.runtime) if measure.distils else None,
        code=code_of(measure, subject.network),
    )


def code_of(measure: Measure, network: Architecture) -> Code:
    """The code of a `measure`, of its students' `network` and of their head, where the measure names it."""
    head = measure.to_json().get("head")
    return _code.of(measure, network, *([heads.load(head)] if head else []))


def answer(
    measure: Measure,
    subject: Subject,
    *,
    repeats: int,
    seed: int = 0,
    done: Score | None = None,
    on_progress: OnProgress | None = None,
    on_repeat: Callable[[Score], None] | None = None,
) -> Score:
    """Ask a `measure` of a `subject` several times, each time with a seed of its own; for the rest see `evaluate`."""
    if repeats < 1:
        raise InputError(f"At least one repeat is needed, but got {repeats}.")
    found = question(measure, subject, seed)
    if done is not None:
        if differ := found.differs(done):
            raise InputError(f"The finished repeats answer another question ({', '.join(differ)} differ); start anew.")
        found = done
    for number in range(found.n, repeats):
        own, started = derive_seed(seed, "repeat", number), time.perf_counter()
        taken = measure.take(_told(subject, measure, on_progress and partial(on_progress, number)), seed=own)
        if not isinstance(taken, Taken):
            taken = Taken(taken)
        repeat = Repeat(
            seed=own,
            seconds=time.perf_counter() - started,
            values=dict(taken.values),
            losses=tuple(taken.losses),
            predictions={key: tuple(guess) for key, guess in taken.predictions.items()},
        )
        found = found.with_repeat(repeat)
        if on_repeat:
            on_repeat(found)
    return found.first(repeats)


def _told(subject: Subject, measure: Measure, on_epoch: Callable[[EpochReport], None] | None) -> Subject:
    """The subject as a measure gets it: it reports epochs, and distils again only for measures that say so."""

    def refuse(clips: LabelledClips) -> DistilledSet | LabelledClips:
        raise InputError(f"The measure {measure.name} distils again, but its property `distils` does not say so.")

    allowed = measure.distils or isinstance(subject.train, LabelledClips)
    return replace(subject, again=subject.again if allowed else refuse, on_epoch=on_epoch or subject.on_epoch)
