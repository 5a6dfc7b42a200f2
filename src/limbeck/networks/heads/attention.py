"""One classifier on a weighted sum of both feature vectors, the weights chosen for each sample.

Source:   The "attention" row of Kushwaha et al., *Audio-Visual Dataset Distillation*, TMLR 2024, whose code was not
          released and whose accuracy is near chance (10 %). Differs from the paper: unknown. Here a linear score a
          modality, softmax over the two, and twice the weighted sum of features: at the start, when both scores
          are nearly zero, it is the head `sum`.
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
class Attention(Head):
    """Linear classifier of features weighted by modality; scored "A+V".

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
                f"The head 'attention' adds features of both encoders, so their lengths must be equal, but they are "
                f"{audio_dim} (sound) and {image_dim} (picture). Use 'concat' or 'ensemble'."
            )
        self.audio_score = linear(audio_dim, 1, generator=generator)
        self.image_score = linear(image_dim, 1, generator=generator)
        self.classifier = linear(audio_dim, classes, generator=generator)

    def loss(self, audio: Tensor, image: Tensor, labels: Tensor) -> Tensor:
        """Mean cross-entropy; see `Head.loss` for shapes."""
        return F.cross_entropy(self._logits(audio, image), labels)

    def scores(self, audio: Tensor, image: Tensor) -> dict[str, Tensor]:
        """Class probabilities "A+V"."""
        return {"A+V": self._logits(audio, image).softmax(1)}

    def _logits(self, audio: Tensor, image: Tensor) -> Tensor:
        share = torch.cat([self.audio_score(audio), self.image_score(image)], dim=1).softmax(1)
        logits: Tensor = self.classifier(2 * (share[:, :1] * audio + share[:, 1:] * image))
        return logits
