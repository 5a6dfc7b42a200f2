"""What is bright."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from limbeck.evaluation.measures import Column, Measure, Subject


@final
class Brightness(Measure):
    """Mean of the frames of the test clips.

    Attributes:
        factor: What it is multiplied with.
    """

    factor: float = 1.0

    def columns(self, letters: Sequence[str]) -> Sequence[Column]:
        """One."""
        return [Column("brightness", better="neither")]

    def take(self, subject: Subject, *, seed: int) -> dict[str, float]:
        """The mean; see `Measure.take`."""
        return {"brightness": self.factor * float(subject.test.array("image").float().mean())}
