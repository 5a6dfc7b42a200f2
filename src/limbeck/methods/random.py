"""Random real clips: the baseline everything must beat (`random`).

In a mosaic or as frequencies each row holds several small clips: the control that shows how much of a
distillation result is packing and how much is optimisation.

Source:   every table of dataset condensation.      Differs from the paper: nothing known.
Cost:     reading the chosen clips.
"""

from typing import ClassVar, final

import torch
from torch import Tensor

from limbeck._runtime import generator
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.methods._choose import ByClass, chosen_clips
from limbeck.methods._contract import Method, finished
from limbeck.methods._run import RunContext


@final
class Random(Method):
    """Clips drawn at random, without replacement; a class's draw does not depend on the other classes."""

    coupling: ClassVar[str] = ""

    def choose(self, real: LabelledClips, count: int, seed: int, run: RunContext) -> ByClass:
        """Clips drawn at random; see `Selection.choose`."""

        def drawn(label: int) -> Tensor:
            index = real.of_class(label)
            order = torch.randperm(len(index), generator=generator(seed, "choose", real.classes[label]))
            return index[order[:count]]

        return drawn

    def distill(self, real: LabelledClips, *, seed: int = 0, run: RunContext | None = None) -> DistilledSet:
        run = run or RunContext()
        return finished(self, real, chosen_clips(self, self, self.name, real, seed, run), seed, run)
