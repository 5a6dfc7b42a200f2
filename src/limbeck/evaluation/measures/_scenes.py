"""Test clips as scenes: what is heard and seen where in them, and which sounds they can be asked with."""

from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from limbeck.datasets import Annotation, LabelledClips
from limbeck.errors import InputError
from limbeck.evaluation.measures._maps import drawn
from limbeck.media import Box
from limbeck.modalities import Modality


class Asked(NamedTuple):
    """Pictures asked with sounds: positions of both, int64, (question,), and what is right, bool, (question, ...)."""

    pictures: Tensor
    sounds: Tensor
    truths: Tensor


@dataclass(frozen=True)
class Scenes:
    """Clips in which something that is heard is seen.

    Attributes:
        clips: They.
        things: What is in each.
        at: Which of the recipe's times their picture is of.
        truths: Places of what is heard, bool, (clip, size, size).
    """

    clips: LabelledClips
    things: list[tuple[Annotation, ...]]
    at: int
    truths: Tensor

    @classmethod
    def of(cls, clips: LabelledClips, picture: Modality) -> "Scenes":
        """Those of some `clips` whose pictures are of a modality of one frame.

        Raises:
            InputError: Nothing is known of what is where in the clips, or nothing that is heard is seen in any.
        """
        told, at = clips.annotations(), picture.recipe.times.index(picture.times[0])
        size = picture.shape[-1]
        truths = torch.stack([drawn(boxes_of(things, at), size) for things in told])
        index = truths.flatten(1).any(1).nonzero().flatten()
        if not len(index):
            raise InputError(
                "In none of the clips is something seen that is heard, so that there is nothing to find. Take data "
                "whose things are both (spatial_playground with sounding=1, say)."
            )
        return cls(clips.take(index), [told[i] for i in index.tolist()], at, truths[index])

    def __len__(self) -> int:
        return len(self.things)

    @property
    def counts(self) -> Tensor:
        """How many places the truth of each clip has, int64, (clip,)."""
        return self.truths.flatten(1).sum(1)

    @property
    def right(self) -> Asked:
        """Every picture asked with its own sound."""
        return Asked(torch.arange(len(self)), torch.arange(len(self)), self.truths)

    def unseen(self, draw: torch.Generator) -> tuple[Tensor, Tensor]:
        """Pictures, and for each a drawn clip in whose sound nothing is that the picture shows; positions, int64."""
        pairs = []
        for i, things in enumerate(self.things):
            seen = {thing.label for thing in things if thing.boxes[self.at]}
            order = torch.randperm(len(self), generator=draw).tolist()
            pairs += [(i, j) for j in order if not self._heard(j) & seen][:1]
        pictures, sounds = torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2).T
        return pictures, sounds

    def both(self, draw: torch.Generator) -> Asked:
        """Two questions, one after the other, of each picture that shows two things: with a sound of either alone.

        Of more things these are the first two. Of what is not heard alone in the picture's own clip, that is the sound
        of a drawn clip in which it is; pictures are left out where there is none.
        """
        alone = defaultdict[str, list[int]](list)
        for j in range(len(self)):
            if len(heard := self._heard(j)) == 1:
                alone[next(iter(heard))].append(j)
        pictures, sounds, truths = [], [], []
        for i, things in enumerate(self.things):
            shown = [thing for thing in things if thing.boxes[self.at]][:2]
            own = [[i] if self._heard(i) == {thing.label} else alone[thing.label] for thing in shown]
            if len({thing.label for thing in shown}) < 2 or not all(own):
                continue
            pictures += [i, i]
            sounds += [some[int(torch.randint(len(some), (), generator=draw))] for some in own]
            truths += [drawn(thing.boxes[self.at], self.truths.shape[-1]) for thing in shown]
        found = torch.stack(truths) if truths else self.truths[:0]
        return Asked(torch.tensor(pictures, dtype=torch.int64), torch.tensor(sounds, dtype=torch.int64), found)

    def _heard(self, clip: int) -> set[str]:
        return {thing.label for thing in self.things[clip] if thing.heard}


def boxes_of(things: tuple[Annotation, ...], at: int) -> list[Box]:
    """Boxes of all `things` that are heard, at one of the recipe's times, `at`."""
    return [box for thing in things if thing.heard for box in thing.boxes[at]]


def nobody_stays(count: int, draw: torch.Generator) -> Tensor:
    """A drawn order of `count` positions, int64, in which none keeps its place, unless it is the only one.

    Example:
        >>> order = nobody_stays(5, torch.Generator().manual_seed(0))
        >>> sorted(order.tolist()), (order == torch.arange(5)).any().item()
        ([0, 1, 2, 3, 4], False)
    """
    ring = torch.randperm(count, generator=draw)
    return torch.empty_like(ring).scatter_(0, ring, ring.roll(1))
