"""Choosing real clips: what selection methods share; optimised methods start from what they choose."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from limbeck._runtime import Runtime, derive_seed, generator
from limbeck.augment import mosaic
from limbeck.datasets import LabelledClips, Scale
from limbeck.distilled import DistilledSet
from limbeck.methods._contract import Method, Passes, Work
from limbeck.methods._experts import EXPERTS, Asked, Experts, Training
from limbeck.networks import Architecture, Encoder, EncoderPair, embed

Choose = Callable[[int], Tensor]
"""Class label to int64 positions of the chosen clips, the most important first."""


class Selection(Method, ABC):
    """A method that chooses real clips and leaves them as they are."""

    @abstractmethod
    def _choose(self, real: LabelledClips, count: int, seed: int, work: Work) -> Choose:
        """How a class's clips are chosen.

        Args:
            real: Training clips, at least `count` of each class.
            count: Clips a class.
            seed: Of every random draw.
            work: Device, number formats and the cache.

        Returns:
            Class label to int64 positions of `count` different clips of the class.
        """

    def pairs(self, real: LabelledClips, seed: int, work: Work) -> tuple[Tensor, Tensor, Tensor]:
        """The chosen clips as (mosaics of) pairs in network scale.

        Args:
            real: Training clips, at least ``per_class * mosaic ** 2`` of each class.
            seed: Of every random draw.
            work: Device, number formats and the cache.

        Returns:
            Log-mel (pair, 1, mel, frame), frames (pair, 3, height, width), labels (pair,), ordered by class.
        """
        scale = self.scale(real)
        choose = self._choose(real, self.per_class * self.cells, seed, work)
        chosen = [choose(label) for label in range(len(real.classes))]
        shares = mosaic.shares(self.mosaic)
        audio = torch.cat([packed(scale.audio(real.audio(index)), shares.audio) for index in chosen])
        image = torch.cat([packed(scale.image(real.frames(index)), shares.image) for index in chosen])
        return audio, image, torch.arange(len(real.classes)).repeat_interleave(self.per_class)

    def _make(self, real: LabelledClips, seed: int, work: Work) -> DistilledSet:
        purpose = f"{self.name} with {self.per_class} pairs a class and mosaic {mosaic.words(self.mosaic)}"
        real.require(self.per_class * self.cells, purpose)
        return distilled(self, real, *self.pairs(real, seed, work))


class FeatureSelection(Selection, ABC):
    """Chooses class by class by looking at features of both modalities, see `joint_features`.

    Attributes:
        network: Architecture of the pair of encoders whose features are compared.
        training: None leaves the pair random. Otherwise it is an expert trained on the training clips: a comparison
            class of its own, as the choice has then been guided by a network that learnt the task.
    """

    network: Architecture = Architecture()
    training: Training | None = None

    def asked_experts(self, seed: int) -> Asked:
        """The one whose features are compared; see `Method.asked_experts`."""
        own: Asked = frozenset([(self.training, seed % EXPERTS)]) if self.training else frozenset()
        return super().asked_experts(seed) | own

    def passes(self, per_class: Sequence[int]) -> Passes:
        """Every clip forward once; training of the expert left out."""
        return Passes(sum(per_class), 0)

    @abstractmethod
    def _order(self, features: Tensor, count: int, seed: int) -> Tensor:
        """Which of a class's clips stand for it.

        Args:
            features: float32, (clip, dim).
            count: How many, 1..clips.
            seed: Of this class's random draws.

        Returns:
            int64, (count,): all different, the most important first.
        """

    def _choose(self, real: LabelledClips, count: int, seed: int, work: Work) -> Choose:
        scale = self.scale(real)
        pair = self._pair(real, scale, seed, work)

        def choose(label: int) -> Tensor:
            index = real.of_class(label)
            features = joint_features(pair, real, index, scale=scale, runtime=work.runtime)
            return index[self._order(features, count, derive_seed(seed, "order", real.classes[label]))]

        return choose

    def _pair(self, real: LabelledClips, scale: Scale, seed: int, work: Work) -> EncoderPair:
        if self.training is not None:
            experts = Experts(self.training, self.network, real, scale, work)
            return experts.snapshot(seed % EXPERTS, self.training.epochs).student.encoders()
        draw = generator(seed, "features")
        return self.network.build().pair(real.audio_shape, real.image_shape, generator=draw).to(work.runtime.device)


def joint_features(pair: EncoderPair, real: LabelledClips, index: Tensor, *, scale: Scale, runtime: Runtime) -> Tensor:
    """Features on which clips are compared: both modalities' embeddings under one pair of encoders, side by side.

    Each modality is divided by its root mean square norm over the clips, so that both weigh the same. The published
    code ships index lists only, not the network they came from; this is the plainest reading.

    Args:
        pair: The encoders, on the device.
        real: The data.
        index: Positions of the clips, int64, (clip,).
        scale: What networks see.
        runtime: Device and number formats.

    Returns:
        float32, (clip, audio dim + image dim), on the CPU.
    """

    def embedded(encoder: Encoder, values: Callable[[Tensor], Tensor]) -> Tensor:
        parts = [
            embed(encoder, values(chunk).to(runtime.device), dtype=runtime.real_dtype, compile=runtime.compile).cpu()
            for chunk in torch.split(index, 256)
        ]
        features = torch.cat(parts)
        return features / features.square().sum(1).mean().sqrt()

    sound = embedded(pair.audio, lambda chunk: scale.audio(real.audio(chunk)))
    picture = embedded(pair.image, lambda chunk: scale.image(real.frames(chunk)))
    return torch.cat([sound, picture], 1)


def distilled(
    method: Method,
    real: LabelledClips,
    audio: Tensor,
    image: Tensor,
    labels: Tensor,
    *,
    start: tuple[Tensor, Tensor] | None = None,
) -> DistilledSet:
    """Pairs in network scale as a set; `Method.distill` writes down how they were made.

    Args:
        method: What made them.
        real: The clips they were made from.
        audio: Log-mel, float32, (pair, 1, mel, frame).
        image: Frames, float32, (pair, 3, height, width).
        labels: int64, (pair,), ascending.
        start: The same pairs before optimisation; None if there was none.
    """
    return DistilledSet(
        audio=audio,
        image=image,
        labels=labels,
        classes=real.classes,
        mosaic=method.mosaic,
        recipe=real.recipe,
        scale=method.scale(real),
        provenance={},
        start=start,
    )


def packed(x: Tensor, share: mosaic.Share) -> Tensor:
    """Samples of one modality of one class in the room they share, see `mosaic.pack`.

    Args:
        x: Of the chosen clips, (cell * per_class, ...), the most important first. Where fewer are kept than there are
            clips, repeats of an earlier one are left out first.
        share: How they share the room.
    """
    if isinstance(share, mosaic.Low) and share.times > 1:
        x = x[repeats_last(x)]
    return mosaic.pack(x, share)


def repeats_last(x: Tensor) -> Tensor:
    """Positions of samples in the order they came, but those equal to an earlier one after all others.

    Args:
        x: (sample, ...).

    Example:
        >>> repeats_last(torch.tensor([[5], [5], [3], [5], [4]]))
        tensor([0, 2, 4, 1, 3])
    """
    same = torch.unique(x.flatten(1), dim=0, return_inverse=True)[1].tolist()
    repeated = torch.tensor([value in same[:i] for i, value in enumerate(same)])
    return torch.argsort(repeated.int(), stable=True)


def class_major(x: Tensor, classes: int, share: int | mosaic.Share) -> Tensor:
    """Unpack mosaics ordered by class so that the small ones of a class are neighbours.

    Args:
        x: Mosaics, (class * per_class, ...), ordered by class.
        classes: Number of classes.
        share: How cells share the room: cells a side, (rows, columns), or frequencies.

    Returns:
        (class * cell * per_class, ...), ordered by class.
    """
    small = mosaic.unpack(x, share)
    return small.view(len(small) // len(x), classes, -1, *small.shape[1:]).transpose(0, 1).flatten(0, 2)
