"""Matching methods: look through encoders, compare real with synthetic clips, class by class."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from limbeck.datasets import LabelledClips, Scale
from limbeck.methods._contract import Passes, Work
from limbeck.methods._encoders import Lens, augmented, views
from limbeck.methods._optimised import Optimised, Pairs, Problem
from limbeck.methods._selection import class_major
from limbeck.networks import GRAPH_PIXELS, MODALITIES, group_means

Compare = Callable[[slice, Tensor, Tensor], Tensor]
"""Some classes, and the features of their synthetic clips, sound and picture, each (class, sample, dim), to the loss of
each of these classes, (class,). Rows of a class's sound and picture belong together."""


class Matching(Optimised, ABC):
    """Compares what real and synthetic clips look like through the same encoders, class by class."""

    @abstractmethod
    def _comparison(
        self, real: LabelledClips, scale: Scale, seed: int, work: Work
    ) -> Callable[[int], tuple[Lens, Compare]]:
        """What a step looks through, and how it compares.

        Args:
            real: Training clips.
            scale: What networks see.
            seed: Of every random draw.
            work: Device, number formats and the cache.

        Returns:
            Step number, from 0, to the lens and the comparison.
        """

    def passes(self, per_class: Sequence[int]) -> Passes:
        """Real clips forward once a network, synthetic ones forward and backward once a step."""
        return Passes(
            self.encoders.real_passes(per_class, self.steps),
            self.steps * len(per_class) * self.per_class * self.cells,
        )

    def _problem(self, real: LabelledClips, scale: Scale, seed: int, work: Work) -> Problem:
        comparison = self._comparison(real, scale, seed, work)

        def gradient(step: int, pairs: Pairs) -> tuple[float, list[Tensor]]:
            lens, compare = comparison(step)
            total, gradients = 0.0, []
            for block in self._blocks(pairs[1], len(real.classes)):
                value, parts = self._gradient(pairs, block, len(real.classes), lens, compare, scale, work)
                gradients.append(parts)
                total += value
            return total, [torch.cat(parts) for parts in zip(*gradients, strict=True)]

        return Problem(gradient)

    def _blocks(self, image: Tensor, classes: int) -> list[range]:
        """Classes that are compared at once: as many as fit in memory, since it does not matter which.

        Args:
            image: Frames of the pairs, (class * per_class, 3, height, width).
            classes: Number of classes.
        """
        return class_blocks(image, self.cells, classes)

    def _gradient(
        self, pairs: Pairs, block: range, classes: int, lens: Lens, compare: Compare, scale: Scale, work: Work
    ) -> tuple[float, Sequence[Tensor]]:
        """Loss of a block of classes, and its gradient with respect to their pairs."""
        runtime = work.runtime
        rows = slice(block.start * len(pairs[0]) // classes, block.stop * len(pairs[0]) // classes)
        leaves = [p[rows].detach().requires_grad_() for p in pairs]
        features = []
        for leaf, modality in zip(leaves, MODALITIES, strict=True):
            cells = class_major(leaf, len(block), self.share(modality))
            small = augmented(cells, modality, lens.draw, self.augment, scale)
            encoder = getattr(lens.pair, modality)
            each = group_means(encoder, small, len(small), dtype=runtime.synthetic_dtype, compile=runtime.compile)
            features.append(each.reshape(len(block), -1, each.shape[1]))
        value = compare(slice(block.start, block.stop), *features).sum()
        return float(value.detach()), torch.autograd.grad(value, leaves)


class MeanMatching(Matching, ABC):
    """Matches class means of embeddings; a method of the family is its loss and its settings."""

    @abstractmethod
    def loss(self, real_audio: Tensor, real_image: Tensor, audio: Tensor, image: Tensor) -> Tensor:
        """A loss a class.

        Args:
            real_audio: Mean sound embedding of the real clips of each class, (class, dim).
            real_image: Mean picture embedding of the real clips, same shape.
            audio: Mean sound embedding of the synthetic clips, same shape.
            image: Mean picture embedding of the synthetic clips, same shape.

        Returns:
            (class,).
        """

    def _comparison(
        self, real: LabelledClips, scale: Scale, seed: int, work: Work
    ) -> Callable[[int], tuple[Lens, Compare]]:
        view = views(self.encoders, self.augment, real, scale, seed=seed, work=work)

        def at(step: int) -> tuple[Lens, Compare]:
            seen = view(step)

            def compare(own: slice, audio: Tensor, image: Tensor) -> Tensor:
                return self.loss(seen.audio[own], seen.image[own], audio.mean(1), image.mean(1))

            return seen, compare

        return at


def class_blocks(image: Tensor, cells: int, classes: int) -> list[range]:
    """Classes whose activations fit in memory together, for losses in which classes do not meet.

    Args:
        image: Frames, (class * per_class, 3, height, width).
        cells: Small pairs in a stored one.
        classes: Number of classes.
    """
    pixels = image.shape[0] // classes * cells * image.shape[2] * image.shape[3]
    size = max(1, GRAPH_PIXELS // pixels)
    return [range(first, min(first + size, classes)) for first in range(0, classes, size)]
