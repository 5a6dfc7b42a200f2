"""How much of a set's gain is its data, and how much its labels or the students' augmentation (`robustness`).

Students are trained on the set as it is, with hard labels, with augmentation and without. Compared with random real
clips and the whole they give the label-robust score LRS and the augmentation-robust score ARS, 0 to 100.

Source:   Li et al., *DD-Ranking: Rethinking the Evaluation of Dataset Distillation*, arXiv 2505.13300, and
          https://github.com/NUS-HPC-AI-Lab/DD-Ranking: HLR, IOR, both scores and their weights of 0.5.
Differs from the paper: it searches a learning rate for every set and takes the best accuracy seen on test clips while
          training; here one protocol holds for all, and the student after the last epoch is tested, once. Random clips
          keep the labels they came with, hard ones as a rule (there: the teacher's, where the set's are soft). The
          whole is trained as all others are (there: by a protocol of its own). Hard labels keep the protocol's
          augmentation (there: off unless asked). The published code prints HLR, IOR and the two differences behind
          ARS; the scores are computed here, against references that are means over repeats.
Cost:     two students for a set with hard labels, four with soft ones.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import ClassVar, final

from pydantic import Field

from limbeck._runtime import derive_seed
from limbeck.augment import SiameseAugment
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.evaluation._subject import Subject
from limbeck.evaluation.measures._contract import Column, HeadName, Measure, Values, accuracy, trained
from limbeck.modalities import label, looked_at, together

SCORES = "scores"
WAYS = ("as it is", "hard labels", "augmented", "not augmented")


def normalised(gain: float) -> float:
    """A weighted `gain` in accuracy, -1 to 1, as a score: ``100 (e^gain - e^-1) / (e - e^-1)``.

    Example:
        >>> [round(normalised(gain), 2) for gain in (-1.0, 0.0, 1.0)]
        [0.0, 26.89, 100.0]
    """
    return 100 * (math.exp(gain) - math.exp(-1)) / (math.e - math.exp(-1))


def score(one: float, other: float, weight: float = 0.5) -> float:
    """Two gains in accuracy as a score, 0 to 100; `one` has the `weight`, 0 to 1, and the `other` the rest.

    LRS is the score of the improvement (IOR: the set as it is less random clips) and of minus the recovery (HLR: the
    whole less the set, both with hard labels); ARS that of the gains over random clips with and without augmentation.
    """
    return normalised(weight * one + (1 - weight) * other)


@final
class Robustness(Measure):
    """Label-robust and augmentation-robust scores.

    Attributes:
        head: Name of the students' head.
        augment: The augmentation that is meant where the protocol has none.
        label_weight: Of the improvement over random clips in LRS; the hard-label recovery has the rest.
        augment_weight: Of the students with augmentation in ARS; those without have the rest.
    """

    references: ClassVar[tuple[str, ...]] = ("random", "whole")

    head: HeadName = "ensemble"
    augment: SiameseAugment = SiameseAugment()
    label_weight: float = Field(0.5, ge=0, le=1)
    augment_weight: float = Field(0.5, ge=0, le=1)

    @property
    def students(self) -> float:
        """Two with hard labels, four with soft ones."""
        return 2.0

    def columns(self, letters: Sequence[str]) -> Sequence[Column]:
        key = together(letters)
        scores = [Column(f"{score} {look}", group=SCORES) for look in _looks(letters) for score in ("LRS", "ARS")]
        parts = [Column(f"HLR {key} (points)", "lower", group=SCORES), Column(f"IOR {key} (points)", group=SCORES)]
        return *scores, *parts, *[Column(f"{key} accuracy {way} (%)", group=f"{key} accuracy") for way in WAYS]

    def take(self, subject: Subject, *, seed: int) -> dict[str, float]:
        """Percent right of students trained in each way, as ``"A+V accuracy hard labels (%)"``; all start alike."""
        student_seed = derive_seed(seed, "robustness")

        @cache
        def found(soft: bool, augment: SiameseAugment | None) -> Mapping[str, float]:
            train = subject.train
            if isinstance(train, DistilledSet) and not soft:
                train = replace(train, soft_labels=None)
            protocol = subject.protocol.model_copy(update={"augment": augment})
            student, _ = trained(subject, subject.samples(train), self.head, seed=student_seed, protocol=protocol)
            return accuracy(student, subject.samples(subject.test))

        soft = isinstance(subject.train, DistilledSet) and subject.train.soft_labels is not None
        usual = subject.protocol.augment
        ways = zip(WAYS, (soft, False, soft, soft), (usual, usual, usual or self.augment, None), strict=True)
        return {f"{look} accuracy {way} (%)": value for way, *how in ways for look, value in found(*how).items()}

    def show(self, values: Values, references: Mapping[str, Values], letters: Sequence[str]) -> dict[str, float]:
        key = together(letters)
        shown = {name: values[name] for name in (f"{key} accuracy {way} (%)" for way in WAYS)}
        whole, random = references.get("whole"), references.get("random")
        for look in _looks(letters):
            own, hard, *both = (f"{look} accuracy {way} (%)" for way in WAYS)
            if own not in values or random is None:
                continue
            gains = [(values[way] - random[way]) / 100 for way in both]
            shown[f"ARS {look}"] = score(gains[0], gains[1], self.augment_weight)
            if whole is not None:
                recovery, improvement = whole[hard] - values[hard], values[own] - random[own]
                shown[f"LRS {look}"] = score(improvement / 100, -recovery / 100, self.label_weight)
                if look == key:
                    shown |= {f"HLR {key} (points)": recovery, f"IOR {key} (points)": improvement}
        return shown

    def chance(self, test: LabelledClips) -> dict[str, float]:
        return {f"{label(test.modalities)} accuracy {way} (%)": 100 / len(test.classes) for way in WAYS}

    def about(self, test: LabelledClips) -> str:
        return (
            f"{len(test)} test clips of {len(test.classes)} classes. HLR: whole less this set, both with hard labels. "
            "IOR: this set as it is less random real clips, as many stored, with the labels they came with (hard ones "
            "as a rule). With all accuracies as fractions, "
            f"LRS = n({self.label_weight:g} IOR - {1 - self.label_weight:g} HLR) and ARS = "
            f"n({self.augment_weight:g} gain over random with augmentation + {1 - self.augment_weight:g} gain "
            f"without), n(x) = 100 (e^x - 1/e) / (e - 1/e). Random clips have ARS {normalised(0):.1f} by definition; a "
            "set that is no better than they are has no more. One protocol for all, no learning rate is searched."
        )


def _looks(letters: Sequence[str]) -> tuple[str, ...]:
    """What was looked at, all modalities together first."""
    *each, last = looked_at(letters)
    return (last, *each)
