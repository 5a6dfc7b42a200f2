"""What students learn from and are tested on: pairs in network scale, from memory or streamed from a dataset."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from limbeck.datasets import LabelledClips, Scale
from limbeck.distilled import DistilledSet
from limbeck.errors import InputError


class Pairs(ABC):
    """Labelled pairs in network scale that can be fetched by position.

    Attributes:
        labels: Classes, int64, (pair,), or probabilities of all of them, float32, (pair, class); on the CPU.
        classes: Number of classes.
        audio_shape: (1, mel, frame).
        image_shape: (3, height, width).
        scale: What made them network input; None if not known.
    """

    labels: Tensor
    classes: int
    audio_shape: tuple[int, int, int]
    image_shape: tuple[int, int, int]
    scale: Scale | None

    def __len__(self) -> int:
        return len(self.labels)

    @abstractmethod
    def fetch(self, index: Tensor, device: torch.device) -> tuple[Tensor, Tensor]:
        """Pairs at some positions.

        Args:
            index: Positions, int64, on the CPU.
            device: Where they are wanted.

        Returns:
            Log-mel, float32 (pair, 1, mel, frame), and frames, float32 (pair, 3, height, width), on `device`.
        """

    def batches(self, order: Tensor, size: int, device: torch.device) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Consecutive batches.

        Args:
            order: Positions, int64, on the CPU.
            size: Pairs in a batch; the last may be smaller.
            device: Where they are wanted.

        Yields:
            Sound and picture as in `fetch`, and their `labels`, on `device`.
        """
        for index in torch.split(order, size):
            yield *self.fetch(index, device), self.labels[index].to(device)


class TensorPairs(Pairs):
    """Pairs held in memory, in network scale.

    Args:
        audio: float32, (pair, 1, mel, frame).
        image: float32, (pair, 3, height, width).
        labels: Classes, int64, (pair,), or probabilities of all of them, float32, (pair, class).
        classes: Number of classes.
        scale: What made them network input; only augmentation with `audio_aware` asks for it.

    Raises:
        InputError: Sizes or labels do not fit together.
    """

    def __init__(self, audio: Tensor, image: Tensor, labels: Tensor, classes: int, scale: Scale | None = None) -> None:
        if not len(audio) == len(image) == len(labels):
            raise InputError(
                f"{len(audio)} sounds, {len(image)} pictures and {len(labels)} labels came; "
                "a training set has as many of each."
            )
        self.audio, self.image, self.labels, self.classes = audio, image, labels.cpu(), classes
        self.scale = scale
        self.audio_shape = (audio.shape[1], audio.shape[2], audio.shape[3])
        self.image_shape = (image.shape[1], image.shape[2], image.shape[3])

    @classmethod
    def of(cls, distilled: DistilledSet) -> TensorPairs:
        """The training pairs of a distilled set, mosaics cut into their cells, with its soft labels if it has them."""
        audio, image, labels = distilled.training_pairs()
        told = labels if distilled.soft_labels is None else distilled.soft_labels
        return cls(audio, image, told, classes=len(distilled.classes), scale=distilled.scale)

    def fetch(self, index: Tensor, device: torch.device) -> tuple[Tensor, Tensor]:
        """Pairs at some positions, see `Pairs.fetch`; the whole set moves to the device once."""
        if self.audio.device != device:
            self.audio, self.image = self.audio.to(device), self.image.to(device)
        where = index.to(device)
        return self.audio[where], self.image[where]


@dataclass
class ClipPairs(Pairs):
    """Clips of a dataset, read batch by batch and put in network scale on the device; never all in memory.

    Attributes:
        clips: The clips.
        scale: What networks see.
    """

    clips: LabelledClips
    scale: Scale

    def __post_init__(self) -> None:
        self.labels, self.classes = self.clips.labels, len(self.clips.classes)
        self.audio_shape, self.image_shape = self.clips.audio_shape, self.clips.image_shape

    def fetch(self, index: Tensor, device: torch.device) -> tuple[Tensor, Tensor]:
        """Pairs at some positions, see `Pairs.fetch`."""
        audio, frames = self.clips.audio(index).to(device), self.clips.frames(index).to(device)
        return self.scale.audio(audio), self.scale.image(frames)
