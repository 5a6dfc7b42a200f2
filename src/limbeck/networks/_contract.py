"""What every network is: settings that build an encoder per modality; and what every head is: a loss and scores."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from limbeck._config import Config
from limbeck._discover import Listed
from limbeck.modalities import Batch

Shape = tuple[int, int, int]
"""(channel, height, width) of a sample."""


class Encoder(nn.Module, ABC):
    """One modality's feature extractor: (sample, channel, height, width) to flat features (sample, dim).

    Attributes:
        dim: Length of the feature vector.
    """

    dim: int

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Features, (sample, dim), of network input (sample, channel, height, width)."""


Encoders = Mapping[str, Encoder]
"""Encoders by modality."""


class Network(Config, Listed, ABC):
    """Settings of an architecture for any modalities. One module of the room defines one."""

    room: ClassVar[str] = "limbeck.networks"

    @abstractmethod
    def encoders(self, shapes: Mapping[str, Shape], *, generator: torch.Generator) -> dict[str, Encoder]:
        """Build an encoder per modality with fresh random weights, one after the other.

        Args:
            shapes: Of a sample, by modality.
            generator: Draws the weights; the global generator is not used.

        Raises:
            InputError: A shape does not fit the settings.
        """


class Head(nn.Module, Listed, ABC):
    """What turns features of the encoders into classes. One module of ``networks.heads`` defines one.

    Args:
        dims: Features of each encoder, by modality.
        classes: Number of classes.
        letters: What tables call each modality, see `Modality.letter`.
        generator: Draws the weights.

    Attributes:
        together: Key of the scores from all modalities together, as in ``"A+V"``.
    """

    room: ClassVar[str] = "limbeck.networks.heads"

    def __init__(
        self, dims: Mapping[str, int], classes: int, letters: Mapping[str, str], *, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.letters = dict(letters)
        self.together = "+".join(letters.values())

    @abstractmethod
    def loss(self, features: Batch, labels: Tensor) -> Tensor:
        """Mean training loss of a batch.

        Args:
            features: (sample, dim) of each modality.
            labels: Classes, int64, (sample,), or probabilities of all of them, float32, (sample, class).
        """

    @abstractmethod
    def scores(self, features: Batch) -> dict[str, Tensor]:
        """Class probabilities, (sample, class), of features as in `loss`, by letters of modalities, and `together`."""
