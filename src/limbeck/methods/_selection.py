"""Choosing real clips: what `random`, `herding` and `kcenter` share, and where optimised methods start."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from limbeck._runtime import Runtime, generator
from limbeck.augment import mosaic
from limbeck.datasets import LabelledClips, Scale
from limbeck.distilled import DistilledSet
from limbeck.methods._contract import Method
from limbeck.networks import Network, embed

Choose = Callable[[int], Tensor]
"""Class label to int64 positions of the chosen clips, in order."""


def joint_features(
    real: LabelledClips, index: Tensor, *, scale: Scale, network: Network, seed: int, runtime: Runtime
) -> Tensor:
    """Features on which clips are compared: both modalities' embeddings under one random pair, side by side.

    Each modality is divided by its root mean square norm over the clips, so that both weigh the same. The published
    code ships index lists only, not the network they came from; this is the plainest reading.

    Args:
        real: The data.
        index: Positions of the clips, int64, (clip,).
        scale: What networks see.
        network: Architecture of the random pair.
        seed: Of the pair's weights.
        runtime: Device and number formats.

    Returns:
        float32, (clip, audio dim + image dim).
    """
    pair = network.pair(real.audio_shape, real.image_shape, generator=generator(seed, "features")).to(runtime.device)
    sides = []
    for encoder, values in (
        (pair.audio, _scaled_audio(real, scale)),
        (pair.image, _scaled_image(real, scale)),
    ):
        parts = [
            embed(encoder, values(chunk).to(runtime.device), dtype=runtime.real_dtype, compile=runtime.compile).cpu()
            for chunk in torch.split(index, 256)
        ]
        features = torch.cat(parts)
        sides.append(features / features.square().sum(1).mean().sqrt())
    return torch.cat(sides, 1)


def chosen_pairs(
    real: LabelledClips, choose: Choose, *, per_class: int, cells: int, scale: Scale
) -> tuple[Tensor, Tensor, Tensor]:
    """Real clips as (mosaics of) pairs in network scale.

    Args:
        real: The data.
        choose: Gives ``cells ** 2 * per_class`` clips of a class.
        per_class: Pairs a class.
        cells: Cells a side of the mosaic.
        scale: What networks see.

    Returns:
        Log-mel (pair, 1, mel, frame), frames (pair, 3, height, width), labels (pair,), ordered by class.
    """
    audio, image = [], []
    for label in range(len(real.classes)):
        index = choose(label)
        audio.append(mosaic.pack(_scaled_audio(real, scale)(index), cells))
        image.append(mosaic.pack(_scaled_image(real, scale)(index), cells))
    labels = torch.arange(len(real.classes)).repeat_interleave(per_class)
    return torch.cat(audio), torch.cat(image), labels


def select(method: Method, real: LabelledClips, choose: Choose, *, seed: int) -> DistilledSet:
    """The whole of a selection method: choose clips, pack them, say how it was done."""
    needed = method.per_class * method.mosaic**2
    real.require(needed, f"{method.name} with {method.per_class} pairs a class and mosaic {method.mosaic}")
    scale = method.scale(real)
    audio, image, labels = chosen_pairs(real, choose, per_class=method.per_class, cells=method.mosaic, scale=scale)
    return distilled(method, real, audio, image, labels, seed=seed)


def distilled(
    method: Method,
    real: LabelledClips,
    audio: Tensor,
    image: Tensor,
    labels: Tensor,
    *,
    seed: int,
    start: tuple[Tensor, Tensor] | None = None,
) -> DistilledSet:
    """Pairs in network scale with what must be known of them."""
    return DistilledSet(
        audio=audio,
        image=image,
        labels=labels,
        classes=real.classes,
        mosaic=method.mosaic,
        recipe=real.recipe,
        scale=method.scale(real),
        provenance={
            "method": method.name,
            "settings": method.to_json(),
            "seed": seed,
            "dataset": real.name,
            "fingerprint": real.fingerprint,
            "clips": len(real),
        },
        start=start,
    )


def choose_random(real: LabelledClips, count: int, seed: int) -> Choose:
    """Clips drawn without replacement; a class's draw does not depend on the other classes."""

    def choose(label: int) -> Tensor:
        index = real.of_class(label)
        order = torch.randperm(len(index), generator=generator(seed, "choose", real.classes[label]))
        return index[order[:count]]

    return choose


def choose_by(
    order: Callable[[Tensor, int], Tensor],
    real: LabelledClips,
    count: int,
    *,
    scale: Scale,
    network: Network,
    seed: int,
    runtime: Runtime,
) -> Choose:
    """Clips chosen greedily, class by class, on `joint_features`.

    Args:
        order: `herding_order` or `kcenter_order`.
        real: The data.
        count: Clips a class.
        scale: What networks see.
        network: Architecture of the random pair.
        seed: Of the pair's weights.
        runtime: Device and number formats.
    """

    def choose(label: int) -> Tensor:
        index = real.of_class(label)
        features = joint_features(real, index, scale=scale, network=network, seed=seed, runtime=runtime)
        return index[order(features, count)]

    return choose


def _scaled_audio(real: LabelledClips, scale: Scale) -> Callable[[Tensor], Tensor]:
    return lambda index: scale.audio(real.audio(index))


def _scaled_image(real: LabelledClips, scale: Scale) -> Callable[[Tensor], Tensor]:
    return lambda index: scale.image(real.frames(index))


def class_major(x: Tensor, classes: int, cells: int) -> Tensor:
    """Unpack mosaics ordered by class so that the small ones of a class are neighbours.

    Args:
        x: Mosaics, (class * per_class, ...), ordered by class.
        classes: Number of classes.
        cells: Cells a side.

    Returns:
        (class * cells ** 2 * per_class, ...), ordered by class.
    """
    small = mosaic.unpack(x, cells)
    return small.view(cells**2, classes, -1, *small.shape[1:]).transpose(0, 1).flatten(0, 2)
