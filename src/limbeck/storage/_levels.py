"""Decibels as 256 levels and back."""

from __future__ import annotations

import torch
from torch import Tensor

_TOP = 255
_WHOLE = torch.iinfo(torch.int16)


def to_levels(decibels: Tensor) -> tuple[Tensor, Tensor]:
    """Round each sample to 256 levels, uint8, between its lowest and highest value, int16, (sample, 2), whole decibels.

    Example:
        >>> levels, span = to_levels(torch.tensor([[[[-100.0, 0.0, 26.9]]]]))
        >>> levels.flatten().tolist(), span.tolist()
        ([0, 201, 255], [[-100, 27]])
    """
    low = decibels.amin((1, 2, 3)).floor().clamp(_WHOLE.min, _WHOLE.max - 1)
    high = torch.maximum(decibels.amax((1, 2, 3)).ceil(), low + 1).clamp(max=_WHOLE.max)
    span = torch.stack([low, high], 1).to(torch.int16)
    zero, step = _affine(span)
    return ((decibels - zero) / step).round().clamp(0, _TOP).to(torch.uint8), span


def from_levels(levels: Tensor, span: Tensor) -> Tensor:
    """Decibels of levels, float32, of the same shape, given those of level 0 and level 255, (sample, 2)."""
    zero, step = _affine(span)
    return zero + step * levels.float()


def _affine(span: Tensor) -> tuple[Tensor, Tensor]:
    low, high = (side.float()[:, None, None, None] for side in span.unbind(1))
    return low, (high - low) / _TOP
