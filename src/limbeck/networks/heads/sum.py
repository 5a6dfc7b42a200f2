"""One classifier on the sum of the feature vectors.

Source:   The "sum" row of Kushwaha et al., *Audio-Visual Dataset Distillation*, TMLR 2024. The code was not
          released; this is the obvious form of it.
"""

from typing import final

import torch
from torch import Tensor

from limbeck.modalities import Batch
from limbeck.networks._contract import Dims, Head, Letters
from limbeck.networks.heads._layers import linear, one_length


@final
class Sum(Head):
    """Linear classifier of the added features; scored together.

    Raises:
        InputError: The encoders' features differ in length.
    """

    def __init__(self, dims: Dims, classes: int, letters: Letters, *, generator: torch.Generator) -> None:
        super().__init__(dims, classes, letters, generator=generator)
        self.classifier = linear(one_length(dims, self.name), classes, generator=generator)

    def logits(self, features: Batch) -> dict[str, Tensor]:
        first, *others = features.values()
        return {self.together: self.classifier(sum(others, first))}
