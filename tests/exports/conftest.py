"""A small set with class names that try to be paths, mark-up and YAML."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from limbeck.datasets import Scale
from limbeck.distilled import DistilledSet
from limbeck.media import ClipRecipe, MelRecipe

HOSTILE = ("../<script>alert(1)</script>", '雨: "rain"\n- x, y', "---\nlicense: none")


def small_set(classes: tuple[str, ...] = HOSTILE, *, per_class: int = 2, mosaic: int = 2) -> DistilledSet:
    draw = torch.Generator().manual_seed(1)
    mel = MelRecipe(sample_rate_hz=4000, clip_seconds=0.25, mels=32, fft_samples=256, hop_samples=64)
    recipe = ClipRecipe(image_size=15, mel=mel)
    pairs = per_class * len(classes)
    return DistilledSet(
        audio=torch.randn(pairs, 1, *mel.shape, generator=draw),
        image=2 * torch.randn(pairs, 3, 15, 15, generator=draw),
        labels=torch.arange(len(classes)).repeat_interleave(per_class),
        classes=classes,
        mosaic=mosaic,
        recipe=recipe,
        scale=Scale(mel_mean=tuple(-30.0 + i for i in range(32)), mel_std=(12.0,) * 32),
        provenance={"method": "dm", "seed": 3, "dataset": "<b>toy</b>"},
    )


@pytest.fixture(scope="session")
def make_set() -> Callable[..., DistilledSet]:
    return small_set
