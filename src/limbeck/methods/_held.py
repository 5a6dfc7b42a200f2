"""What is optimised, on its way: tensors, the samples they stand for, and the gradients of a step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from limbeck.modalities import Batch, Modality
from limbeck.networks import GRAPH_PIXELS
from limbeck.parameterisations import Parameterisation, Tensors, class_major, modality_of


@dataclass(frozen=True)
class Block:
    """Some classes, and a fresh graph of their samples.

    Attributes:
        classes: Which.
        rows: Of the tensors.
        leaves: Their rows, as leaves of the graph.
        samples: What networks see of them, by modality, (class * sample, channel, height, width), ordered by class.
    """

    classes: slice
    rows: slice
    leaves: Tensors
    samples: Batch

    def __len__(self) -> int:
        return int(self.classes.stop - self.classes.start)


@dataclass(frozen=True)
class Held:
    """What is distilled, on its way.

    Attributes:
        tensors: On the device, in network scale, moved in place; rows ordered by class, equally many of each.
        hold: How they become samples.
        modalities: What the samples are.
        classes: Number of classes.
        spreads: Standard deviation of the real values in network scale, by modality.
        start: The tensors before the first step, on the CPU; None if there are no steps.
    """

    tensors: Tensors
    hold: Parameterisation
    modalities: Mapping[str, Modality]
    classes: int
    spreads: Mapping[str, float]
    start: Tensors | None

    @property
    def rows(self) -> int:
        """Of each class."""
        rows: int = len(next(iter(self.tensors.values()))) // self.classes
        return rows

    def block(self, first: int, last: int, modality: str | None = None) -> Block:
        """Classes from `first` up to before `last`, of all modalities or of one `modality`."""
        rows = slice(first * self.rows, last * self.rows)
        tensors = self.hold.rows(self.tensors, rows)
        only = [name for name in tensors if modality is None or modality_of(name) == modality]
        leaves = {name: tensors[name].detach().requires_grad_() for name in only}
        samples = self.hold.decode(leaves, self.modalities)
        major = {name: class_major(x, last - first, self.hold.cells) for name, x in samples.items()}
        return Block(slice(first, last), rows, leaves, major)

    def blocks(self) -> Iterator[Block]:
        """All classes, as many at once as fit in memory, for losses in which classes do not meet."""
        pixels = self.rows * self.hold.cells * max(m.shape[1] * m.shape[2] for m in self.modalities.values())
        size = max(1, GRAPH_PIXELS // pixels)
        return (self.block(first, min(first + size, self.classes)) for first in range(0, self.classes, size))

    def all(self, modality: str | None = None) -> Block:
        """All classes at once, for losses that compare them."""
        return self.block(0, self.classes, modality)


class Step:
    """One optimisation step, `number` from 0: gradients are gathered until all of it is known."""

    def __init__(self, number: int, held: Held) -> None:
        self.number, self.loss, self._hold = number, 0.0, held.hold
        self.gradients = {name: torch.zeros_like(t) for name, t in held.tensors.items()}

    def descend(self, loss: Tensor, block: Block) -> None:
        """Add a loss, (), and its gradient with respect to the leaves of a block."""
        found = torch.autograd.grad(loss, [*block.leaves.values()])
        self.add(float(loss.detach()), block, dict(zip(block.leaves, found, strict=True)))

    def add(self, loss: float, block: Block, gradients: Mapping[str, Tensor]) -> None:
        """Add a loss and its `gradients` with respect to some leaves of a block, by name."""
        self.loss += loss
        rows = self._hold.rows(self.gradients, block.rows)
        for name, gradient in gradients.items():
            rows[name].add_(gradient)
