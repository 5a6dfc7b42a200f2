"""The loop that matching methods share: look through encoders, take the loss's gradient, move the pairs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from limbeck._runtime import Runtime, generator
from limbeck.augment import SiameseAugment
from limbeck.datasets import LabelledClips, Scale
from limbeck.distilled import DistilledSet
from limbeck.errors import DivergedError
from limbeck.methods._contract import Method, StepReport, Work
from limbeck.methods._coresets import herding_order
from limbeck.methods._descent import Descent, Optimiser
from limbeck.methods._encoders import Encoders, View, augmented, views
from limbeck.methods._selection import choose_by, choose_random, chosen_pairs, class_major, distilled
from limbeck.networks import GRAPH_PIXELS, MODALITIES, group_means

StartName = Literal["random", "herding", "noise"]
Loss = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
"""(real sound means, real picture means, synthetic sound means, synthetic picture means) to a loss per class."""


def match_means(
    method: Method,
    loss: Loss,
    real: LabelledClips,
    *,
    start: StartName,
    encoders: Encoders,
    augment: SiameseAugment | None,
    optimiser: Optimiser,
    steps: int,
    seed: int,
    work: Work,
) -> DistilledSet:
    """Distil by matching class means of embeddings: all of `dm` and `avdd` but the loss.

    Args:
        method: Whose settings and name the set carries.
        loss: From class means to a loss per class.
        real: The data.
        start: What the pairs are before the first step.
        encoders: Where encoders come from.
        augment: Shared by real and synthetic clips, or None.
        optimiser: How pairs follow the gradient.
        steps: Number of steps.
        seed: Of all draws.
        work: Device, number formats, cache, checkpoint.

    Raises:
        BudgetError: A class has too few clips.
        DivergedError: The loss became NaN or infinite.
    """
    scale = method.scale(real)
    audio, image, labels = start_pairs(method, start, real, scale=scale, encoders=encoders, seed=seed, work=work)
    begun = audio.clone(), image.clone()
    device = work.runtime.device
    pairs = [audio.to(device), image.to(device)]
    descent = optimiser.over(pairs, list(spreads(real, scale)), len(real.classes))
    done = _resume(pairs, descent, work)
    view = views(encoders, augment, real, scale, seed=seed, work=work)
    for step in range(done, steps):
        started = time.perf_counter()
        value = _step(pairs, descent, view(step), loss, method.mosaic, len(real.classes), augment, scale, work.runtime)
        if not torch.isfinite(torch.tensor(value)):
            raise DivergedError(
                f"The loss became {value} at step {step + 1} of {steps}. The step size is the usual cause: lower "
                f"audio_lr and image_lr (now {optimiser.audio_lr:g} and {optimiser.image_lr:g})."
            )
        if work.on_step:
            work.on_step(StepReport(step + 1, steps, value, time.perf_counter() - started))
        if work.checkpoint:
            work.checkpoint.offer(step + 1, lambda: _state(pairs, descent))
    return distilled(method, real, pairs[0].cpu(), pairs[1].cpu(), labels, seed=seed, start=begun)


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


def _step(
    pairs: list[Tensor],
    descent: Descent,
    view: View,
    loss: Loss,
    cells: int,
    classes: int,
    augment: SiameseAugment | None,
    scale: Scale,
    runtime: Runtime,
) -> float:
    descent.before()
    total, gradients = 0.0, []
    for block in _class_blocks(pairs[1], cells, classes):
        rows = slice(block.start * len(pairs[0]) // classes, block.stop * len(pairs[0]) // classes)
        leaves = [p[rows].detach().requires_grad_() for p in pairs]
        means = []
        for leaf, modality in zip(leaves, MODALITIES, strict=True):
            small = augmented(class_major(leaf, len(block), cells), modality, view.draw, augment, scale)
            encoder = getattr(view.pair, modality)
            means.append(
                group_means(encoder, small, len(block), dtype=runtime.synthetic_dtype, compile=runtime.compile)
            )
        own = slice(block.start, block.stop)
        value = loss(view.audio[own], view.image[own], *means).sum()
        gradients.append(torch.autograd.grad(value, leaves))
        total += float(value.detach())
    descent.after([torch.cat(parts) for parts in zip(*gradients, strict=True)])
    return total


def _class_blocks(image: Tensor, cells: int, classes: int) -> list[range]:
    """Classes whose activations fit in memory together: classes do not meet in the loss."""
    pixels = image.shape[0] // classes * cells**2 * image.shape[2] * image.shape[3]
    size = max(1, GRAPH_PIXELS // pixels)
    return [range(first, min(first + size, classes)) for first in range(0, classes, size)]


def _state(pairs: list[Tensor], descent: Descent) -> dict[str, Tensor]:
    return {"audio": pairs[0], "image": pairs[1], **{f"descent.{k}": v for k, v in descent.state().items()}}


def _resume(pairs: list[Tensor], descent: Descent, work: Work) -> int:
    """Put the saved state back, if there is one; returns the steps already done."""
    saved = work.checkpoint.load() if work.checkpoint else None
    if saved is None:
        return 0
    done, tensors = saved
    pairs[0].copy_(tensors["audio"])
    pairs[1].copy_(tensors["image"])
    descent.restore({k.removeprefix("descent."): v for k, v in tensors.items() if k.startswith("descent.")})
    return done
