"""What every network is: settings that build an encoder per modality; and what every head is: a loss and scores."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from limbeck._config import Config
from limbeck._discover import Listed
from limbeck.modalities import Batch, each_frame

Shape = tuple[int, ...]
"""(..., channel, height, width) of a sample."""
Grid = tuple[int, int, int]
"""Channels, rows and columns of a map."""


class Encoder(nn.Module, ABC):
    """One modality's feature extractor: (sample, ..., channel, height, width) to flat features (sample, `dim`).

    Attributes:
        dim: Length of the features.
        grid: Of the map that features are, flattened channel by channel; None where they are not those of places.
    """

    dim: int
    grid: Grid | None = None

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Features, (sample, dim), of network input (sample, ..., channel, height, width)."""


@final
class FrameByFrame(Encoder):
    """An encoder of (channel, height, width) that looks at each frame by itself; features are their mean.

    So features are as many as those of one frame, and frames in another order have the same.
    """

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder, self.dim = encoder, encoder.dim

    def forward(self, x: Tensor) -> Tensor:
        features: Tensor = each_frame(self.encoder, x)
        return features.flatten(1, -2).mean(1)


class Network(Config, Listed, ABC):
    """Settings of an architecture for any modalities. One module of the room defines one."""

    room: ClassVar[str] = "limbeck.networks"

    def encoders(self, shapes: Mapping[str, Shape], *, generator: torch.Generator) -> dict[str, Encoder]:
        """Build an encoder per modality, by the `shapes` of samples, with fresh random weights, one after the other.

        The `generator` draws the weights; the global one is not used. Where samples have axes before (channel, height,
        width), each frame is seen by itself and features are averaged; networks that see more override this.

        Raises:
            InputError: A shape does not fit the settings.
        """
        frames = {modality: shape[-3:] for modality, shape in shapes.items()}
        made = self.frame_encoders(frames, generator=generator)
        return {m: encoder if shapes[m] == frames[m] else FrameByFrame(encoder) for m, encoder in made.items()}

    @abstractmethod
    def frame_encoders(self, shapes: Mapping[str, Shape], *, generator: torch.Generator) -> dict[str, Encoder]:
        """Build an encoder per modality for samples of one frame, `shapes` (channel, height, width); see `encoders`."""


Dims = Mapping[str, int]
"""Length of the features, by modality."""
Letters = Mapping[str, str]
"""What tables call each modality, see `Modality.letter`."""


class Head(nn.Module, Listed, ABC):
    """What turns features of the encoders into classes. One module of ``networks.heads`` defines one.

    It is made for encoders' `dims`, a number of `classes` and `letters` of modalities; `generator` draws its weights.

    Attributes:
        together: Key of the scores from all modalities together, as in ``"A+V"``.
    """

    room: ClassVar[str] = "limbeck.networks.heads"

    def __init__(self, dims: Dims, classes: int, letters: Letters, *, generator: torch.Generator) -> None:
        super().__init__()
        self.letters = dict(letters)
        self.together = "+".join(letters.values())

    @abstractmethod
    def logits(self, features: Batch) -> dict[str, Tensor]:
        """Logits, (sample, class), of features, (sample, dim), by modality: by letters, or by `together` alone."""

    def loss(self, features: Batch, labels: Tensor) -> Tensor:
        """Mean training loss of `features`: cross-entropies of all `logits`, each a mean over the batch, added.

        The `labels` are classes, int64, (sample,), or probabilities of all of them, float32, (sample, class).
        """
        each = [F.cross_entropy(logits, labels) for logits in self.logits(features).values()]
        return sum(each[1:], each[0])

    def scores(self, features: Batch) -> dict[str, Tensor]:
        """Class probabilities, (sample, class), by the keys of `logits`, and their mean by `together`.

        The mean of probabilities is not the softmax of summed logits: they rank classes differently.
        """
        each = {key: logits.softmax(1) for key, logits in self.logits(features).items()}
        return each | {self.together: sum([*each.values()][1:], next(iter(each.values()))) / len(each)}
