"""A dataset that two small networks can learn in seconds."""

from __future__ import annotations

import pytest
import torch

from limbeck.datasets import LabelledClips
from limbeck.media import ClipRecipe, MelRecipe
from limbeck.networks import Architecture

RECIPE = ClipRecipe(
    mel=MelRecipe(sample_rate_hz=1000, clip_seconds=1.0, fft_samples=80, hop_samples=40, mels=24), image_size=16
)
CLASSES = ("bell", "drip", "horn")


def toy(per_class: int, seed: int, classes: tuple[str, ...] = CLASSES, recipe: ClipRecipe = RECIPE) -> LabelledClips:
    """Sound: noise with one loud band a class. Picture: noise with stripes of one direction a class."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(len(classes)).repeat(per_class)
    audio = torch.randn(len(labels), 1, *recipe.mel.shape, generator=generator) * 8 - 40
    frames = torch.randint(60, 120, (len(labels), 3, recipe.image_size, recipe.image_size), generator=generator)
    for number, label in enumerate(labels.tolist()):
        audio[number, 0, 8 * label : 8 * label + 6] += 25
        stripes = (frames[number, :, ::2], frames[number, :, :, ::2], frames[number, label])[label]
        stripes += 100
    arrays = {"audio": audio, "image": frames.to(torch.uint8)}
    return LabelledClips.from_arrays(arrays, labels, classes, recipe=recipe, name="toy")


@pytest.fixture(autouse=True)
def _one_thread(_same_threads: None) -> None:
    """Arrays this small gain nothing from a second thread and lose much on a busy machine."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def train() -> LabelledClips:
    return toy(14, 1)


@pytest.fixture(scope="session")
def test() -> LabelledClips:
    return toy(20, 2)


@pytest.fixture(scope="session")
def small() -> Architecture:
    return Architecture(options={"width": 16})
