"""Clips and samples as encoders see them: on their scale, augmented."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from limbeck._runtime import Runtime
from limbeck.augment import Draw, SiameseAugment
from limbeck.datasets import LabelledClips
from limbeck.modalities import Scale
from limbeck.networks import Encoder, embed


@dataclass(frozen=True)
class View:
    """How real clips and samples are seen.

    Attributes:
        real: The clips.
        scales: On which networks see them, and samples, by modality.
        runtime: Device and number formats.
        augment: Augmentation shared by real and synthetic samples; None for none.
    """

    real: LabelledClips
    scales: Mapping[str, Scale]
    runtime: Runtime
    augment: SiameseAugment | None = None

    def key(self) -> list[Any]:
        """Names all that features depend on, beside encoders and augmentation; JSON-able."""
        scales = {m: scale.to_json() for m, scale in self.scales.items()}
        return [self.real.fingerprint, scales, str(self.runtime.real_dtype), self.runtime.device.type]

    def draw(self, source: torch.Generator, samples: int | None) -> Draw | None:
        """An augmentation for some samples, each its own, or for all alike (None); None without augmentation."""
        return self.augment.draw(source, samples) if self.augment else None

    def augmented(self, x: Tensor, modality: str, draw: Draw | None) -> Tensor:
        """Network input, (sample, ..., channel, height, width), after the augmentation."""
        if self.augment is None or draw is None:
            return x
        return self.augment.apply(x, draw, modality=self.real.modalities[modality], scale=self.scales[modality])

    def read(self, modality: str, index: Tensor, draw: Draw | None = None) -> Tensor:
        """Real clips at some positions as network input, on the device, after the augmentation."""
        arrays = self.real.array(modality, index).to(self.runtime.device)
        x = self.real.modalities[modality].to_network(arrays, self.scales[modality])
        return self.augmented(x, modality, draw)

    def features(self, encoder: Encoder, modality: str, index: Tensor, draw: Draw | None = None) -> Tensor:
        """Features of real clips at some positions, float32, (clip, dim); of many frames a few clips at a time."""
        frames = math.prod(self.real.modalities[modality].shape[:-3])
        parts = torch.split(index, math.ceil(len(index) / frames)) if draw is None or draw.is_shared else [index]
        seen = (self.read(modality, part, draw) for part in parts)
        how: dict[str, Any] = {"dtype": self.runtime.real_dtype, "compile": self.runtime.compile}
        return torch.cat([embed(encoder, x, **how) for x in seen])
