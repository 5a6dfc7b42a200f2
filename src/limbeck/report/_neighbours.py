"""Which real clip a synthetic sample is most like: plain distances on shrunken samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

_SIDE = 16
_CHUNK = 256
RULE = (
    "The nearest real clip of the same class has the smallest sum of mean squared differences, one for each modality. "
    f"Each is taken over samples shrunken to {_SIDE} × {_SIDE} numbers, and divided by their variance over the class's "
    "real clips."
)


def nearest(
    made: Mapping[str, Tensor], real: Callable[[Tensor], Mapping[str, Tensor]], index: Tensor, *, at_most: int = 4000
) -> Tensor:
    """Positions of the real clips nearest to synthetic samples, among those in `index`, (sample,); see `RULE`.

    Samples are (sample, channel, height, width) by modality; `real` reads those of the clips at some positions.
    """
    index = index[:at_most]
    if not len(index):
        return index
    parts = [{name: _small(x) for name, x in real(some).items()} for some in torch.split(index, _CHUNK)]
    total = torch.zeros(len(next(iter(made.values()))), len(index))
    for name, samples in made.items():
        bank = torch.cat([part[name] for part in parts])
        variance = bank.var(0, correction=0).mean().clamp(min=1e-6)
        total += torch.cdist(_small(samples), bank).square() / bank.shape[1] / variance
    return index[total.argmin(1)]


def _small(x: Tensor) -> Tensor:
    return F.adaptive_avg_pool2d(x.float(), _SIDE).flatten(1)
