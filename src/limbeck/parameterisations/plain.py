"""Samples as they are, one in each row (`plain`)."""

from collections.abc import Mapping
from typing import final

from torch import Tensor

from limbeck.modalities import Batch, Modality
from limbeck.parameterisations._contract import Parameterisation, Tensors


@final
class Plain(Parameterisation):
    """A tensor for each modality, in the shape of its samples."""

    @property
    def cells(self) -> int:
        return 1

    def start(self, samples: Batch, modalities: Mapping[str, Modality]) -> Tensors:
        return dict(samples)

    def decode(self, tensors: Mapping[str, Tensor], modalities: Mapping[str, Modality]) -> Batch:
        return dict(tensors)
