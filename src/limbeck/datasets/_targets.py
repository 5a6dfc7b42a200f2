"""What is known of samples that a network is to learn: a class each, or the probability of every class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from limbeck.errors import InputError


@dataclass(frozen=True)
class Targets:
    """Targets of some samples.

    Attributes:
        classes: Class names.
        labels: int64, (sample,): index into `classes`.
        probabilities: Soft labels, float32, (sample, class), which networks learn instead of `labels`; None where the
            class alone is known.

    Example:
        >>> targets = Targets(("bell", "drip"), torch.tensor([0, 1, 1]))
        >>> len(targets), targets.per_class(), targets.of_class(1).tolist()
        (3, (1, 2), [1, 2])
    """

    classes: tuple[str, ...]
    labels: Tensor
    probabilities: Tensor | None = None

    def __post_init__(self) -> None:
        if self.labels.dtype != torch.int64 or self.labels.ndim != 1:
            raise InputError(f"Labels must be int64 (sample,), but got {self.labels.dtype} {tuple(self.labels.shape)}.")
        if len(self.labels):
            lowest, highest = int(self.labels.min()), int(self.labels.max())
            if lowest < 0 or highest >= len(self.classes):
                raise InputError(f"Labels must lie in 0..{len(self.classes) - 1}, but lie in {lowest}..{highest}.")
        soft, shape = self.probabilities, (len(self), len(self.classes))
        if soft is not None and (soft.dtype != torch.float32 or soft.shape != shape):
            raise InputError(f"Soft labels must be float32 {shape}, but got {soft.dtype} {tuple(soft.shape)}.")

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def to_learn(self) -> Tensor:
        """What a loss is given: soft labels where there are some, else `labels`."""
        return self.labels if self.probabilities is None else self.probabilities

    def of_class(self, label: int) -> Tensor:
        """Positions (int64) of a class's samples, ascending."""
        return torch.nonzero(self.labels == label).flatten()

    def per_class(self) -> tuple[int, ...]:
        """Number of samples of each class."""
        return tuple(torch.bincount(self.labels, minlength=len(self.classes)).tolist())

    def take(self, index: Tensor) -> Targets:
        """Targets of the samples at `index`, in that order; classes stay."""
        soft = None if self.probabilities is None else self.probabilities[index]
        return replace(self, labels=self.labels[index], probabilities=soft)

    def only(self, classes: Sequence[str]) -> tuple[Tensor, Targets]:
        """The samples of some classes, relabelled 0, 1, ... in the order given: their positions and their targets.

        Raises:
            InputError: A class is unknown, or soft labels would lose classes.
        """
        unknown = [c for c in classes if c not in self.classes]
        if unknown:
            raise InputError(f"Unknown classes {unknown}; this data has {list(self.classes)}.")
        if self.probabilities is not None:
            raise InputError("Soft labels speak of all classes, so that none can be left out; use hard labels.")
        table = torch.full((len(self.classes),), -1)
        for new, label in enumerate(classes):
            table[self.classes.index(label)] = new
        relabelled = table[self.labels]
        index = torch.nonzero(relabelled >= 0).flatten()
        return index, Targets(tuple(classes), relabelled[index])
