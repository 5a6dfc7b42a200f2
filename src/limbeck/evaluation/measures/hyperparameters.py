"""Searching a student's hyper-parameters on a small set instead of the whole (`hyperparameters`).

Every candidate is trained on the set and scored on validation clips cut from the real training clips, recordings whole.
Looked at then: whether candidates are ranked as by the whole, how good on test the best-found one is when trained on
the whole, and what the search cost.

Source:   the use named by Zhao, Mopuri and Bilen, *Dataset Condensation with Gradient Matching*, ICLR 2021 (search
          among 720 ConvNets on CIFAR-10, Spearman correlation with training on the whole).
Differs from the paper: about a dozen declared candidates that also differ in how they are trained; they are scored on
          clips cut from the training split. All candidates are ranked, not the better ones alone.
Cost:     a student a candidate; for the whole two, one on three quarters of the clips and one on all.
"""

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self, final

from pydantic import Field, model_validator

from limbeck import networks
from limbeck._config import Config
from limbeck._runtime import derive_seed
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.errors import BudgetError, DivergedError, InputError
from limbeck.evaluation._split import Split, hold_out
from limbeck.evaluation._subject import Subject
from limbeck.evaluation.measures._contract import Column, HeadName, Measure, Values, accuracy, trained
from limbeck.evaluation.protocol import Protocol
from limbeck.networks import Architecture

VALIDATION, TEST, SECONDS = "validation, ", "test, ", "search (s)"
HELD, SHARED = "validation clips", "validation clips of which an array is trained on"


class Candidate(Config):
    """A student to try: what differs from the comparison's.

    Attributes:
        network: Name of another network, with its own defaults for all that `options` leaves out; None, or the name of
            the comparison's, changes that one.
        options: Settings of the network that change.
        protocol: What of the comparison's protocol changes.
    """

    network: str | None = None
    options: dict[str, Any] = Field(default_factory=dict)
    protocol: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _exist(self) -> Self:
        if self.network is not None:
            networks.load(self.network)
        Protocol.from_json(self.protocol)
        return self

    def changed(self, network: Architecture, protocol: Protocol) -> tuple[Architecture, Protocol]:
        """A `network` and a `protocol` with this candidate's changes.

        Example:
            >>> deeper = Candidate(options={"depth": {"audio": 4}})
            >>> deeper.changed(Architecture(options={"width": 32}), Protocol())[0].options
            {'width': 32, 'depth': {'audio': 4}}
        """
        name = self.network or network.name
        kept = network.options if name == network.name else {}
        changed = Architecture(name=name, options=kept | self.options)
        changed.build()
        return changed, protocol.changed(**self.protocol)


def different(
    candidates: Mapping[str, Candidate], network: Architecture, protocol: Protocol
) -> dict[str, tuple[Architecture, Protocol]]:
    """What `candidates` make of a `network` and a `protocol`, by name; of those with the same settings the first.

    Example:
        >>> widths = {f"width {w}": Candidate(options={"width": w}) for w in (8, 32)}
        >>> list(different({"unchanged": Candidate()} | widths, Architecture(options={"width": 32}), Protocol()))
        ['unchanged', 'width 8']
    """
    found: dict[str, tuple[Architecture, Protocol]] = {}
    known: list[Any] = []
    for name, candidate in candidates.items():
        architecture, trained = candidate.changed(network, protocol)
        settings = architecture.build(), trained
        if settings not in known:
            found[name] = architecture, trained
            known.append(settings)
    if len(found) < 2:
        raise InputError(
            f"At least two candidates with different settings are needed, but {', '.join(candidates)} all come to "
            f"the same student ({network.name} {network.options}). Give candidates that change something."
        )
    return found


CANDIDATES = {
    "unchanged": Candidate(),
    "ConvNet of width 8": Candidate(network="convnet", options={"width": 8}),
    "ConvNet of width 32": Candidate(network="convnet", options={"width": 32}),
    "ConvNet of 2 and 3 blocks": Candidate(network="convnet", options={"depth": {"audio": 2, "image": 3}}),
    "ConvNet of 4 and 4 blocks": Candidate(network="convnet", options={"depth": {"audio": 4, "image": 4}}),
    "rates 1e-2": Candidate(protocol={"lr": 1e-2}),
    "rates 1e-3": Candidate(protocol={"lr": 1e-3}),
    "rates 1e-4": Candidate(protocol={"lr": 1e-4}),
    "rates 1e-5": Candidate(protocol={"lr": 1e-5}),
    "weight decay 0.1": Candidate(protocol={"weight_decay": 0.1}),
    "3 epochs": Candidate(protocol={"epochs": 3, "least_steps": 0}),
    "not augmented": Candidate(protocol={"augment": None}),
}
"""What is tried by default: widths, depths (audio and image), learning rates and other parts of training.

A ConvNet keeps its other options; beside another network the named ones are ConvNets with their defaults.
"""


def outcome(scores: Sequence[float], truth: Sequence[float]) -> tuple[float, float, float]:
    """What choosing the highest of `scores` comes to; `truth` has percent on test, trained on the whole.

    That is the percent of the candidate chosen (mean where several tie), its regret, which is what the best one has
    more, in points, >= 0, and the regret of a candidate drawn at random, on average.

    Example:
        >>> outcome([50, 70, 70], [60, 80, 90])
        (85.0, 5.0, 13.333333333333329)
    """
    best = max(scores)
    chosen = [t for s, t in zip(scores, truth, strict=True) if s == best]
    reached, top = math.fsum(chosen) / len(chosen), max(truth)
    return reached, top - reached, top - math.fsum(truth) / len(truth)


def rank_correlation(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Spearman's rank correlation of `one` with the `other`, ties sharing their mean rank; None where one is constant.

    Example:
        >>> rank_correlation([1, 2, 3], [10, 30, 20])
        0.5
    """
    from scipy.stats import spearmanr

    if min(len(set(one)), len(set(other))) < 2:
        return None
    return float(spearmanr(one, other).statistic)


@final
class Hyperparameters(Measure):
    """Ranking and choosing students by what a small set says of them.

    Attributes:
        head: Name of the students' head.
        candidates: Students to try, by name; of several with the same settings only the first is tried.
        held_out: Share of the real training clips that candidates are scored on, 0 < held_out < 1, about: all clips of
            a recording together.
        split: Seed of that share, the same for all that is compared.
        unseen: Distil again without the held-out clips, which costs a distillation; else the set has seen them.
    """

    references: ClassVar[tuple[str, ...]] = ("whole",)

    head: HeadName = "ensemble"
    candidates: dict[str, Candidate] = Field(CANDIDATES, min_length=2)
    held_out: float = Field(0.25, gt=0, lt=1)
    split: int = Field(0, ge=0)
    unseen: bool = False

    @property
    def students(self) -> float:
        return float(len(self.candidates))

    @property
    def distils(self) -> bool:
        return self.unseen

    def columns(self, letters: Sequence[str]) -> Sequence[Column]:
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
        """Percent right of every candidate on validation clips; for the whole, trained on all, on test clips, too."""
        students = different(self.candidates, subject.network, subject.protocol)
        parts = self._parts(subject.real)
        held = subject.real.take(parts.held)
        whole = isinstance(subject.train, LabelledClips)
        train = subject.again(subject.real.take(parts.kept)) if whole or self.unseen else subject.train
        found = {SECONDS: 0.0, HELD: float(len(held)), SHARED: float(parts.shared)}
        for name, (network, protocol) in students.items():
            own: dict[str, Any] = {"network": network, "protocol": protocol}
            own["seed"] = derive_seed(seed, "hyperparameters", name)
            found[VALIDATION + name], seconds = self._learn(subject, train, held, **own)
            found[SECONDS] += seconds
            if whole:
                found[TEST + name], _ = self._learn(subject, subject.train, subject.test, **own)
        return found

    def show(self, values: Values, references: Mapping[str, Values], letters: Sequence[str]) -> dict[str, float]:
        shown: dict[str, float | None] = {"Search (s)": values[SECONDS]}
        if whole := references.get("whole"):
            tried = [name for name in self.candidates if VALIDATION + name in values]
            scores, theirs = ([v[VALIDATION + name] for name in tried] for v in (values, whole))
            truth = [whole[TEST + name] for name in tried]
            found, regret, blind = outcome(scores, truth)
            shown |= {
                "Rank correlation, validation": rank_correlation(scores, theirs),
                "Rank correlation, test": rank_correlation(scores, truth),
                "Found, on test (%)": found,
                "Regret (points)": regret,
                "Regret of a blind choice (points)": blind,
                "Faster than the whole (x)": whole[SECONDS] / values[SECONDS],
            }
        return {name: value for name, value in shown.items() if value is not None}

    def about(self, test: LabelledClips) -> str:
        seen = "were not" if self.unseen else "were"
        return (
            f"{len(self.candidates)} candidates: {', '.join(self.candidates)}. Each changes the students' network and "
            "training only where it says so; of several that come to the same settings the first is tried. Each is "
            f"trained on the set and scored by all modalities together on about {self.held_out:.0%} of the "
            "real training clips, class by class: clips with an equal array of any modality, such as a log-mel or a "
            "frame, are held out together (where several modalities are used several times, crosswise, equal frames "
            "may be on both sides). "
            f"These {seen} among those the set was distilled from. The whole searches on the rest. The {len(test)} "
            "test clips choose nothing: they tell how good each candidate is when trained on the whole. Rank "
            "correlation (Spearman) is with the whole's scores on the same validation clips, mean over its repeats, "
            "and with its test accuracies, mean over its repeats. In the whole's own row each repeat is compared with "
            "these means, of which it is a part: 1 on validation clips if there is one repeat, below 1 as a rule if "
            "there are several. Regret: test accuracy of the best candidate less the found one's (mean over candidates "
            "that tie); a blind choice is one of them at random, with no correlation. A candidate whose training "
            "diverges has 0 %. Seconds: training the candidates, without the distillation."
        )

    def _learn(
        self, subject: Subject, train: DistilledSet | LabelledClips, clips: LabelledClips, **own: Any
    ) -> tuple[float, float]:
        """Percent of the clips a candidate gets right, and the seconds of its training; 0 % where that diverges."""
        started = time.perf_counter()
        try:
            student, seconds = trained(subject, subject.samples(train), self.head, **own)
        except DivergedError:
            return 0.0, time.perf_counter() - started
        return accuracy(student, subject.samples(clips))[subject.together], seconds

    def _parts(self, real: LabelledClips) -> Split:
        """Clips to train on and to score on, the same for all that is compared."""
        parts = hold_out(real, self.held_out, seed=self.split)
        scored = real.take(parts.held).per_class()
        if short := [repr(name) for name, n in zip(real.classes, scored, strict=True) if not n]:
            raise BudgetError(
                f"Holding out {self.held_out:.0%} of the training clips to score candidates on needs two recordings of "
                f"every class, but {', '.join(short)} has fewer (clips with an equal array count as one). "
                "Add recordings, or leave those classes out."
            )
        return parts
