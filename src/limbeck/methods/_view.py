"""Samples as encoders see them: on their scale, augmented."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from limbeck.augment import Draw, SiameseAugment
from limbeck.datasets import LabelledClips
from limbeck.modalities import Modality, Scale


@dataclass(frozen=True)
class View:
    """What samples are, and how they are changed before an encoder sees them.

    Attributes:
        modalities: What samples are.
        scales: On which networks see them.
        augment: Augmentation shared by real and synthetic samples; None for none.
    """

    modalities: Mapping[str, Modality]
    scales: Mapping[str, Scale]
    augment: SiameseAugment | None

    def augmented(self, x: Tensor, modality: str, draw: Draw | None) -> Tensor:
        """Network input, (sample, channel, height, width), after the augmentation."""
        if self.augment is None or draw is None:
            return x
        return self.augment.apply(x, draw, modality=self.modalities[modality], scale=self.scales[modality])

    def read(self, real: LabelledClips, modality: str, index: Tensor, device: torch.device) -> Tensor:
        """Real clips at some positions as network input."""
        return self.modalities[modality].to_network(real.array(modality, index).to(device), self.scales[modality])
