"""A small set with class names that try to be paths, mark-up and YAML."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import torch

from limbeck.distilled import DistilledSet
from limbeck.media import ClipRecipe, MelRecipe
from limbeck.modalities import Scale, bound
from limbeck.modalities.image import PUBLISHED
from limbeck.parameterisations import parse

HOSTILE = ("../<script>alert(1)</script>", '雨: "rain"\n- x, y', "---\nlicense: none")
SEEN = [("audio", "image"), ("audio",), ("image",)]


def small_set(
    classes: tuple[str, ...] = HOSTILE,
    *,
    per_class: int = 2,
    hold: str = "mosaic:2",
    seen: Sequence[str] = ("audio", "image"),
) -> DistilledSet:
    draw = torch.Generator().manual_seed(1)
    mel = MelRecipe(sample_rate_hz=4000, clip_seconds=0.25, mels=32, fft_samples=256, hop_samples=64)
    modalities = bound(["audio", "image"], ClipRecipe(image_size=15, mel=mel))
    made = DistilledSet(
        tensors={
            name: loudness * torch.randn(per_class * len(classes), *modalities[name].shape, generator=draw)
            for name, loudness in (("audio", 1), ("image", 2))
        },
        labels=torch.arange(len(classes)).repeat_interleave(per_class),
        classes=classes,
        hold=parse(hold),
        modalities=modalities,
        scales={"audio": Scale(mean=tuple(-30.0 + i for i in range(32)), std=(12.0,) * 32), "image": PUBLISHED},
        provenance={"method": "dm", "seed": 3, "dataset": "<b>toy</b>"},
    )
    return made.seen_by(seen)


@pytest.fixture(scope="session")
def make_set() -> Callable[..., DistilledSet]:
    return small_set


@pytest.fixture(params=SEEN, ids="+".join)
def seen(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """What the set is of."""
    found: tuple[str, ...] = request.param
    return found
