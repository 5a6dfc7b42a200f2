"""One classifier on the sum of both feature vectors.

Source:   The "sum" row of Kushwaha et al., *Audio-Visual Dataset Distillation*, TMLR 2024. The code was not
          released; this is the obvious form of it.
"""

from __future__ import annotations

from typing import final

import torch
import torch.nn.functional as F
from torch import Tensor

from limbeck.errors import InputError
from limbeck.networks._contract import Head
from limbeck.networks.heads._layers import linear


@final
class Sum(Head):
    """Linear classifier of the added features; scored "A+V".

    Args:
        audio_dim: Features of the sound encoder.
        image_dim: Features of the picture encoder; the same number.
        classes: Number of classes.
        generator: Draws the weights.

    Raises:
        InputError: The encoders' features differ in length.
    """

    def __init__(self, audio_dim: int, image_dim: int, classes: int, *, generator: torch.Generator) -> None:
        super().__init__(audio_dim, image_dim, classes, generator=generator)
        if audio_dim != image_dim:
            raise InputError(
                f"The head 'sum' adds features of both encoders, so their lengths must be equal, but they are "
                f"{audio_dim} (sound) and {image_dim} (picture). Use 'concat' or 'ensemble'."
            )
        self.classifier = linear(audio_dim, classes, generator=generator)

    def loss(self, audio: Tensor, image: Tensor, labels: Tensor) -> Tensor:
        """Mean cross-entropy; see `Head.loss` for shapes."""
        return F.cross_entropy(self.classifier(audio + image), labels)

    def scores(self, audio: Tensor, image: Tensor) -> dict[str, Tensor]:
        """Class probabilities "A+V"."""
        return {"A+V": self.classifier(audio + image).softmax(1)}
