"""A small distilled set, real clips around it, and invented scores."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch

from limbeck.augment import mosaic
from limbeck.datasets import LabelledClips, Scale
from limbeck.distilled import DistilledSet
from limbeck.evaluation import Protocol, Repeat, Score, Source
from limbeck.media import ClipRecipe, MelRecipe, log_mel
from limbeck.networks import Architecture

HOSTILE = ("<script>alert(1)</script>", '"><img src=x onerror=alert(2)>', "$\\frac{{x}} & {{ 7 * 7 }}", "雨 | rain\n")


def toy_clips(classes: tuple[str, ...], *, per_class: int = 10, size: int = 24, mels: int = 40) -> LabelledClips:
    """Tones with coloured squares."""
    recipe = ClipRecipe(image_size=size, mel=MelRecipe(sample_rate_hz=8000, clip_seconds=0.5, mels=mels))
    draw = torch.Generator().manual_seed(5)
    sounds, pictures, labels = [], [], []
    time = torch.arange(recipe.mel.samples) / recipe.mel.sample_rate_hz
    for label in range(len(classes)):
        for _ in range(per_class):
            hertz = 300 * (label + 1) * (1 + 0.2 * torch.rand((), generator=draw))
            noise = 0.01 * torch.randn(len(time), generator=draw)
            sounds.append(0.5 * torch.sin(2 * torch.pi * hertz * time) * torch.exp(-4 * time) + noise)
            picture = torch.randint(0, 60, (3, size, size), generator=draw)
            top, left = torch.randint(0, size // 2, (2,), generator=draw).tolist()
            picture[label % 3, top : top + size // 2, left : left + size // 2] += 180
            pictures.append(picture.to(torch.uint8))
            labels.append(label)
    return LabelledClips.from_arrays(
        log_mel(torch.stack(sounds), recipe.mel)[:, None],
        torch.stack(pictures),
        torch.tensor(labels),
        classes,
        recipe=recipe,
        name="toy",
    )


def packed(
    clips: LabelledClips, *, per_class: int, factor: int, noise: float = 0.2, method: str = "avdd"
) -> DistilledSet:
    """The first clips of every class as mosaics, with noise on top as if they had been optimised."""
    draw = torch.Generator().manual_seed(6)
    scale = Scale.of(clips.statistics, "standardised")
    index = [clips.of_class(c)[: per_class * factor**2] for c in range(len(clips.classes))]
    audio = torch.cat([mosaic.pack(scale.audio(clips.audio(i)), factor) for i in index])
    image = torch.cat([mosaic.pack(scale.image(clips.frames(i)), factor) for i in index])
    return DistilledSet(
        audio=audio + noise * torch.randn(audio.shape, generator=draw),
        image=image + noise * torch.randn(image.shape, generator=draw),
        labels=torch.arange(len(clips.classes)).repeat_interleave(per_class),
        classes=clips.classes,
        mosaic=factor,
        recipe=clips.recipe,
        scale=scale,
        provenance={
            "method": method,
            "settings": {"per_class": per_class, "mosaic": factor, "descent": {"kind": "adam", "audio_lr": 0.1}},
            "seed": 0,
            "dataset": clips.name,
            "fingerprint": clips.fingerprint,
            "clips": len(clips),
        },
        start=(audio, image),
    )


def invented_score(
    classes: tuple[str, ...],
    levels: dict[str, float],
    *,
    name: str,
    kind: str = "distilled",
    pairs: int = 10,
    per_class: int | None = 1,
    n: int = 5,
    seed: int = 0,
    spread: float = 1.5,
    tests: int = 40,
    stored_bytes: int = 12_000,
    storage: str = "float32",
    mosaic: int = 1,
) -> Score:
    """A score whose students are right about as often as asked (percent); the rest of it is made up."""
    draw = np.random.default_rng(seed)
    truth = np.repeat(np.arange(len(classes)), tests)
    repeats = []
    for r in range(n):
        predictions, accuracy = {}, {}
        for key, level in levels.items():
            right = draw.random(len(truth)) < (level + spread * draw.standard_normal()) / 100
            wrong = (truth + 1 + (draw.random(len(truth)) ** 2 * (len(classes) - 1)).astype(int)) % len(classes)
            guess = np.where(right, truth, wrong)
            predictions[key] = tuple(guess.tolist())
            accuracy[key] = 100 * float((guess == truth).mean())
        losses = tuple((2.3 * np.exp(-np.arange(30) / 8) + 0.05 * draw.random(30)).tolist())
        repeats.append(Repeat(seed=r, seconds=2.5 + r / 10, losses=losses, predictions=predictions, accuracy=accuracy))
    return Score(
        trained_on=Source(
            kind=kind,
            name=name,
            fingerprint="0",
            pairs=pairs,
            per_class=per_class,
            stored_bytes=stored_bytes,
            storage=storage,
            mosaic=mosaic,
        ),
        tested_on=Source(
            kind="clips",
            name="toy",
            fingerprint="1",
            pairs=len(truth),
            stored_bytes=len(truth) * 1000,
            storage="prepared",
        ),
        classes=classes,
        truth=tuple(truth.tolist()),
        repeats=tuple(repeats),
        protocol=Protocol(),
        network=Architecture(),
        head="ensemble",
        scale=Scale(mel_mean=(0.0,), mel_std=(1.0,)),
        seed=0,
        device="cpu",
    )


@pytest.fixture(scope="session")
def make_clips() -> Callable[..., LabelledClips]:
    return toy_clips


@pytest.fixture(scope="session")
def make_set() -> Callable[..., DistilledSet]:
    return packed


@pytest.fixture(scope="session")
def make_score() -> Callable[..., Score]:
    return invented_score


@pytest.fixture(scope="session")
def hostile() -> tuple[str, ...]:
    """Class names that try to be mark-up, mathematics, a template or a table."""
    return HOSTILE


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("chromium is not installed, so the page cannot be opened")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()
