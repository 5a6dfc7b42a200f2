"""One classifier on a weighted sum of the feature vectors, the weights chosen for each sample.

Source:   The "attention" row of Kushwaha et al., *Audio-Visual Dataset Distillation*, TMLR 2024, whose code was not
          released and whose accuracy is near chance (10 %). Differs from the paper: unknown. Here a linear score per
          modality, softmax over them, and the weighted sum of features times their number: at the start, when all
          scores are nearly zero, it is the head `sum`.
"""

from typing import final

import torch
from torch import Tensor, nn

from limbeck.modalities import Batch
from limbeck.networks._contract import Dims, Head, Letters
from limbeck.networks.heads._layers import linear, one_length


@final
class Attention(Head):
    """Linear classifier of features weighted by modality; scored together.

    Raises:
        InputError: The encoders' features differ in length.
    """

    def __init__(self, dims: Dims, classes: int, letters: Letters, *, generator: torch.Generator) -> None:
        super().__init__(dims, classes, letters, generator=generator)
        dim = one_length(dims, self.name)
        self.relevance = nn.ModuleDict({m: linear(dim, 1, generator=generator) for m in dims})
        self.classifier = linear(dim, classes, generator=generator)

    def logits(self, features: Batch) -> dict[str, Tensor]:
        relevance = torch.cat([score(features[m]) for m, score in self.relevance.items()], dim=1).softmax(1)
        first, *others = (w[:, None] * features[m] for w, m in zip(relevance.unbind(1), self.relevance, strict=True))
        return {self.together: self.classifier(len(features) * sum(others, first))}
