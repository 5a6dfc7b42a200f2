"""A small distilled set, real clips around it, and invented scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
import pytest
import torch

from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.evaluation import Protocol, Repeat, Score, Source
from limbeck.media import ClipRecipe, MelRecipe, RawClip, log_mel
from limbeck.modalities import Modality, Moments, Scale, ScaleKind, Statistics
from limbeck.networks import Architecture
from limbeck.parameterisations import joined, parse

LETTERS = {"A": "audio", "V": "image", "D": "depth"}
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
        {"audio": log_mel(torch.stack(sounds), recipe.mel)[:, None], "image": torch.stack(pictures)},
        torch.tensor(labels),
        classes,
        recipe=recipe,
        name="toy",
    )


class Depth(Modality):
    """Distances in metres, float32 (1, 6, 6): neither sound nor pixels."""

    letter: ClassVar[str] = "D"
    track: ClassVar[Literal["audio", "image"]] = "image"
    noun: ClassVar[str] = "depth map"
    unit: ClassVar[str] = "m"

    @property
    def shape(self) -> tuple[int, int, int]:
        return (1, 6, 6)

    def array(self, raw: RawClip) -> npt.NDArray[np.float32]:
        raise NotImplementedError

    def scale(self, statistics: Statistics, kind: ScaleKind) -> Scale:
        return Scale(mean=statistics.mean, std=statistics.std)

    def show(self, arrays: torch.Tensor) -> torch.Tensor:
        return arrays[:, 0].clamp(0, 255).to(torch.uint8)


def with_depth(clips: LabelledClips) -> LabelledClips:
    """The same clips with a third modality, by its name between the other two."""
    depth = Depth(clips.recipe)
    arrays = torch.rand(len(clips), *depth.shape, generator=torch.Generator().manual_seed(7)) * 20 - 10
    every = clips.arrays() | {"depth": arrays}
    modalities = {name: ({**clips.modalities} | {"depth": depth})[name] for name in sorted(every)}
    found = depth.statistics(Moments.of(arrays.numpy().reshape(1, -1)))
    return replace(
        clips,
        store=replace(clips.store, arrays=every),
        modalities=modalities,
        statistics={**clips.statistics, "depth": found},
        fingerprint=clips.fingerprint + "-depth",
    )


def packed(
    clips: LabelledClips, *, per_class: int, hold: str = "plain", noise: float = 0.2, method: str = "avdd"
) -> DistilledSet:
    """The first clips of every class, held as asked, with noise on top as if they had been optimised."""
    draw = torch.Generator().manual_seed(6)
    held, scales = parse(hold), clips.scales("standardised")
    parts = []
    for label in range(len(clips.classes)):
        index = clips.of_class(label)[: per_class * held.cells]
        seen = {name: m.to_network(clips.array(name, index), scales[name]) for name, m in clips.modalities.items()}
        parts.append(held.start(seen, clips.modalities))
    start = joined(parts)
    return DistilledSet(
        tensors={name: x + noise * torch.randn(x.shape, generator=draw) for name, x in start.items()},
        labels=torch.arange(len(clips.classes)).repeat_interleave(per_class),
        classes=clips.classes,
        hold=held,
        modalities=clips.modalities,
        scales=scales,
        provenance={
            "method": method,
            "settings": {"per_class": per_class, "hold": hold, "optimiser": {"kind": "adam", "lr": {"audio": 0.1}}},
            "seed": 0,
            "dataset": clips.name,
            "fingerprint": clips.fingerprint,
            "clips": len(clips),
        },
        start=start,
    )


def invented_score(
    classes: tuple[str, ...],
    levels: dict[str, float],
    *,
    name: str,
    kind: str = "distilled",
    samples: int = 10,
    per_class: int | None = 1,
    n: int = 5,
    seed: int = 0,
    spread: float = 1.5,
    tests: int = 40,
    stored_bytes: int = 12_000,
    storage: str = "float32",
    hold: str = "plain",
    rows: int | None = None,
) -> Score:
    """A score whose students are right about as often as asked (percent); the rest of it is made up."""
    draw = np.random.default_rng(seed)
    truth = np.repeat(np.arange(len(classes)), tests)
    seen = [key for key in levels if "+" not in key] or max(levels, key=len).split("+")
    letters = {LETTERS[letter]: letter for letter in seen}
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
        repeats.append(Repeat(seed=r, seconds=2.5 + r / 10, values=accuracy, losses=losses, predictions=predictions))
    return Score(
        measure="accuracy",
        settings={"head": "ensemble"},
        trained_on=Source(
            kind=kind,
            name=name,
            fingerprint="0",
            modalities=tuple(letters),
            samples=samples,
            rows=samples if rows is None else rows,
            per_class=per_class,
            stored_bytes=stored_bytes,
            storage=storage,
            hold=hold,
        ),
        tested_on=Source(
            kind="clips",
            name="toy",
            fingerprint="1",
            modalities=tuple(letters),
            samples=len(truth),
            rows=len(truth),
            stored_bytes=len(truth) * 1000,
            storage="prepared",
        ),
        letters=letters,
        classes=classes,
        truth=tuple(truth.tolist()),
        repeats=tuple(repeats),
        protocol=Protocol(),
        network=Architecture(),
        scales={},
        seed=0,
        device="cpu",
    )


@pytest.fixture(scope="session")
def make_clips() -> Callable[..., LabelledClips]:
    return toy_clips


@pytest.fixture(scope="session")
def add_depth() -> Callable[[LabelledClips], LabelledClips]:
    return with_depth


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
