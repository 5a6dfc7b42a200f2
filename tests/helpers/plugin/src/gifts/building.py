"""Networks and heads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import torch
from torch import Tensor, nn

from limbeck.modalities import Batch
from limbeck.networks import Encoder, Network, Shape
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

    def frame_encoders(self, shapes: Mapping[str, Shape], *, generator: torch.Generator) -> dict[str, Encoder]:
        """One for each modality; see `Network.encoders`."""
        return {m: _Pooled(shape[0], self.width, generator) for m, shape in shapes.items()}


@final
class Averaged(Head):
    """One classifier on the mean of all features."""

    def __init__(
        self, dims: Mapping[str, int], classes: int, letters: Mapping[str, str], *, generator: torch.Generator
    ) -> None:
        super().__init__(dims, classes, letters, generator=generator)
        dim = next(iter(dims.values()))
        self.weight = nn.Parameter(torch.randn(dim, classes, generator=generator) / dim**0.5)

    def logits(self, features: Batch) -> dict[str, Tensor]:
        return {self.together: torch.stack([*features.values()]).mean(0) @ self.weight}
