"""Two sounds at once: mixtures that are drawn and made, masks that take them apart, and how well that was done."""

import torch
from torch import Tensor

LIMIT_DB = 100.0
_TINY = 1e-12


def drawn_pairs(labels: Tensor, count: int, draw: torch.Generator) -> Tensor:
    """Positions of two samples of different classes each, int64 (pair, 2), of `labels`, int64 (sample,).

    There are `count` pairs. The first ones go through all samples in a drawn order, again and again; the second ones
    are any of another class. At least two classes must be there.

    Example:
        >>> labels = torch.tensor([0, 0, 1])
        >>> pairs = drawn_pairs(labels, 3, torch.Generator().manual_seed(0))
        >>> sorted(pairs[:, 0].tolist()), bool((labels[pairs[:, 0]] != labels[pairs[:, 1]]).all())
        ([0, 1, 2], True)
    """
    rounds = -(-count // len(labels))
    first = torch.cat([torch.randperm(len(labels), generator=draw) for _ in range(rounds)])[:count]
    differs = (labels[first, None] != labels).float()
    return torch.stack([first, torch.multinomial(differs, 1, generator=draw)[:, 0]], 1)


def at_one_level(sounds: Tensor, axes: int) -> Tensor:
    """Sounds with a root mean square of 1 over their last `axes`; silent ones stay silent.

    Example:
        >>> at_one_level(torch.tensor([[3.0, -3.0], [0.0, 0.0]]), 1).tolist()
        [[1.0, -1.0], [0.0, 0.0]]
    """
    over = tuple(range(-axes, 0))
    return sounds / sounds.square().mean(over, keepdim=True).sqrt().clamp_min(_TINY)


def mixed_magnitudes(magnitudes: Tensor, draw: torch.Generator) -> Tensor:
    """Magnitudes of sounds heard together, (..., height, width), of those of each of two, (..., 2, height, width).

    Sets keep no phases, so a difference of phases is drawn at every place: |a + b e^ip|, on average the sum of powers.

    Example:
        >>> one = torch.tensor([3.0, 4.0]).view(2, 1, 1).expand(2, 50, 50)
        >>> found = mixed_magnitudes(one, torch.Generator().manual_seed(0))
        >>> bool(found.min() >= 1), bool(found.max() <= 7), round(float(found.square().mean()))
        (True, True, 25)
    """
    one, other = magnitudes.unbind(-3)
    angle = (2 * torch.pi * torch.rand(one.shape, generator=draw)).to(one.device)
    power = one.square() + other.square() + 2 * one * other * angle.cos()
    return power.clamp_min(0).sqrt()  # rounding may leave less than nothing of two equal and opposite ones


def ideal_masks(magnitudes: Tensor) -> Tensor:
    """The part of the power that each of some sounds, (..., sound, height, width), has at every place, 0 to 1.

    Example:
        >>> ideal_masks(torch.tensor([1.0, 3.0]).view(2, 1, 1)).flatten().tolist()
        [0.10000000149011612, 0.8999999761581421]
    """
    power = magnitudes.square()
    return power / power.sum(-3, keepdim=True).clamp_min(_TINY)


def si_sdr(estimate: Tensor, reference: Tensor) -> Tensor:
    """Scale-invariant signal-to-distortion ratio of sounds, (..., sample), in dB, float64 (...,), within 100 dB.

    Both are brought to mean 0; the `estimate` is then the `reference` times a number, which is the signal, and a rest.
    Of a silent sound it means nothing: leave these out.

    Source: Le Roux et al., *SDR - Half-Baked or Well Done?*, ICASSP 2019, eq. 5.

    Example:
        >>> reference = torch.tensor([1.0, -1.0, 1.0, -1.0])
        >>> rest = torch.tensor([1.0, 1.0, -1.0, -1.0])
        >>> [round(float(si_sdr(5 * reference + part * rest, reference)), 1) for part in (5.0, 0.5, 0.0)]
        [0.0, 20.0, 100.0]
    """
    estimate, reference = (x.double() - x.double().mean(-1, keepdim=True) for x in (estimate, reference))
    power = reference.square().sum(-1, keepdim=True).clamp_min(_TINY)
    signal = (estimate * reference).sum(-1, keepdim=True) / power * reference
    ratio = signal.square().sum(-1) / (estimate - signal).square().sum(-1).clamp_min(1e-300)
    return (10 * ratio.clamp_min(1e-300).log10()).clamp(-LIMIT_DB, LIMIT_DB)
