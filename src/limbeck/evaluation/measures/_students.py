"""What measures share that train classifying students: the head, training with a clock, accuracy."""

from __future__ import annotations

import time
from abc import ABC

from pydantic import field_validator

from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.evaluation._pairs import Pairs
from limbeck.evaluation.measures._contract import Measure, Subject
from limbeck.evaluation.protocol import Protocol
from limbeck.evaluation.train import predict, train_student
from limbeck.networks import MODALITIES, Architecture, Student, heads

BOTH = "A+V"


class StudentMeasure(Measure, ABC):
    """A measure whose students classify by sound and picture together.

    Attributes:
        head: Name of their head, one of ``limbeck.networks.heads.names()`` that reads both.
    """

    head: str = "ensemble"

    @field_validator("head")
    @classmethod
    def _reads_both(cls, head: str) -> str:
        if set(heads.load(head).modalities) != set(MODALITIES):
            raise ValueError(f"the head must read sound and picture, but {head!r} reads one of them")
        return head

    def student(
        self,
        subject: Subject,
        pairs: Pairs,
        *,
        seed: int,
        network: Architecture | None = None,
        protocol: Protocol | None = None,
    ) -> tuple[Student, float]:
        """A student trained from scratch, and the seconds that took.

        Args:
            subject: Says architecture, protocol and device.
            pairs: What it learns from.
            seed: Of its weights, order and augmentation.
            network: Another architecture than the subject's.
            protocol: Another protocol than the subject's.
        """
        started = time.perf_counter()
        student = train_student(
            pairs,
            (network or subject.network).build(),
            self.head,
            protocol or subject.protocol,
            seed=seed,
            device=subject.device,
        )
        return student, time.perf_counter() - started


def accuracy(student: Student, pairs: Pairs) -> dict[str, float]:
    """Percent of pairs predicted right, keys among "A", "V", "A+V".

    Args:
        student: A trained one.
        pairs: Real clips, labelled by class.
    """
    scores = predict(student, pairs)
    return {key: 100 * float((p.argmax(1) == pairs.labels).double().mean()) for key, p in scores.items()}


def bytes_of(train: DistilledSet | LabelledClips, subject: Subject) -> float:
    """Bytes that a set made as the subject was takes; real clips take as many each as the subject's do.

    Args:
        train: A distilled set, or some of the clips of a subject that is the whole.
        subject: Says what its clips take.
    """
    if isinstance(train, DistilledSet):
        return float(train.stored_bytes)
    return subject.stored_bytes * len(train) / len(subject.train)
