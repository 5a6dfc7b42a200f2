"""Random real clips: the baseline everything must beat (`random`).

With ``mosaic > 1`` each stored pair packs ``mosaic ** 2`` small clips: the control that shows how much of a
distillation result is packing and how much is optimisation.

Source:   every table of dataset condensation.      Differs from the paper: nothing known.
Cost:     reading the chosen clips.
"""

from __future__ import annotations

from typing import final

from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.methods._contract import Method, Work
from limbeck.methods._selection import choose_random, select


@final
class Random(Method):
    """Pairs drawn at random, without replacement, class by class."""

    def _make(self, real: LabelledClips, seed: int, work: Work) -> DistilledSet:
        return select(self, real, choose_random(real, self.per_class * self.mosaic**2, seed), seed=seed)
