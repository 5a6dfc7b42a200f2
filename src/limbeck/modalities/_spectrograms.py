"""What modalities share that are spectrograms: decibels, the scale networks see them on, axes."""

import math
from abc import ABC, abstractmethod
from typing import ClassVar, Literal

import torch
from torch import Tensor

from limbeck.media import MelRecipe
from limbeck.modalities._contract import Modality, Scale, ScaleKind, Statistics, Ticks
from limbeck.modalities._frames import side_by_side

SILENCE_DB = -100.0
LEAST_SPREAD_DB = 1.0
HERTZ = (125, 250, 500, 1000, 2000, 4000, 8000, 16000)
_WORDS_APART = 0.05
"""Least distance of two ticks, in parts of the axis."""


class Spectrograms(Modality, ABC):
    """Spectrograms of a clip's sound; statistics per band. Time has a direction: no flip, no rotation."""

    noun: ClassVar[str] = "spectrogram"
    about: ClassVar[str] = (
        "Press a spectrogram to hear it. Its sound is estimated, since it keeps no phase, and brought to the same "
        "peak everywhere. All spectrograms share the axes and the colours of this one."
    )
    origin: ClassVar[Literal["upper", "lower"]] = "lower"
    track: ClassVar[Literal["audio", "image"]] = "audio"
    unit: ClassVar[str] = "dB re 1.0"
    span: ClassVar[float | None] = 80.0
    channels_at: ClassVar[int] = -2
    keeps: ClassVar[frozenset[str]] = frozenset({"flip", "rotate"})

    @property
    def mel(self) -> MelRecipe:
        """Recipe of one spectrogram."""
        return self.recipe.mel

    @property
    def words(self) -> str:
        return f"{self.recipe.mel.clip_seconds:g} s, {self.recipe.mel.sample_rate_hz / 1000:g} kHz"

    @property
    def ticks(self) -> tuple[Ticks, Ticks]:
        """Frequencies along the rows, and seconds along the columns of all spectrograms side by side."""
        mel, frames = self.mel, math.prod(self.shape[:-3])
        columns, apart_s = frames * self.shape[-1], mel.hop_samples / mel.sample_rate_hz
        heard = (f for f in HERTZ if 2 * f < mel.sample_rate_hz)
        bands = [(self.band_of(f), f"{f // 1000} k" if f >= 1000 else str(f)) for f in heard]
        # Where rows are evenly spaced in Hz, octaves crowd at the bottom: words must not overlap.
        apart = _WORDS_APART * self.shape[-2]
        clear = [b for b, above in zip(bands, [*bands[1:], (math.inf, "")], strict=True) if above[0] - b[0] >= apart]
        marks = [(columns - 1) * i / 4 for i in range(5)]
        # Frames of one spectrogram overlap its borders, so a column of several stands for a little less.
        column_s = apart_s if frames == 1 else self.recipe.mel.clip_seconds / columns
        times = tuple((m, f"{m * column_s:.2g}") for m in marks)
        return Ticks("frequency (Hz)", tuple(b for b in clear if b[0] >= 0)), Ticks("time (s)", times)

    @abstractmethod
    def band_of(self, hertz: float) -> float:
        """Position of a frequency among the centres of the bands, in rows."""

    def scale(self, statistics: Statistics, kind: ScaleKind) -> Scale:
        """``"raw"`` leaves dB as they are (as published); ``"standardised"`` gives each band mean 0 and deviation 1.

        Bands that hardly vary (empty filters) are divided by at least 1 dB.
        """
        if kind == "raw":
            return Scale(mean=(0.0,), std=(1.0,))
        return Scale(mean=statistics.mean, std=tuple(max(s, LEAST_SPREAD_DB) for s in statistics.std))

    def border(self, scale: Scale) -> Tensor:
        """Silence, -100 dB: float32 (1, band, 1), (1, 1, 1) if one number serves all bands."""
        return scale.apply(torch.full((1, len(scale.mean), 1), SILENCE_DB), -self.channels_at - 1)

    def show(self, arrays: Tensor) -> Tensor:
        """Grey levels from the lowest to the highest dB of each, low bands at the bottom, parts side by side."""
        levels = side_by_side(self.levels(arrays))
        low, high = levels.amin((1, 2, 3), keepdim=True), levels.amax((1, 2, 3), keepdim=True)
        return ((levels - low) / (high - low).clamp_min(1e-6) * 255).round().to(torch.uint8)[:, 0].flip(1)
