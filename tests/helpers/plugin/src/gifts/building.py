"""Networks and heads."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn

from limbeck.networks import Encoder, EncoderPair, Network
from limbeck.networks.heads import Head


class _Pooled(Encoder):
    def __init__(self, channels: int, width: int, generator: torch.Generator) -> None:
        super().__init__()
        self.layer = nn.Conv2d(channels, width, 3, padding=1)
        with torch.no_grad():
            for weight in self.layer.parameters():
                weight.normal_(0, 0.3, generator=generator)
        self.dim = 4 * width

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.adaptive_avg_pool2d(self.layer(x).relu(), 2).flatten(1)


@final
class Flat(Network):
    """One layer and a pool.

    Attributes:
        width: Channels.
    """

    width: int = 8

    def pair(
        self, audio_shape: tuple[int, int, int], image_shape: tuple[int, int, int], *, generator: torch.Generator
    ) -> EncoderPair:
        """Both encoders; see `Network.pair`."""
        return EncoderPair(
            _Pooled(audio_shape[0], self.width, generator), _Pooled(image_shape[0], self.width, generator)
        )


@final
class Averaged(Head):
    """One classifier on the mean of both features."""

    def __init__(self, audio_dim: int, image_dim: int, classes: int, *, generator: torch.Generator) -> None:
        super().__init__(audio_dim, image_dim, classes, generator=generator)
        self.weight = nn.Parameter(torch.randn(audio_dim, classes, generator=generator) / audio_dim**0.5)

    def loss(self, audio: Tensor, image: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy; see `Head.loss`."""
        return nn.functional.cross_entropy((audio + image) @ self.weight / 2, labels)

    def scores(self, audio: Tensor, image: Tensor) -> dict[str, Tensor]:
        """Class probabilities "A+V"."""
        return {"A+V": ((audio + image) @ self.weight / 2).softmax(1)}
