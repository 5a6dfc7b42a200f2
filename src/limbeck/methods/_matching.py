"""Matching methods: look through encoders, compare real with synthetic clips, class by class."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from limbeck.datasets import LabelledClips, Scale
from limbeck.methods._contract import Passes, Work
from limbeck.methods._encoders import View, augmented, views
from limbeck.methods._optimised import Optimised, Pairs, Problem
from limbeck.methods._selection import class_major
from limbeck.networks import GRAPH_PIXELS, MODALITIES, group_means


class MeanMatching(Optimised, ABC):
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

    def passes(self, per_class: Sequence[int]) -> Passes:
        """Real clips forward once a network, synthetic ones forward and backward once a step."""
        return Passes(
            self.encoders.real_passes(per_class, self.steps),
            self.steps * len(per_class) * self.per_class * self.mosaic**2,
        )

    def _problem(self, real: LabelledClips, scale: Scale, seed: int, work: Work) -> Problem:
        view = views(self.encoders, self.augment, real, scale, seed=seed, work=work)

        def gradient(step: int, pairs: Pairs) -> tuple[float, list[Tensor]]:
            return self._gradient(pairs, view(step), len(real.classes), scale, work)

        return Problem(gradient)

    def _gradient(self, pairs: Pairs, view: View, classes: int, scale: Scale, work: Work) -> tuple[float, list[Tensor]]:
        total, gradients = 0.0, []
        runtime = work.runtime
        for block in class_blocks(pairs[1], self.mosaic, classes):
            rows = slice(block.start * len(pairs[0]) // classes, block.stop * len(pairs[0]) // classes)
            leaves = [p[rows].detach().requires_grad_() for p in pairs]
            means = []
            for leaf, modality in zip(leaves, MODALITIES, strict=True):
                small = augmented(class_major(leaf, len(block), self.mosaic), modality, view.draw, self.augment, scale)
                encoder = getattr(view.pair, modality)
                means.append(
                    group_means(encoder, small, len(block), dtype=runtime.synthetic_dtype, compile=runtime.compile)
                )
            own = slice(block.start, block.stop)
            value = self.loss(view.audio[own], view.image[own], *means).sum()
            gradients.append(torch.autograd.grad(value, leaves))
            total += float(value.detach())
        return total, [torch.cat(parts) for parts in zip(*gradients, strict=True)]


def class_blocks(image: Tensor, cells: int, classes: int) -> list[range]:
    """Classes whose activations fit in memory together, for losses in which classes do not meet.

    Args:
        image: Frames, (class * per_class, 3, height, width).
        cells: Cells a side of the mosaic.
        classes: Number of classes.
    """
    pixels = image.shape[0] // classes * cells**2 * image.shape[2] * image.shape[3]
    size = max(1, GRAPH_PIXELS // pixels)
    return [range(first, min(first + size, classes)) for first in range(0, classes, size)]
