"""One classifier on pictures alone."""

from __future__ import annotations

from typing import ClassVar, final

import torch
import torch.nn.functional as F
from torch import Tensor

from limbeck.networks._contract import Head, Modality
from limbeck.networks.heads._layers import linear


@final
class Image(Head):
    """Linear classifier of pictures; scored "V". The other encoder is not built.

    Args:
        audio_dim: Features of the sound encoder; not used.
        image_dim: Features of the picture encoder.
        classes: Number of classes.
        generator: Draws the weights.
    """

    modalities: ClassVar[tuple[Modality, ...]] = ("image",)

    def __init__(self, audio_dim: int, image_dim: int, classes: int, *, generator: torch.Generator) -> None:
        super().__init__(audio_dim, image_dim, classes, generator=generator)
        self.classifier = linear(image_dim, classes, generator=generator)

    def loss(self, audio: Tensor, image: Tensor, labels: Tensor) -> Tensor:
        """Mean cross-entropy; see `Head.loss` for shapes."""
        return F.cross_entropy(self.classifier(image), labels)

    def scores(self, audio: Tensor, image: Tensor) -> dict[str, Tensor]:
        """Class probabilities "V"."""
        return {"V": self.classifier(image).softmax(1)}
