"""Random real clips: the baseline everything must beat (`random`).

With ``mosaic > 1`` each stored pair packs ``mosaic ** 2`` small clips: the control that shows how much of a
distillation result is packing and how much is optimisation.

Source:   every table of dataset condensation.      Differs from the paper: nothing known.
Cost:     reading the chosen clips.
"""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor

from limbeck._runtime import generator
from limbeck.datasets import LabelledClips
from limbeck.methods._contract import Work
from limbeck.methods._selection import Choose, Selection


@final
class Random(Selection):
    """Pairs drawn at random, without replacement; a class's draw does not depend on the other classes."""

    def _choose(self, real: LabelledClips, count: int, seed: int, work: Work) -> Choose:
        def choose(label: int) -> Tensor:
            index = real.of_class(label)
            order = torch.randperm(len(index), generator=generator(seed, "choose", real.classes[label]))
            return index[order[:count]]

        return choose
