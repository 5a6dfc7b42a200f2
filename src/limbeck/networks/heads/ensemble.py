"""A classifier per modality that never see each other; their probabilities are averaged.

Of one modality it is that modality's linear classifier.

Source:   Kushwaha et al., *Audio-Visual Dataset Distillation*, TMLR 2024 (the released `ensemble` classifier).
          Differs from the paper: nothing known, but see `_layers.linear` for the biases.
"""

from typing import final

import torch
import torch.nn.functional as F
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

    def each(self, features: Batch) -> Batch:
        """Logits of each modality's classifier, (sample, class)."""
        return {modality: classify(features[modality]) for modality, classify in self.classifiers.items()}

    def loss(self, features: Batch, labels: Tensor) -> Tensor:
        """Cross-entropies of the modalities, each a mean over the batch, added; see `Head.loss` for shapes."""
        each = [F.cross_entropy(logits, labels) for logits in self.each(features).values()]
        return sum(each[1:], each[0])

    def scores(self, features: Batch) -> dict[str, Tensor]:
        """Class probabilities by letter, and their mean.

        The mean of probabilities is not the softmax of summed logits: they rank classes differently.
        """
        each = {self.letters[m]: logits.softmax(1) for m, logits in self.each(features).items()}
        return each | {self.together: sum([*each.values()][1:], next(iter(each.values()))) / len(each)}
