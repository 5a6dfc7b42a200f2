"""What is trained from scratch on a distilled set: encoders and a head."""

from collections.abc import Iterable, Mapping
from typing import Any, cast, final

from torch import Tensor, nn

from limbeck.modalities import Batch
from limbeck.networks._contract import Encoder, Head

HEAD = "head"
"""Name of the head's learning rate among those of the modalities."""


@final
class Student(nn.Module):
    """Encoders by modality, and a head that turns features into classes.

    Example:
        >>> import torch
        >>> from limbeck.networks import heads, load
        >>> draw = torch.Generator().manual_seed(0)
        >>> encoders = load("convnet")(width=4).encoders({"audio": (1, 32, 16), "image": (3, 16, 16)}, generator=draw)
        >>> dims, letters = {m: e.dim for m, e in encoders.items()}, {"audio": "A", "image": "V"}
        >>> student = Student(encoders, heads.load("ensemble")(dims, 10, letters, generator=draw))
        >>> scores = student.scores({"audio": torch.zeros(2, 1, 32, 16), "image": torch.zeros(2, 3, 16, 16)})
        >>> {name: tuple(s.shape) for name, s in scores.items()}
        {'A': (2, 10), 'V': (2, 10), 'A+V': (2, 10)}
        >>> [group["name"] for group in student.parameter_groups()]
        ['audio', 'image', 'head']
    """

    def __init__(self, encoders: Mapping[str, Encoder], head: Head) -> None:
        super().__init__()
        self._encoders = nn.ModuleDict(encoders)
        self.head = head

    @property
    def encoders(self) -> Mapping[str, Encoder]:
        """The encoders, by modality."""
        return dict(cast("Iterable[tuple[str, Encoder]]", self._encoders.items()))

    def forward(self, samples: Batch) -> dict[str, Tensor]:
        """The same as `scores`."""
        return self.scores(samples)

    def loss(self, samples: Batch, labels: Tensor) -> Tensor:
        """Mean training loss of `samples` (sample, channel, height, width) in network scale; `labels` as of heads."""
        return self.head.loss(self.features(samples), labels)

    def scores(self, samples: Batch) -> dict[str, Tensor]:
        """Class probabilities, float32, (sample, class), keys as ``"A"``, ``"V"`` and ``"A+V"``."""
        return self.head.scores(self.features(samples))

    def features(self, samples: Batch) -> Batch:
        """Features by modality, each (sample, dim).

        Also under autocast they are float32, and so is all that the head computes from them.
        """
        return {modality: encoder(samples[modality]).float() for modality, encoder in self._encoders.items()}

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Parameters by learning rate, for an optimiser: one group per modality, and ``"head"``."""
        groups = [{"name": name, "params": list(encoder.parameters())} for name, encoder in self._encoders.items()]
        return [*groups, {"name": HEAD, "params": list(self.head.parameters())}]
