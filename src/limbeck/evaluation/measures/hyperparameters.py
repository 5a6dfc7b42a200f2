"""Searching a student's hyper-parameters on a small set instead of the whole (`hyperparameters`).

Every candidate is trained on the set and scored on validation clips cut from the real training clips. Looked at then:
whether candidates are ranked as by the whole, how good on test the best-found one is when trained on the whole, and
what the search cost.

Source:   the use named by Zhao, Mopuri and Bilen, *Dataset Condensation with Gradient Matching*, ICLR 2021 (search
          among 720 ConvNets on CIFAR-10, Spearman correlation with training on the whole).
Differs from the paper: about a dozen declared candidates that also differ in how they are trained; they are scored on
          clips cut from the training split. All candidates are ranked, not the better ones alone.
Cost:     a student a candidate; for the whole two, one on three quarters of the clips and one on all.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, final

import torch
from pydantic import Field, field_validator

from limbeck._config import Config
from limbeck._runtime import derive_seed
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.errors import DivergedError
from limbeck.evaluation._pairs import ClipPairs
from limbeck.evaluation.measures._contract import Column, Subject, Values
from limbeck.evaluation.measures._students import BOTH, StudentMeasure, accuracy
from limbeck.evaluation.protocol import Protocol
from limbeck.networks import Architecture

VALIDATION, TEST, SECONDS = "validation, ", "test, ", "search (s)"
SKLEARN_SEEDS = 2**32


class Candidate(Config):
    """A student to try.

    Attributes:
        network: Its architecture; None for the comparison's own.
        protocol: What of the comparison's protocol changes.
    """

    network: Architecture | None = None
    protocol: dict[str, Any] = Field(default_factory=dict)

    @field_validator("protocol")
    @classmethod
    def _known(cls, changes: dict[str, Any]) -> dict[str, Any]:
        Protocol.from_json(changes)
        return changes

    def changed(self, protocol: Protocol) -> Protocol:
        """The protocol with this candidate's changes.

        Args:
            protocol: The comparison's.
        """
        return Protocol.from_json(protocol.to_json() | self.protocol)


def _convnet(**options: int) -> Candidate:
    return Candidate(network=Architecture(options=options))


def _trained(**changes: Any) -> Candidate:
    return Candidate(protocol=changes)


CANDIDATES = {
    "unchanged": Candidate(),
    "width 8": _convnet(width=8),
    "width 32": _convnet(width=32),
    "2 and 3 blocks": _convnet(audio_depth=2, image_depth=3),
    "4 and 4 blocks": _convnet(audio_depth=4, image_depth=4),
    "rates 1e-2": _trained(audio_lr=1e-2, image_lr=1e-2, head_lr=1e-2),
    "rates 1e-3": _trained(audio_lr=1e-3, image_lr=1e-3, head_lr=1e-3),
    "rates 1e-4": _trained(audio_lr=1e-4, image_lr=1e-4, head_lr=1e-4),
    "rates 1e-5": _trained(audio_lr=1e-5, image_lr=1e-5, head_lr=1e-5),
    "weight decay 0.1": _trained(weight_decay=0.1),
    "3 epochs": _trained(epochs=3),
    "not augmented": _trained(augment=None),
}
"""What is tried by default: widths, depths (sound and picture), learning rates and other parts of training."""


@dataclass(frozen=True)
class Found:
    """What a search came to.

    Attributes:
        accuracy: Of the best-found candidate trained on the whole, on test clips, percent; mean where several tie.
        regret: The best candidate's accuracy less that, points, >= 0.
        blind: Regret of a candidate drawn at random, on average, points.
    """

    accuracy: float
    regret: float
    blind: float


def outcome(scores: Sequence[float], truth: Sequence[float]) -> Found:
    """What choosing the candidate of the highest score comes to.

    Args:
        scores: The search's, one a candidate.
        truth: Test accuracies after training on the whole, percent.

    Example:
        >>> outcome([50, 70, 70], [60, 80, 90])
        Found(accuracy=85.0, regret=5.0, blind=13.333333333333329)
    """
    best = max(scores)
    chosen = [t for s, t in zip(scores, truth, strict=True) if s == best]
    reached, top = math.fsum(chosen) / len(chosen), max(truth)
    return Found(reached, top - reached, top - math.fsum(truth) / len(truth))


def rank_correlation(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Spearman's rank correlation, ties sharing their mean rank; None where one side is constant.

    Args:
        one: Scores.
        other: As many.

    Example:
        >>> rank_correlation([1, 2, 3], [10, 30, 20])
        0.5
    """
    from scipy.stats import spearmanr  # type: ignore[import-untyped]

    if min(len(set(one)), len(set(other))) < 2:
        return None
    return float(spearmanr(one, other).statistic)


@final
class Hyperparameters(StudentMeasure):
    """Ranking and choosing students by what a small set says of them.

    Attributes:
        candidates: Students to try, by name.
        held_out: Share of the real training clips that candidates are scored on, 0 < held_out < 1.
        split: Seed of that share, the same for all that is compared.
        unseen: Distil again without the held-out clips, which costs a distillation; else the set has seen them.
    """

    candidates: dict[str, Candidate] = Field(CANDIDATES, min_length=2)
    held_out: float = Field(0.25, gt=0, lt=1)
    split: int = Field(0, ge=0)
    unseen: bool = False

    @property
    def students(self) -> float:
        """One a candidate."""
        return float(len(self.candidates))

    @property
    def columns(self) -> Sequence[Column]:
        """Agreement with the whole, what is found, and what it costs."""
        return (
            Column("Rank correlation, validation", digits=2),
            Column("Rank correlation, test", digits=2),
            Column("Found, on test (%)"),
            Column("Regret (points)", "lower"),
            Column("Regret of a blind choice (points)", "neither"),
            Column("Search (s)", "lower"),
            Column("Faster than the whole (x)"),
        )

    def take(self, subject: Subject, *, seed: int) -> dict[str, float]:
        """Percent right of every candidate on validation clips; for the whole, trained on all, on test clips, too.

        Args:
            subject: What is measured, and with what.
            seed: Of the students, >= 0.

        Raises:
            BudgetError: A class has too few clips to hold some out.
        """
        kept, held = self._parts(subject.real)
        whole = isinstance(subject.train, LabelledClips)
        train = subject.again(kept) if whole or self.unseen else subject.train
        found = {SECONDS: 0.0}
        for name, candidate in self.candidates.items():
            learn = partial(self._learn, subject, candidate, seed=derive_seed(seed, "hyperparameters", name))
            found[VALIDATION + name], seconds = learn(train, held)
            found[SECONDS] += seconds
            if whole:
                found[TEST + name], _ = learn(subject.train, subject.test)
        return found

    def show(self, values: Values, references: Mapping[str, Values]) -> dict[str, float]:
        """Agreement with the whole and what the search found; see `Measure.show` for `references`.

        Args:
            values: What `take` found.
            references: All but the seconds needs ``"whole"``.
        """
        shown: dict[str, float | None] = {"Search (s)": values[SECONDS]}
        if whole := references.get("whole"):
            scores, theirs = ([v[VALIDATION + name] for name in self.candidates] for v in (values, whole))
            truth = [whole[TEST + name] for name in self.candidates]
            found = outcome(scores, truth)
            shown |= {
                "Rank correlation, validation": rank_correlation(scores, theirs),
                "Rank correlation, test": rank_correlation(scores, truth),
                "Found, on test (%)": found.accuracy,
                "Regret (points)": found.regret,
                "Regret of a blind choice (points)": found.blind,
                "Faster than the whole (x)": whole[SECONDS] / values[SECONDS],
            }
        return {name: value for name, value in shown.items() if value is not None}

    def about(self, test: LabelledClips) -> str:
        """Who has seen what, and what the columns are.

        Args:
            test: Test clips.
        """
        seen = "were not" if self.unseen else "were"
        return (
            f"{len(self.candidates)} candidates: {', '.join(self.candidates)}. Each is trained on the set and scored "
            f"by sound and picture on {self.held_out:.0%} of the real training clips; these {seen} among those the set "
            f"was distilled from. The whole searches on the rest. The {len(test)} test clips choose nothing: they tell "
            "how good each candidate is when trained on the whole. Rank correlation (Spearman) with the whole's scores "
            "on the same validation clips, where the whole agrees with itself, and with the test accuracies. Regret: "
            "test accuracy of the best candidate less the found one's (mean over candidates that tie); a blind choice "
            "is one of them at random, with no correlation. A candidate whose training diverges has 0 %. Seconds: "
            "training the candidates, without the distillation."
        )

    def _learn(
        self,
        subject: Subject,
        candidate: Candidate,
        train: DistilledSet | LabelledClips,
        clips: LabelledClips,
        *,
        seed: int,
    ) -> tuple[float, float]:
        """Percent of the clips a candidate gets right, and the seconds of its training; 0 % where that diverges."""
        protocol = candidate.changed(subject.protocol)
        started = time.perf_counter()
        try:
            student, seconds = self.student(
                subject, subject.pairs(train), seed=seed, network=candidate.network, protocol=protocol
            )
        except DivergedError:
            return 0.0, time.perf_counter() - started
        return accuracy(student, ClipPairs(clips, subject.scale))[BOTH], seconds

    def _parts(self, real: LabelledClips) -> tuple[LabelledClips, LabelledClips]:
        """Clips to train on and to score on, class by class."""
        from sklearn.model_selection import train_test_split

        real.require(
            math.ceil(1 / min(self.held_out, 1 - self.held_out)), f"Holding out {self.held_out:.0%} of a class"
        )
        kept, held = train_test_split(
            torch.arange(len(real)).numpy(),
            test_size=self.held_out,
            stratify=real.labels.numpy(),
            random_state=derive_seed(self.split, "validation") % SKLEARN_SEEDS,
        )
        first, second = (real.take(torch.from_numpy(part).sort().values) for part in (kept, held))
        return first, second
