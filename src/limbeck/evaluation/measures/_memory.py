"""Several sets of pairs as one, each with its own classes: what a learner of growing classes trains on."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from limbeck.evaluation._pairs import Pairs


class JoinedPairs(Pairs):
    """Pairs of several sets, one after the other.

    Labels are classes; if one of the sets has probabilities they all become probabilities, and a set's pairs have none
    of the classes it does not know.

    Args:
        parts: Each set of pairs with the number its first class has in the whole; a set may come several times.
        classes: Number of classes of the whole.
    """

    def __init__(self, parts: Sequence[tuple[Pairs, int]], classes: int) -> None:
        self.parts = [pairs for pairs, _ in parts]
        self.ends = torch.tensor([len(pairs) for pairs in self.parts]).cumsum(0)
        soft = any(pairs.labels.is_floating_point() for pairs in self.parts)
        self.labels = torch.cat([_labels(pairs, first, classes, soft) for pairs, first in parts])
        self.classes, self.scale = classes, self.parts[0].scale
        self.audio_shape, self.image_shape = self.parts[0].audio_shape, self.parts[0].image_shape

    def fetch(self, index: Tensor, device: torch.device) -> tuple[Tensor, Tensor]:
        """Pairs at some positions, see `Pairs.fetch`."""
        audio = torch.empty(len(index), *self.audio_shape, device=device)
        image = torch.empty(len(index), *self.image_shape, device=device)
        part = torch.bucketize(index, self.ends, right=True)
        for number in sorted(set(part.tolist())):
            here = torch.nonzero(part == number).flatten()
            local = index[here] - (self.ends[number] - len(self.parts[number]))
            where = here.to(device)
            audio[where], image[where] = self.parts[number].fetch(local, device)
        return audio, image


def _labels(pairs: Pairs, first: int, classes: int, soft: bool) -> Tensor:
    if not soft:
        return pairs.labels + first
    known = pairs.labels if pairs.labels.is_floating_point() else F.one_hot(pairs.labels, pairs.classes).float()
    return F.pad(known, (first, classes - first - pairs.classes))
