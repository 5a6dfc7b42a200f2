"""Several sets of samples as one, each with its own classes: what a learner of growing classes trains on."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from limbeck.datasets import Targets
from limbeck.evaluation._samples import Samples
from limbeck.modalities import Batch
from limbeck.networks import Shape


class JoinedSamples(Samples):
    """Samples of several sets, one after the other, each with the number its first class has in the whole.

    If one of the sets has soft labels all of them get some, and a set's samples have none of the classes it does not
    know.
    """

    def __init__(self, parts: Sequence[tuple[Samples, int]], classes: Sequence[str]) -> None:
        self.parts = [samples for samples, _ in parts]
        self.ends = torch.tensor([len(samples) for samples in self.parts]).cumsum(0)
        labels = torch.cat([samples.targets.labels + first for samples, first in parts])
        soft = None
        if any(samples.targets.probabilities is not None for samples in self.parts):
            soft = torch.cat([_probabilities(samples.targets, first, len(classes)) for samples, first in parts])
        first = self.parts[0]
        super().__init__(Targets(tuple(classes), labels, soft), first.modalities, first.scales)

    @property
    def shapes(self) -> dict[str, Shape]:
        """Shape of a sample, by modality."""
        return self.parts[0].shapes

    def fetch(self, index: Tensor, device: torch.device) -> Batch:
        """Samples at some positions, see `Samples.fetch`."""
        found = {name: torch.empty(len(index), *shape, device=device) for name, shape in self.shapes.items()}
        part = torch.bucketize(index, self.ends, right=True)
        for number in sorted(set(part.tolist())):
            here = torch.nonzero(part == number).flatten()
            local = index[here] - (self.ends[number] - len(self.parts[number]))
            for name, x in self.parts[number].fetch(local, device).items():
                found[name][here.to(device)] = x
        return found


def _probabilities(targets: Targets, first: int, classes: int) -> Tensor:
    known = targets.probabilities
    if known is None:
        known = F.one_hot(targets.labels, len(targets.classes)).float()
    return F.pad(known, (first, classes - first - len(targets.classes)))
