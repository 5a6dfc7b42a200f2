"""One classifier on all feature vectors side by side.

Source:   The "concat" row of Kushwaha et al., *Audio-Visual Dataset Distillation*, TMLR 2024. The code was not
          released; this is the obvious form of it.
"""

from typing import final

import torch
from torch import Tensor

from limbeck.modalities import Batch
from limbeck.networks._contract import Dims, Head, Letters
from limbeck.networks.heads._layers import linear


@final
class Concat(Head):
    """Linear classifier of the joined features; scored together."""

    def __init__(self, dims: Dims, classes: int, letters: Letters, *, generator: torch.Generator) -> None:
        super().__init__(dims, classes, letters, generator=generator)
        self.classifier = linear(sum(dims.values()), classes, generator=generator)

    def logits(self, features: Batch) -> dict[str, Tensor]:
        return {self.together: self.classifier(torch.cat([features[m] for m in self.letters], dim=1))}
