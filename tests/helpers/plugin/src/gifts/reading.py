"""Datasets that make their own data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self, final

import numpy as np

from limbeck.datasets import ClipRef, Dataset
from limbeck.datasets.sounds import Recording, SoundDataset
from limbeck.media import ClipRecipe, RawClip

PITCH = {"low": 220.0, "high": 880.0}


@final
class Tones(Dataset):
    """Tones beside plain pictures.

    Args:
        root: Made, and left empty.
        clips: How many; every fourth is for testing.
    """

    title: ClassVar[str] = "Tones"
    licence: ClassVar[str] = "CC0, generated"
    citation: ClassVar[str] = "made up"

    def __init__(self, root: Path = Path(), clips: int = 48) -> None:
        self.root, self.count = root, clips

    def clips(self) -> Sequence[ClipRef]:
        """All clips, classes in turn."""
        self.root.mkdir(parents=True, exist_ok=True)
        return [
            ClipRef(id=str(i), label=list(PITCH)[i % 2], split="test" if i // 2 % 4 == 3 else "train")
            for i in range(self.count)
        ]

    def read(self, clip: ClipRef, recipe: ClipRecipe) -> RawClip:
        """A tone in noise and a picture of one grey; see `Dataset.read`."""
        draw = np.random.default_rng(int(clip.id))
        time = np.arange(recipe.mel.samples) / recipe.mel.sample_rate_hz
        tone = 0.3 * np.sin(2 * np.pi * PITCH[clip.label] * time) + 0.05 * draw.standard_normal(len(time))
        grey = {"low": 60, "high": 180}[clip.label] + draw.integers(-40, 40)
        frame = np.full((recipe.image_size, recipe.image_size, 3), grey, np.uint8)
        return RawClip(waveform=tone.astype(np.float32), frames=frame)


@final
class Notes(SoundDataset):
    """Wave files in folders of their class."""

    title: ClassVar[str] = "Notes"
    licence: ClassVar[str] = "your own files"
    citation: ClassVar[str] = ""

    @classmethod
    def open(cls, root: Path | str) -> Self:
        """All files; see `SoundDataset.open`."""
        files = sorted(Path(root).glob("*/*.wav"))
        return cls([Recording(id=f.name, path=f, labels=(f.parent.name,), split="train") for f in files])
