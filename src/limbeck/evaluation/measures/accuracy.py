"""Accuracy of students trained from scratch on a set and tested on real clips, once, after the last epoch (`accuracy`).

Source:   every paper of dataset distillation; by modality, Kushwaha et al., *Audio-Visual Dataset Distillation*, TMLR
          2024.
Differs from the paper: nothing known.
Cost:     one student.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, final

from limbeck.datasets import LabelledClips
from limbeck.evaluation._subject import Subject
from limbeck.evaluation.measures._contract import Column, HeadName, Measure, Values, guesses, right, trained
from limbeck.evaluation.score import Taken
from limbeck.evaluation.train import EpochReport
from limbeck.modalities import letters, looked_at


@final
class Accuracy(Measure):
    """Percent of test clips predicted right, by each modality and by all together.

    Attributes:
        head: Name of the students' head, one of ``limbeck.networks.heads.names()``.
    """

    controls: ClassVar[tuple[str, ...]] = ("random", "herding", "packed random", "packed herding", "whole")

    head: HeadName = "ensemble"

    def columns(self, letters: Sequence[str]) -> Sequence[Column]:
        """What was looked at; heads that look at all modalities alone leave the others out."""
        return [Column(f"{key} (%)") for key in looked_at(letters)]

    def take(self, subject: Subject, *, seed: int) -> Taken:
        """Train and test one student; percent by what was looked at, as ``"A"``, ``"V"``, ``"A+V"``."""
        losses: list[float] = []

        def note(report: EpochReport) -> None:
            losses.append(report.loss)
            if subject.on_epoch:
                subject.on_epoch(report)

        student, _ = trained(replace(subject, on_epoch=note), subject.samples(subject.train), self.head, seed=seed)
        predicted = guesses(student, subject.samples(subject.test))
        return Taken(
            values=right(predicted, subject.test.labels),
            losses=tuple(losses),
            predictions={key: tuple(guess.tolist()) for key, guess in predicted.items()},
        )

    def show(self, values: Values, references: Mapping[str, Values], letters: Sequence[str]) -> dict[str, float]:
        return {f"{key} (%)": value for key, value in values.items()}

    def chance(self, test: LabelledClips) -> dict[str, float]:
        return {f"{key} (%)": 100 / len(test.classes) for key in looked_at(letters(test.modalities).values())}

    def about(self, test: LabelledClips) -> str:
        return (
            f"Percent right of {len(test)} test clips of {len(test.classes)} classes, of students ({self.head}) "
            "trained from scratch and tested once, after the last epoch."
        )
