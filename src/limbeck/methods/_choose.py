"""Choosing real clips: what methods that choose share; optimised methods start from what they choose."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from limbeck._runtime import generator
from limbeck.datasets import LabelledClips
from limbeck.methods._experts import EXPERTS, ExpertKeys, Experts, Training
from limbeck.methods._run import Passes, RunContext
from limbeck.methods._view import View
from limbeck.modalities import Scale
from limbeck.networks import Architecture, Encoder

CHUNK = 256

ByClass = Callable[[int], Tensor]
"""Class label to int64 positions of the chosen clips, the most important first."""
Choose = Callable[[LabelledClips, int, int, RunContext], ByClass]
"""See `Selection.choose`."""


@runtime_checkable
class Selection(Protocol):
    """A method that chooses real clips; see `Method` for the rest."""

    def choose(self, real: LabelledClips, count: int, seed: int, run: RunContext) -> ByClass:
        """How a class's clips are chosen.

        Args:
            real: Training clips, at least `count` of each class.
            count: Clips per class.
            seed: Of every random draw.
            run: Device, number formats and the cache.

        Returns:
            Class label to int64 positions of `count` different clips of the class, the most important first.
        """

    def required_experts(self, seed: int) -> ExpertKeys:
        """See `Method.required_experts`."""

    def passes(self, per_class: Sequence[int]) -> Passes:
        """See `Method.passes`."""


def features_by_class(
    network: Architecture,
    training: Training | None,
    real: LabelledClips,
    scales: Mapping[str, Scale],
    seed: int,
    run: RunContext,
) -> ByClass:
    """Features of a class's clips, see `joint_features`, under random encoders, or under an expert's.

    Args:
        network: Architecture of the encoders.
        training: How the expert is trained; None leaves encoders random.
        real: Training clips.
        scales: What networks see, by modality.
        seed: Of the weights; or says which expert.
        run: Device, number formats and the cache.

    Returns:
        Class label to features, float32, (clip, dim), on the CPU.
    """
    encoders: Mapping[str, Encoder]
    if training is None:
        fresh = network.build().encoders(real.shapes, generator=generator(seed, "features"))
        encoders = {name: encoder.to(run.runtime.device) for name, encoder in fresh.items()}
    else:
        expert = Experts(training, network, real, scales, run).snapshot(seed % EXPERTS, training.epochs)
        encoders = expert.student.encoders
    view = View(real, scales, run.runtime)
    return lambda label: joint_features(encoders, view, real.of_class(label))


def joint_features(encoders: Mapping[str, Encoder], view: View, index: Tensor) -> Tensor:
    """Features on which the clips at `index` are compared: the embeddings of all modalities side by side.

    Each modality is divided by its root mean square norm over the clips, so that all weigh the same. The published
    code ships index lists only, not the network they came from; this is the plainest reading.

    Returns:
        float32, (clip, sum of dims), on the CPU.
    """
    found = []
    for modality, encoder in encoders.items():
        features = torch.cat([view.features(encoder, modality, c).cpu() for c in torch.split(index, CHUNK)])
        found.append(features / features.square().sum(1).mean().sqrt())
    return torch.cat(found, 1)
