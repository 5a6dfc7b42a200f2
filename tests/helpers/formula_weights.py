"""Weights and a sound by formula, so that a network of any library can be filled alike on every machine."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor


def formula_state(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """Tensors of these shapes: sines of their places, of a size that keeps activations in bounds.

    Args:
        shapes: By name. Of batch norms, the means are 0, the variances and gains 1.
    """
    return {name: _tensor(name, shape, number) for number, (name, shape) in enumerate(shapes.items(), 1)}


def tone(samples: int, rate_hz: int) -> Tensor:
    """A rising tone in noise, float32, (sample,). Without the noise, rounding would be heard in the empty bands.

    Args:
        samples: How many.
        rate_hz: Sample rate.
    """
    place = torch.arange(samples, dtype=torch.float64)
    t = place / rate_hz
    return (0.3 * torch.sin(2 * torch.pi * (300 + 2000 * t) * t) + 0.1 * torch.sin(0.618 * place.square())).float()


def _tensor(name: str, shape: tuple[int, ...], number: int) -> Tensor:
    if name.endswith("num_batches_tracked"):
        return torch.tensor(0)
    if name.endswith(("running_var", "fbsp.fb")) or (name.endswith(".weight") and len(shape) == 1):
        return torch.ones(shape)
    if name.endswith("fbsp.m"):
        return torch.full(shape, 1.5)
    if name.endswith("running_mean"):
        return torch.zeros(shape)
    if name.endswith("fbsp.fc"):
        return torch.arange(shape[0]).float()
    places = torch.arange(torch.Size(shape).numel(), dtype=torch.float64)
    wave = torch.sin(places * (1 + 0.618 * number) + places.square() * 0.01).float().reshape(shape)
    return wave * (0.8 / wave[0].numel() ** 0.5 if len(shape) > 1 else 0.1)
