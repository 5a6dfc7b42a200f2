"""Matching methods that compare whole clouds of features, and not their means alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from limbeck._runtime import derive_seed, generator
from limbeck.augment import SiameseAugment
from limbeck.datasets import LabelledClips, Scale
from limbeck.methods._contract import Work
from limbeck.methods._descent import Adam, Optimiser
from limbeck.methods._encoders import Encoders, Lens, Seen, batch_of, class_features, lenses
from limbeck.methods._matching import Compare, Matching
from limbeck.networks import MODALITIES

# Features are a few units large: half precision rounds them by far less than the draw of the batch moves them.
KEPT = torch.float16

Normal = Callable[[str, int, int], Tensor]
"""A name, rows and columns, to standard normal numbers, (row, column): new ones each step, the same for every class."""


class SampleMatching(Matching, ABC):
    """Matches the features of a class's clips; a method of the family is its loss and its settings.

    Real features of a bank are kept as float16, 2 bytes x clips x (sound dim + picture dim) a pair of encoders: 32 MB
    for 10 classes at full size with the 128 clips a class that are the default.

    Attributes:
        encoders: As in `Optimised`, on a batch of each class's clips.
        optimiser: As in `Optimised`; these losses differ in scale by orders of magnitude, which Adam ignores.
    """

    encoders: Encoders = Encoders(bank=20, batch=128)
    optimiser: Optimiser = Adam()

    @abstractmethod
    def loss(self, real_audio: Tensor, real_image: Tensor, audio: Tensor, image: Tensor, normal: Normal) -> Tensor:
        """The loss of one class.

        Args:
            real_audio: Sound embeddings of real clips, (real, dim).
            real_image: Their picture embeddings, (real, dim); rows belong together.
            audio: Sound embeddings of synthetic clips, (synthetic, dim).
            image: Their picture embeddings, (synthetic, dim); rows belong together.
            normal: Random numbers, for losses that need some.

        Returns:
            ().
        """

    def _comparison(
        self, real: LabelledClips, scale: Scale, seed: int, work: Work
    ) -> Callable[[int], tuple[Lens, Compare]]:
        view = sample_views(self.encoders, self.augment, real, scale, seed=seed, work=work)

        def at(step: int) -> tuple[Lens, Compare]:
            seen = view(step)

            @cache
            def normal(name: str, rows: int, columns: int) -> Tensor:
                drawn = torch.randn(rows, columns, generator=generator(seed, "loss", name, step))
                return drawn.to(work.runtime.device)

            def compare(own: slice, audio: Tensor, image: Tensor) -> Tensor:
                sides = zip(seen.audio[own], seen.image[own], audio, image, strict=True)
                return torch.stack([self.loss(ra.to(a), rv.to(v), a, v, normal) for ra, rv, a, v in sides])

            return seen, compare

        return at


class AllClassesMatching(Matching, ABC):
    """Compares all classes at once: its losses tell them apart.

    Attributes:
        encoders: As in `Optimised`, on a batch of each class's clips.
        optimiser: As in `Optimised`.
    """

    encoders: Encoders = Encoders(bank=20, batch=64)
    optimiser: Optimiser = Adam()

    @abstractmethod
    def loss(self, real_audio: Sequence[Tensor], real_image: Sequence[Tensor], audio: Tensor, image: Tensor) -> Tensor:
        """A loss a class.

        Args:
            real_audio: Sound embeddings of each class's real clips, each (real, dim).
            real_image: Picture embeddings of the same clips, each (real, dim).
            audio: Sound embeddings of the synthetic clips, (class, synthetic, dim).
            image: Picture embeddings of the same clips, (class, synthetic, dim).

        Returns:
            (class,).
        """

    def _comparison(
        self, real: LabelledClips, scale: Scale, seed: int, work: Work
    ) -> Callable[[int], tuple[Lens, Compare]]:
        view = sample_views(self.encoders, self.augment, real, scale, seed=seed, work=work)

        def at(step: int) -> tuple[Lens, Compare]:
            seen = view(step)
            return seen, lambda _, audio, image: self.loss(seen.audio, seen.image, audio, image)

        return at

    def _blocks(self, image: Tensor, classes: int) -> list[range]:
        return [range(classes)]


def stacked(real: Tensor, synthetic: Tensor) -> Tensor:
    """Real rows above synthetic ones, as `kernel_discrepancy` wants them."""
    return torch.cat([real, synthetic])


@dataclass(frozen=True)
class SampleView(Lens):
    """A lens, and real clips of each class through it.

    Attributes:
        audio: Sound embeddings of each class's clips, float16, each (clip, dim).
        image: Picture embeddings of the same clips, likewise.
    """

    audio: tuple[Tensor, ...]
    image: tuple[Tensor, ...]


def sample_views(
    encoders: Encoders,
    augment: SiameseAugment | None,
    real: LabelledClips,
    scale: Scale,
    *,
    seed: int,
    work: Work,
) -> Callable[[int], SampleView]:
    """What step number n sees of single clips; the same clips as the means in `views`.

    Args:
        encoders: Where encoders come from.
        augment: Augmentation shared by real and synthetic clips, or None.
        real: The data.
        scale: What networks see.
        seed: Of weights, augmentation and batches.
        work: Device, number formats and the cache.
    """
    lens = lenses(encoders, augment, real, scale, seed=seed, work=work)
    seen = Seen("samples", 1, encoders, augment, real, scale, seed=seed, work=work)

    def view(step: int) -> SampleView:
        number = encoders.number(step)
        through = lens(number)
        draw = derive_seed(seed, "batch", number)
        batches = [batch_of(real, label, encoders.batch, draw) for label in range(len(real.classes))]

        def compute() -> dict[str, Tensor]:
            parts = (class_features(through.pair, through.draw, augment, real, scale, index, work) for index in batches)
            audio, image = zip(*((a.to(KEPT), v.to(KEPT)) for part in parts for a, v in part), strict=True)
            return {"audio": torch.cat(audio), "image": torch.cat(image)}

        features = seen.through(number, compute)
        audio, image = (torch.split(features[m], [len(index) for index in batches]) for m in MODALITIES)
        return SampleView(through.pair, through.draw, through.expert, audio, image)

    return view
