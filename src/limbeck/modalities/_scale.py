"""Mean and spread of a modality, and the scale on which networks see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from limbeck._config import Config

ScaleKind = Literal["raw", "standardised"]


@dataclass(frozen=True)
class Moments:
    """Mean and spread per channel of some values, in a form that can be pooled without the values.

    Attributes:
        count: Values per channel.
        mean: float64, (channel,).
        spread: float64, (channel,): sum of squared deviations from the mean.
    """

    count: int
    mean: npt.NDArray[np.float64]
    spread: npt.NDArray[np.float64]

    @classmethod
    def of(cls, values: npt.NDArray[Any]) -> Self:
        """Moments of numbers of any dtype, (channel, value), at least one value per channel."""
        wide = values.astype(np.float64)
        mean = wide.mean(axis=1)
        wide -= mean[:, None]
        return cls(values.shape[1], mean, np.einsum("cv,cv->c", wide, wide))

    @classmethod
    def pooled(cls, parts: Sequence[Moments]) -> Self:
        """Moments of all parts' values together (Chan, Golub and LeVeque 1983); equal parts in equal order, equal bits.

        Example:
            >>> halves = [Moments.of(np.array([[1.0, 2.0]])), Moments.of(np.array([[3.0, 6.0]]))]
            >>> whole = Moments.pooled(halves)
            >>> whole.count, whole.mean.tolist(), whole.spread.tolist()
            (4, [3.0], [14.0])
        """
        counts = np.array([p.count for p in parts], dtype=np.float64)[:, None]
        means = np.stack([p.mean for p in parts])
        mean = (counts * means).sum(axis=0) / counts.sum()
        spread = np.stack([p.spread for p in parts]).sum(axis=0) + (counts * (means - mean) ** 2).sum(axis=0)
        return cls(sum(p.count for p in parts), mean, spread)

    @property
    def std(self) -> npt.NDArray[np.float64]:
        """Population standard deviation, (channel,)."""
        return np.sqrt(self.spread / self.count)

    def to_json(self) -> dict[str, Any]:
        """JSON-able data that gives the same bits back."""
        return {"count": self.count, "mean": self.mean.tolist(), "spread": self.spread.tolist()}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Moments from `to_json`."""
        return cls(data["count"], np.array(data["mean"]), np.array(data["spread"]))


class Statistics(Config):
    """Mean and standard deviation per channel over the training clips, in the modality's unit.

    Attributes:
        mean: Per channel, as `Modality.channels` orders them.
        std: Per channel.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]


class Scale(Config):
    """What is subtracted and divided before a network sees an array; kept with every distilled set.

    Attributes:
        mean: Per channel in the modality's unit, or one number for all.
        std: Per channel, or one number for all; > 0.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def apply(self, x: Tensor, trailing: int) -> Tensor:
        """Values `x` in the modality's unit to network scale, as shaped; `trailing` axes lie behind the channels'."""
        return (x - _along(self.mean, x, trailing)) / _along(self.std, x, trailing)

    def undo(self, x: Tensor, trailing: int) -> Tensor:
        """The inverse of `apply`: `x` of network scale, with so many `trailing` axes, in the modality's unit."""
        return x * _along(self.std, x, trailing) + _along(self.mean, x, trailing)


def _along(values: tuple[float, ...], like: Tensor, trailing: int) -> Tensor:
    return torch.tensor(values, dtype=like.dtype, device=like.device).view(-1, *[1] * trailing)
