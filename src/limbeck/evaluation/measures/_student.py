"""What measures share that train classifying students: the head, training with a clock, accuracy."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator
from torch import Tensor

from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.evaluation._samples import Samples
from limbeck.evaluation._subject import Subject
from limbeck.evaluation.protocol import Protocol
from limbeck.evaluation.train import HeadBuilder, predict, train_student
from limbeck.networks import Architecture, Student, heads


def _known(head: str) -> str:
    heads.load(head)
    return head


HeadName = Annotated[str, AfterValidator(_known)]
"""Name of the students' head, one of ``limbeck.networks.heads.names()``."""


def trained(
    subject: Subject,
    samples: Samples,
    head: str | HeadBuilder,
    *,
    seed: int,
    network: Architecture | None = None,
    protocol: Protocol | None = None,
) -> tuple[Student, float]:
    """A student trained from scratch, and the seconds that took."""
    started, built = time.perf_counter(), (network or subject.network).build()
    where: dict[str, Any] = {"device": subject.runtime.device, "on_epoch": subject.on_epoch}
    student = train_student(samples, built, head, protocol or subject.protocol, seed=seed, **where)
    return student, time.perf_counter() - started


def guesses(student: Student, samples: Samples) -> dict[str, Tensor]:
    """Class predicted for every sample, int64, (sample,), by what was looked at."""
    return {key: probabilities.argmax(1) for key, probabilities in predict(student, samples).items()}


def accuracy(student: Student, samples: Samples) -> dict[str, float]:
    """Percent of real clips predicted right, by what was looked at, as ``"A"``, ``"V"``, ``"A+V"``."""
    return right(guesses(student, samples), samples.targets.labels)


def right(predicted: Mapping[str, Tensor], labels: Tensor) -> dict[str, float]:
    """Percent of predictions that are right, by what was looked at."""
    return {key: 100 * float((guess == labels).double().mean()) for key, guess in predicted.items()}


def bytes_of(train: DistilledSet | LabelledClips, subject: Subject) -> float:
    """Bytes that a set made as the subject was takes; real clips take as many each as the subject's do."""
    if isinstance(train, DistilledSet):
        return float(train.stored_bytes)
    return subject.train.stored_bytes * len(train) / len(subject.train)
