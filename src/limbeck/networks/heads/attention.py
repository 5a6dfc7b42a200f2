"""One classifier on a weighted sum of the feature vectors, the weights chosen for each sample.

Source:   The "attention" row of Kushwaha et al., *Audio-Visual Dataset Distillation*, TMLR 2024, whose code was not
          released and whose accuracy is near chance (10 %). Differs from the paper: unknown. Here a linear score per
          modality, softmax over them, and the weighted sum of features times their number: at the start, when all
          scores are nearly zero, it is the head `sum`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import torch
from torch import Tensor, nn

from limbeck.modalities import Batch
from limbeck.networks.heads._layers import Together, linear, one_length


@final
class Attention(Together):
    """Linear classifier of features weighted by modality; scored together.

    Raises:
        InputError: The encoders' features differ in length.
    """

    def __init__(
        self, dims: Mapping[str, int], classes: int, letters: Mapping[str, str], *, generator: torch.Generator
    ) -> None:
        super().__init__(dims, classes, letters, generator=generator)
        dim = one_length(dims, self.name)
        self.relevance = nn.ModuleDict({m: linear(dim, 1, generator=generator) for m in dims})
        self.classifier = linear(dim, classes, generator=generator)

    def logits(self, features: Batch) -> Tensor:
        """See `Together.logits`."""
        relevance = torch.cat([score(features[m]) for m, score in self.relevance.items()], dim=1).softmax(1)
        first, *others = (w[:, None] * features[m] for w, m in zip(relevance.unbind(1), self.relevance, strict=True))
        logits: Tensor = self.classifier(len(features) * sum(others, first))
        return logits
