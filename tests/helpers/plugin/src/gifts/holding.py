"""Samples at a fraction of their size, enlarged to be looked at (`small`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from torch import Tensor
from torch.nn.functional import interpolate

from limbeck.modalities import Batch, Modality
from limbeck.parameterisations import Parameterisation, Tensors


@final
class Small(Parameterisation):
    """One sample in a row, shrunk.

    Attributes:
        factor: By which.
    """

    are_samples: ClassVar[bool] = False

    factor: int = 2

    @property
    def cells(self) -> int:
        """One."""
        return 1

    def start(self, samples: Batch, modalities: Mapping[str, Modality]) -> Tensors:
        """Shrunk."""
        return {m: interpolate(x, scale_factor=1 / self.factor, mode="area") for m, x in samples.items()}

    def decode(self, tensors: Mapping[str, Tensor], modalities: Mapping[str, Modality]) -> Batch:
        """Enlarged."""
        return {m: interpolate(x, size=modalities[m].shape[1:], mode="bilinear") for m, x in tensors.items()}
