"""Choosing real clips: what methods that choose share; optimised methods start from what they choose."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from limbeck._runtime import generator
from limbeck.datasets import LabelledClips
from limbeck.methods._contract import Method
from limbeck.methods._experts import EXPERTS, ExpertKeys, Experts, Training
from limbeck.methods._optimised import Optimised
from limbeck.methods._run import Passes, RunContext
from limbeck.methods._view import View
from limbeck.modalities import Scale
from limbeck.networks import Architecture, Encoder
from limbeck.parameterisations import Tensors, joined

CHUNK = 256

ByClass = Callable[[int], Tensor]
"""Class label to int64 positions of the chosen clips, the most important first; or to what they are compared by."""


@runtime_checkable
class Selection(Protocol):
    """A `Method` that chooses real clips."""

    def choose(self, real: LabelledClips, count: int, seed: int, run: RunContext) -> ByClass:
        """How clips are chosen: of every class of `real`, `count` different ones of at least as many.

        All random draws follow from `seed`; `run` has the device, the number formats and the cache.
        """

    def required_experts(self, seed: int) -> ExpertKeys:
        """See `Method.required_experts`."""

    def passes(self, per_class: Sequence[int]) -> Passes:
        """See `Method.passes`."""


class ComparesFeatures(Protocol):
    """A `Method` that chooses by features of encoders, see `features_by_class`."""

    @property
    def network(self) -> Architecture:
        """Architecture of the encoders whose features are compared."""

    @property
    def training(self) -> Training | None:
        """None leaves the encoders random.

        Otherwise they are an expert's, trained on the training clips: a comparison class of its own, as the choice has
        then been guided by a network that learnt the task.
        """

    def scales(self, real: LabelledClips) -> dict[str, Scale]:
        """See `Method.scales`."""


def features_by_class(method: ComparesFeatures, real: LabelledClips, seed: int, run: RunContext) -> ByClass:
    """Features on which a `method` compares the clips of a class: the embeddings of all modalities side by side.

    Each modality is divided by its root mean square norm over the clips, so that all weigh the same. The published
    code ships index lists only, not the network they came from; this is the plainest reading. By label of a class of
    `real` they are float32, (clip, sum of dims), on the CPU, as `run` says how; `seed` draws the weights, or says which
    expert's they are.
    """
    encoders: Mapping[str, Encoder]
    view = View(real, method.scales(real), run.runtime)
    if method.training is None:
        encoders = method.network.build().encoders(real.shapes, generator=generator(seed, "features"))
    else:
        experts = Experts(method.training, method.network, view, run.cache)
        encoders = experts.snapshot(seed % EXPERTS, method.training.epochs).student.encoders
    for encoder in encoders.values():
        encoder.to(run.runtime.device)

    def features(label: int) -> Tensor:
        parts = []
        for modality, encoder in encoders.items():
            chunks = torch.split(real.of_class(label), CHUNK)
            x = torch.cat([view.features(encoder, modality, index).cpu() for index in chunks])
            parts.append(x / x.square().sum(1).mean().sqrt())
        return torch.cat(parts, 1)

    return features


def chosen_clips(
    method: Method | Optimised, selection: Selection, purpose: str, real: LabelledClips, seed: int, run: RunContext
) -> Tensors:
    """Chosen real clips as the rows that `method` has, ordered by class, in network scale, on the CPU.

    The `selection` chooses them, by `seed` and as `run` says.

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
