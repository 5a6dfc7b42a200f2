"""One classifier on sound alone."""

from __future__ import annotations

from typing import ClassVar, final

import torch
import torch.nn.functional as F
from torch import Tensor

from limbeck.networks._contract import Head, Modality
from limbeck.networks.heads._layers import linear


@final
class Audio(Head):
    """Linear classifier of sound; scored "A". The other encoder is not built.

    Args:
        audio_dim: Features of the sound encoder.
        image_dim: Features of the picture encoder; not used.
        classes: Number of classes.
        generator: Draws the weights.
    """

    modalities: ClassVar[tuple[Modality, ...]] = ("audio",)

    def __init__(self, audio_dim: int, image_dim: int, classes: int, *, generator: torch.Generator) -> None:
        super().__init__(audio_dim, image_dim, classes, generator=generator)
        self.classifier = linear(audio_dim, classes, generator=generator)

    def loss(self, audio: Tensor, image: Tensor, labels: Tensor) -> Tensor:
        """Mean cross-entropy; see `Head.loss` for shapes."""
        return F.cross_entropy(self.classifier(audio), labels)

    def scores(self, audio: Tensor, image: Tensor) -> dict[str, Tensor]:
        """Class probabilities "A"."""
        return {"A": self.classifier(audio).softmax(1)}
