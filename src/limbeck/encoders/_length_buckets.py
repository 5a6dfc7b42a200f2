"""Sounds of any lengths through a network that takes one length at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import torch
from torch import Tensor


def in_length_buckets(
    network: Callable[[Tensor], tuple[Tensor, Tensor]],
    waveforms: Sequence[Tensor],
    *,
    most: int,
    device: torch.device | str = "cpu",
) -> tuple[Tensor, Tensor]:
    """Two vectors of each sound (sample,), in order, on the CPU; at `most` so many of one length go in together.

    Nothing is padded to a common length, so that a sound's vectors do not depend on its neighbours.

    Example:
        >>> sounds = [torch.ones(2), torch.ones(3), torch.zeros(2)]
        >>> in_length_buckets(lambda x: (x.sum(1), x[:, 0]), sounds, most=8)
        (tensor([2., 3., 0.]), tensor([1., 1., 0.]))
    """
    places = defaultdict(list)
    for place, waveform in enumerate(waveforms):
        places[len(waveform)].append(place)
    groups = [same[start : start + most] for same in places.values() for start in range(0, len(same), most)]
    firsts, seconds = [], []
    for group in groups:
        with torch.no_grad():
            first, second = network(torch.stack([waveforms[place].to(device, torch.float32) for place in group]))
        firsts.append(first.cpu())
        seconds.append(second.cpu())
    back = torch.tensor([place for group in groups for place in group]).argsort()
    return torch.cat(firsts)[back], torch.cat(seconds)[back]
