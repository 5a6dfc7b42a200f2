"""Means of real clips: the control of what needs no single clip (`means`).

The clips of a class, or all clips where there are no classes, are parted at random into as many groups as there are
samples, of sizes that differ by one at most. A sample is the mean of its group: of its sounds in decibels, of its
pictures in pixels. What a student learns of such sets, it learns of the average.

Source:   none: a control for tables in which the very clip is to be found, where means of classes alone would do for
          finding clips of the right class.      Differs from the paper: there is none.
Cost:     reading all clips once.
"""

from typing import ClassVar, final

import torch

from limbeck._runtime import generator
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.methods._contract import Method, finished
from limbeck.methods._run import RunContext
from limbeck.parameterisations import joined


@final
class Means(Method):
    """Means of groups of clips, drawn at random; a class's draw does not depend on the other classes."""

    coupling: ClassVar[str] = ""

    def check(self, real: LabelledClips) -> None:
        super().check(real)
        real.require(self.per_class * self.hold.cells, self._purpose)

    def distill(self, real: LabelledClips, *, seed: int = 0, run: RunContext | None = None) -> DistilledSet:
        run, count, scales, parts = run or RunContext(), self.per_class * self.hold.cells, self.scales(real), []
        real.require(count, self._purpose)
        for label, name in enumerate(real.classes):
            index = real.of_class(label)
            order = torch.randperm(len(index), generator=generator(seed, "groups", name))
            groups = [index[group] for group in torch.tensor_split(order, count)]
            samples = {
                m: torch.stack([kind.to_network(real.array(m, group), scales[m]).mean(0) for group in groups])
                for m, kind in real.modalities.items()
            }
            parts.append(self.hold.start(samples, real.modalities))
        return finished(self, real, joined(parts), seed, run)

    @property
    def _purpose(self) -> str:
        return f"{self.name} with per_class={self.per_class} and hold={self.hold}"
