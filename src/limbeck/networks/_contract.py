"""What every network is: settings that build one encoder a modality; and what every head is: a loss and scores."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from limbeck._config import Config
from limbeck._discover import Listed

Modality = Literal["audio", "image"]
MODALITIES: tuple[Modality, ...] = ("audio", "image")


class Encoder(nn.Module, ABC):
    """One modality's feature extractor: (sample, channel, height, width) to flat features (sample, dim).

    Attributes:
        dim: Length of the feature vector.
    """

    dim: int

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Features, (sample, dim), of network input (sample, channel, height, width)."""


class EncoderPair(nn.Module):
    """A sound encoder and a picture encoder."""

    def __init__(self, audio: Encoder, image: Encoder) -> None:
        super().__init__()
        self.audio = audio
        self.image = image


class Network(Config, Listed, ABC):
    """Settings of an architecture for both modalities. One module of the room defines one."""

    room: ClassVar[str] = "limbeck.networks"

    @abstractmethod
    def pair(
        self, audio_shape: tuple[int, int, int], image_shape: tuple[int, int, int], *, generator: torch.Generator
    ) -> EncoderPair:
        """Build both encoders with fresh random weights.

        Args:
            audio_shape: (1, mel, frame) of one log-mel.
            image_shape: (3, height, width) of one picture.
            generator: Draws the weights; the global generator is not used.
        """


class Head(nn.Module, Listed, ABC):
    """What turns features of the two encoders into classes. One module of ``networks.heads`` defines one.

    Args:
        audio_dim: Features of the sound encoder.
        image_dim: Features of the picture encoder.
        classes: Number of classes.
        generator: Draws the weights.

    Attributes:
        modalities: Encoders the head reads; the others are neither built nor trained.
    """

    room: ClassVar[str] = "limbeck.networks.heads"
    modalities: ClassVar[tuple[Modality, ...]] = MODALITIES

    def __init__(self, audio_dim: int, image_dim: int, classes: int, *, generator: torch.Generator) -> None:
        super().__init__()

    @abstractmethod
    def loss(self, audio: Tensor, image: Tensor, labels: Tensor) -> Tensor:
        """Mean training loss of a batch.

        Args:
            audio: (sample, audio_dim); empty (sample, 0) where the head does not read sound.
            image: (sample, image_dim); empty where the head does not read pictures.
            labels: Classes, int64, (sample,), or probabilities of all of them, float32, (sample, class).
        """

    @abstractmethod
    def scores(self, audio: Tensor, image: Tensor) -> dict[str, Tensor]:
        """Class probabilities, (sample, class), by what they were made from: keys among "A", "V", "A+V".

        Args:
            audio: As in `loss`.
            image: As in `loss`.
        """
