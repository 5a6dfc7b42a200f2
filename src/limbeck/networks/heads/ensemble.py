"""Two classifiers, one a modality, that never see each other; their probabilities are averaged.

Source:   Kushwaha et al., *Audio-Visual Dataset Distillation*, TMLR 2024 (the released `ensemble` classifier).
          Differs from the paper: nothing known, but see `_layers.linear` for the biases.
"""

from __future__ import annotations

from typing import final

import torch
import torch.nn.functional as F
from torch import Tensor

from limbeck.networks._contract import Head
from limbeck.networks.heads._layers import linear


def average(audio_logits: Tensor, image_logits: Tensor) -> dict[str, Tensor]:
    """Probabilities by sound, by picture, and their mean, each (sample, class).

    The mean of probabilities is not the softmax of summed logits: they rank classes differently.

    Args:
        audio_logits: (sample, class).
        image_logits: (sample, class).

    Example:
        >>> average(torch.tensor([[9.0, 0.0]]), torch.tensor([[0.0, 0.0]]))["A+V"]
        tensor([[0.7499, 0.2501]])
    """
    a, v = audio_logits.softmax(1), image_logits.softmax(1)
    return {"A": a, "V": v, "A+V": (a + v) / 2}


@final
class Ensemble(Head):
    """Trained on the sum of both classifiers' cross-entropies; scored "A", "V" and "A+V".

    Args:
        audio_dim: Features of the sound encoder.
        image_dim: Features of the picture encoder.
        classes: Number of classes.
        generator: Draws the weights.
    """

    def __init__(self, audio_dim: int, image_dim: int, classes: int, *, generator: torch.Generator) -> None:
        super().__init__(audio_dim, image_dim, classes, generator=generator)
        self.audio = linear(audio_dim, classes, generator=generator)
        self.image = linear(image_dim, classes, generator=generator)

    def loss(self, audio: Tensor, image: Tensor, labels: Tensor) -> Tensor:
        """CE(sound) + CE(picture), each a mean over the batch; see `Head.loss` for shapes."""
        return F.cross_entropy(self.audio(audio), labels) + F.cross_entropy(self.image(image), labels)

    def scores(self, audio: Tensor, image: Tensor) -> dict[str, Tensor]:
        """Class probabilities "A", "V" and "A+V"; see `average`."""
        return average(self.audio(audio), self.image(image))
