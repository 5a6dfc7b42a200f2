"""One classifier on both feature vectors side by side.

Source:   The "concat" row of Kushwaha et al., *Audio-Visual Dataset Distillation*, TMLR 2024. The code was not
          released; this is the obvious form of it.
"""

from __future__ import annotations

from typing import final

import torch
import torch.nn.functional as F
from torch import Tensor

from limbeck.networks._contract import Head
from limbeck.networks.heads._layers import linear


@final
class Concat(Head):
    """Linear classifier of the joined features; scored "A+V".

    Args:
        audio_dim: Features of the sound encoder.
        image_dim: Features of the picture encoder.
        classes: Number of classes.
        generator: Draws the weights.
    """

    def __init__(self, audio_dim: int, image_dim: int, classes: int, *, generator: torch.Generator) -> None:
        super().__init__(audio_dim, image_dim, classes, generator=generator)
        self.classifier = linear(audio_dim + image_dim, classes, generator=generator)

    def loss(self, audio: Tensor, image: Tensor, labels: Tensor) -> Tensor:
        """Mean cross-entropy; see `Head.loss` for shapes."""
        return F.cross_entropy(self._logits(audio, image), labels)

    def scores(self, audio: Tensor, image: Tensor) -> dict[str, Tensor]:
        """Class probabilities "A+V"."""
        return {"A+V": self._logits(audio, image).softmax(1)}

    def _logits(self, audio: Tensor, image: Tensor) -> Tensor:
        logits: Tensor = self.classifier(torch.cat([audio, image], dim=1))
        return logits
