"""What every network is: settings that build an encoder per modality; and what every head is: a loss and scores."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from limbeck._config import Config
from limbeck._discover import Listed
from limbeck.modalities import Batch

Shape = tuple[int, int, int]
"""(channel, height, width) of a sample."""


class Encoder(nn.Module, ABC):
    """One modality's feature extractor: (sample, channel, height, width) to flat features (sample, dim).

    Attributes:
        dim: Length of the feature vector.
    """

    dim: int

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Features, (sample, dim), of network input (sample, channel, height, width)."""


class Network(Config, Listed, ABC):
    """Settings of an architecture for any modalities. One module of the room defines one."""

    room: ClassVar[str] = "limbeck.networks"

    @abstractmethod
    def encoders(self, shapes: Mapping[str, Shape], *, generator: torch.Generator) -> dict[str, Encoder]:
        """Build an encoder per modality, by the `shapes` of samples, with fresh random weights, one after the other.

        The `generator` draws the weights; the global one is not used.

        Raises:
            InputError: A shape does not fit the settings.
        """


Dims = Mapping[str, int]
"""Length of the features, by modality."""
Letters = Mapping[str, str]
"""What tables call each modality, see `Modality.letter`."""


class Head(nn.Module, Listed, ABC):
    """What turns features of the encoders into classes. One module of ``networks.heads`` defines one.

    Args:
        dims: See `Dims`.
        classes: Number of classes.
        letters: See `Letters`.
        generator: Draws the weights.

    Attributes:
        together: Key of the scores from all modalities together, as in ``"A+V"``.
    """

    room: ClassVar[str] = "limbeck.networks.heads"

    def __init__(self, dims: Dims, classes: int, letters: Letters, *, generator: torch.Generator) -> None:
        super().__init__()
        self.letters = dict(letters)
        self.together = "+".join(letters.values())

    def logits(self, features: Batch) -> Tensor:
        """Logits, (sample, class), of a head that scores all modalities together alone; others write what follows."""
        raise NotImplementedError

    def loss(self, features: Batch, labels: Tensor) -> Tensor:
        """Mean training loss of a batch's features, (sample, dim) of each modality.

        The `labels` are classes, int64, (sample,), or probabilities of all of them, float32, (sample, class).
        """
        return F.cross_entropy(self.logits(features), labels)

    def scores(self, features: Batch) -> dict[str, Tensor]:
        """Class probabilities, (sample, class), of features as in `loss`, by letters of modalities, and `together`."""
        return {self.together: self.logits(features).softmax(1)}
