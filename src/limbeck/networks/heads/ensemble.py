"""A classifier per modality that never see each other; their probabilities are averaged.

Of one modality it is that modality's linear classifier.

Source:   Kushwaha et al., *Audio-Visual Dataset Distillation*, TMLR 2024 (the released `ensemble` classifier).
          Differs from the paper: nothing known, but see `_layers.linear` for the biases.
"""

from typing import final

import torch
from torch import Tensor, nn

from limbeck.modalities import Batch
from limbeck.networks._contract import Dims, Head, Letters
from limbeck.networks.heads._layers import linear


@final
class Ensemble(Head):
    """Trained on the sum of the classifiers' cross-entropies; scored by each modality, and together.

    Attributes:
        classifiers: Linear classifiers, by modality.
    """

    def __init__(self, dims: Dims, classes: int, letters: Letters, *, generator: torch.Generator) -> None:
        super().__init__(dims, classes, letters, generator=generator)
        self.classifiers = nn.ModuleDict({m: linear(dim, classes, generator=generator) for m, dim in dims.items()})

    def logits(self, features: Batch) -> dict[str, Tensor]:
        return {self.letters[m]: classify(features[m]) for m, classify in self.classifiers.items()}
