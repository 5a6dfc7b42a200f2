"""Choosing real clips: what methods that choose share; optimised methods start from what they choose."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from limbeck._runtime import derive_seed, generator
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.methods._contract import Method
from limbeck.methods._experts import EXPERTS, Experts, Training
from limbeck.methods._run import Passes, RunContext
from limbeck.methods._view import View
from limbeck.networks import Architecture, Encoder
from limbeck.parameterisations import Tensors, joined

CHUNK = 256

ByClass = Callable[[int], Tensor]
"""Class label to int64 positions of the chosen clips, the most important first."""


class Selection(Method, ABC):
    """A method that chooses real clips and holds them as they are."""

    @abstractmethod
    def choose(self, real: LabelledClips, count: int, seed: int, run: RunContext) -> ByClass:
        """How clips are chosen: of every class of `real`, `count` different ones of at least as many.

        All random draws follow from `seed`; `run` has the device, the number formats and the cache.
        """

    def distill(self, real: LabelledClips, *, seed: int = 0, run: RunContext | None = None) -> DistilledSet:
        """Hold the chosen clips; see `Method.distill`."""
        run = run or RunContext()
        return self.finished(real, chosen_clips(self, self, self.name, real, seed, run), seed, run)


class FeatureSelection(Selection, ABC):
    """A method that chooses by features of encoders: the embeddings of all modalities side by side.

    Each modality is divided by its root mean square norm over the clips, so that all weigh the same. The published
    code ships index lists only, not the network they came from; this is the plainest reading.

    Attributes:
        network: Architecture of the encoders whose features are compared.
        training: None leaves them random. Otherwise they are an expert's, trained on the training clips: a comparison
            class of its own, as the choice has then been guided by a network that learnt the task.
    """

    network: Architecture = Architecture()
    training: Training | None = None

    @abstractmethod
    def order(self, features: Tensor, count: int, seed: int) -> Tensor:
        """Indices of `count` clips of a class, the most important first, by their features.

        These are float32, (clip, sum of dims), on the CPU; the class has a `seed` of its own.
        """

    def passes(self, per_class: Sequence[int]) -> Passes:
        """Every clip forward once; training of the expert left out."""
        return Passes(sum(per_class), 0)

    def choose(self, real: LabelledClips, count: int, seed: int, run: RunContext) -> ByClass:
        """Clips in the order of `order`; see `Selection.choose`."""
        encoders: Mapping[str, Encoder]
        view = View(real, self.scales(real), run.runtime)
        if self.training is None:
            encoders = self.network.build().encoders(real.shapes, generator=generator(seed, "features"))
        else:
            experts = Experts(self.training, self.network, real, view.scales, run)
            encoders = experts.snapshot(seed % EXPERTS, self.training.epochs).student.encoders
        for encoder in encoders.values():
            encoder.to(run.runtime.device)

        def chosen(label: int) -> Tensor:
            index, parts = real.of_class(label), []
            for modality, encoder in encoders.items():
                features = torch.cat([view.features(encoder, modality, i).cpu() for i in torch.split(index, CHUNK)])
                parts.append(features / features.square().sum(1).mean().sqrt())
            own = derive_seed(seed, "order", real.classes[label])
            return index[self.order(torch.cat(parts, 1), count, own)]

        return chosen


def chosen_clips(
    method: Method, selection: Selection, purpose: str, real: LabelledClips, seed: int, run: RunContext
) -> Tensors:
    """Chosen real clips as the rows that `method` has, ordered by class, in network scale, on the CPU.

    Raises:
        BudgetError: A class has too few clips for the `purpose`.
    """
    count, scales, kinds = method.per_class * method.hold.cells, method.scales(real), real.modalities
    real.require(count, f"{purpose} with per_class={method.per_class} and hold={method.hold}")
    chosen, parts = selection.choose(real, count, seed, run), []
    for label in range(len(real.classes)):
        arrays = real.arrays(chosen(label))
        parts.append(method.hold.start({m: k.to_network(arrays[m], scales[m]) for m, k in kinds.items()}, kinds))
    return joined(parts)
