"""What pairs are before the first step of optimisation."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from limbeck._runtime import generator
from limbeck.datasets import LabelledClips, Scale
from limbeck.methods._contract import Method, Work
from limbeck.methods._coresets import herding_order
from limbeck.methods._encoders import Encoders
from limbeck.methods._selection import choose_by, choose_random, chosen_pairs

StartName = Literal["random", "herding", "noise"]


def start_pairs(
    method: Method,
    start: StartName,
    real: LabelledClips,
    *,
    scale: Scale,
    encoders: Encoders,
    seed: int,
    work: Work,
) -> tuple[Tensor, Tensor, Tensor]:
    """Pairs before the first step.

    Args:
        method: Gives pairs a class and mosaic.
        start: ``"random"`` or ``"herding"`` real clips (packed if there is a mosaic), or ``"noise"``: standard
            normal numbers with the data's mean and spread.
        real: The data.
        scale: What networks see.
        encoders: The architecture whose random features herding compares.
        seed: Of the draw.
        work: Device and number formats.

    Returns:
        Log-mel (pair, 1, mel, frame), frames (pair, 3, height, width), labels (pair,), ordered by class.

    Raises:
        BudgetError: A class has fewer clips than a start from real clips needs.
    """
    count = method.per_class * method.mosaic**2
    if start == "noise":
        return _noise(method.per_class, real, scale, seed)
    real.require(
        count,
        f"{method.name} with start={start!r}, {method.per_class} pairs a class and mosaic {method.mosaic}",
    )
    choose = (
        choose_random(real, count, seed)
        if start == "random"
        else choose_by(
            herding_order,
            real,
            count,
            scale=scale,
            network=encoders.network.build(),
            seed=seed,
            runtime=work.runtime,
        )
    )
    return chosen_pairs(real, choose, per_class=method.per_class, cells=method.mosaic, scale=scale)


def spreads(real: LabelledClips, scale: Scale) -> tuple[float, float]:
    """Standard deviation of all log-mel values and of all frame values in network scale."""
    s = real.statistics
    return (
        _pooled(s.mel_mean, s.mel_std, scale.mel_mean, scale.mel_std),
        _pooled(s.image_mean, s.image_std, scale.image_mean, scale.image_std),
    )


def _pooled(mean: tuple[float, ...], std: tuple[float, ...], shift: tuple[float, ...], by: tuple[float, ...]) -> float:
    m, s, a, b = (torch.tensor(v, dtype=torch.float64) for v in (mean, std, shift, by))
    means, variances = ((m - a) / b).expand(len(m)), (s / b).square().expand(len(m))
    return float((variances.mean() + means.var(correction=0)).sqrt())


def _noise(per_class: int, real: LabelledClips, scale: Scale, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    s = real.statistics
    mel_mean, mel_std = (torch.tensor(v)[:, None] for v in (s.mel_mean, s.mel_std))
    image_mean, image_std = (torch.tensor(v)[:, None, None] for v in (s.image_mean, s.image_std))
    audio, image = [], []
    for label in real.classes:
        source = generator(seed, "noise", label)
        audio.append(torch.randn(per_class, *real.audio_shape, generator=source) * mel_std + mel_mean)
        pixels = torch.randn(per_class, *real.image_shape, generator=source) * image_std + image_mean
        image.append(pixels.mul(255).clamp(0, 255).to(torch.uint8))
    labels = torch.arange(len(real.classes)).repeat_interleave(per_class)
    return scale.audio(torch.cat(audio)), scale.image(torch.cat(image)), labels
