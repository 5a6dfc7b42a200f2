"""What is trained from scratch on a distilled set: encoders and a head."""

from __future__ import annotations

from typing import cast, final

import torch
from torch import Tensor, nn

from limbeck.networks._contract import MODALITIES, Encoder, EncoderPair, Head, Modality


@final
class Student(nn.Module):
    """The encoders a head reads, and the head.

    Args:
        pair: Both encoders; one that the head does not read is left out.
        head: Turns features into classes.

    Example:
        >>> from limbeck.networks import heads, load
        >>> draw = torch.Generator().manual_seed(0)
        >>> pair = load("convnet")(width=4).pair((1, 32, 16), (3, 16, 16), generator=draw)
        >>> head = heads.load("ensemble")(pair.audio.dim, pair.image.dim, 10, generator=draw)
        >>> student = Student(pair, head)
        >>> scores = student.scores(torch.zeros(2, 1, 32, 16), torch.zeros(2, 3, 16, 16))
        >>> {name: tuple(s.shape) for name, s in scores.items()}
        {'A': (2, 10), 'V': (2, 10), 'A+V': (2, 10)}
        >>> [group["name"] for group in student.parameter_groups()]
        ['sound', 'frame', 'classifier']
    """

    def __init__(self, pair: EncoderPair, head: Head) -> None:
        super().__init__()
        self.pair = nn.ModuleDict({m: getattr(pair, m) for m in head.modalities})
        self.head = head

    def forward(self, audio: Tensor, image: Tensor) -> dict[str, Tensor]:
        """The same as `scores`."""
        return self.scores(audio, image)

    def loss(self, audio: Tensor, image: Tensor, labels: Tensor) -> Tensor:
        """Mean training loss.

        Args:
            audio: Log-mel in network scale, (sample, 1, mel, frame); anything of that many samples if not read.
            image: Frames in network scale, (sample, 3, height, width); likewise.
            labels: Classes, int64, (sample,), or probabilities of all of them, float32, (sample, class).
        """
        return self.head.loss(*self.features(audio, image), labels)

    def scores(self, audio: Tensor, image: Tensor) -> dict[str, Tensor]:
        """Class probabilities, float32, (sample, class), keys among "A", "V", "A+V".

        Args:
            audio: As in `loss`.
            image: As in `loss`.
        """
        return self.head.scores(*self.features(audio, image))

    def features(self, audio: Tensor, image: Tensor) -> tuple[Tensor, Tensor]:
        """Features of sound and pictures, each (sample, dim), or (sample, 0) for a modality the head does not read.

        Also under autocast they are float32, and so is all that the head computes from them.

        Args:
            audio: As in `loss`.
            image: As in `loss`.
        """
        a, v = (self._feature(m, x) for m, x in zip(MODALITIES, (audio, image), strict=True))
        return a, v

    def encoders(self) -> EncoderPair:
        """Both encoders, for a head that reads both."""
        return EncoderPair(cast("Encoder", self.pair["audio"]), cast("Encoder", self.pair["image"]))

    def parameter_groups(self) -> list[dict[str, object]]:
        """Parameters by learning rate, for an optimiser: "sound", "frame" (those the head reads), "classifier"."""
        names = {"audio": "sound", "image": "frame"}
        groups: list[dict[str, object]] = [
            {"name": names[m], "params": list(self.pair[m].parameters())} for m in self.head.modalities
        ]
        return [*groups, {"name": "classifier", "params": list(self.head.parameters())}]

    def _feature(self, modality: Modality, x: Tensor) -> Tensor:
        if modality not in self.pair:
            return torch.zeros(len(x), 0, device=x.device)
        features: Tensor = self.pair[modality](x)
        return features.float()
