"""A dataset made of arrays, with clips that misbehave on demand; importable in worker processes."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from limbeck.datasets import ClipRef, Dataset
from limbeck.errors import MediaError
from limbeck.media import ClipRecipe, MelRecipe, RawClip

RECIPE = ClipRecipe(
    mel=MelRecipe(sample_rate_hz=4000, clip_seconds=0.4, mels=16, fft_samples=200, hop_samples=100), image_size=16
)


def contents(folder: Path) -> dict[str, str]:
    """Digest of every file below a folder but the hidden ones, which serve one machine."""
    files = [p for p in folder.rglob("*") if p.is_file() and not p.name.startswith(".")]
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


class Generated(Dataset):
    """Noise that depends on a clip's number alone.

    Args:
        clips: How many; every fourth is for testing, classes take turns.
        faults: What goes wrong at a clip of this number: "rotten", "error", "crash", "hang" or "wrong_shape".
        crash_once: File that marks that the clip numbered 0 has already crashed once.
        delay_s: Seconds a clip takes.
        classes: Class names.
        splits: Names of the splits.
        seed: Other noise.
    """

    title: ClassVar[str] = "Generated"
    licence: ClassVar[str] = "CC0"
    citation: ClassVar[str] = ""

    def __init__(
        self,
        clips: int = 24,
        *,
        faults: Mapping[int, str] | None = None,
        crash_once: Path | None = None,
        delay_s: float = 0.0,
        classes: Sequence[str] = ("a", "b"),
        splits: tuple[str, str] = ("train", "test"),
        seed: int = 0,
    ) -> None:
        self.count = clips
        self.faults = dict(faults or {})
        self.crash_once = crash_once
        self.delay_s = delay_s
        self.labels = tuple(classes)
        self.splits = splits
        self.seed = seed

    @property
    def classes(self) -> tuple[str, ...]:
        return self.labels

    def clips(self) -> Sequence[ClipRef]:
        return [
            ClipRef(id=str(i), label=self.labels[i % len(self.labels)], split=self.splits[i // 2 % 4 == 3])
            for i in range(self.count)
        ]

    def read(self, clip: ClipRef, recipe: ClipRecipe) -> RawClip:
        number = int(clip.id)
        time.sleep(self.delay_s)
        self._misbehave(number)
        source = np.random.default_rng((number, self.seed) if self.seed else number)
        size = recipe.image_size
        return RawClip(
            waveform=source.uniform(-1, 1, recipe.mel.samples).astype(np.float32),
            frames=source.integers(
                0, 256, (size, size - (self.faults.get(number) == "wrong_shape"), 3), dtype=np.uint8
            ),
            repairs=("padded",) if number % 5 == 0 else (),
        )

    def _misbehave(self, number: int) -> None:
        fault = self.faults.get(number)
        if fault == "rotten":
            raise MediaError("no_audio_track", f"Clip {number} has no sound.")
        if fault == "error":
            raise RuntimeError("bug in a reader")
        if fault == "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        if fault == "hang":
            time.sleep(3600)
        if number == 0 and self.crash_once is not None and not self.crash_once.exists():
            self.crash_once.touch()
            os.kill(os.getpid(), signal.SIGSEGV)
