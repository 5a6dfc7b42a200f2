"""Sound as a log-mel spectrogram (`audio`), float32 (1, mel, frame), dB re 1.0.

Source:   the published recipe of Kushwaha et al., "Audio-Visual Dataset Distillation", TMLR 2024; see
`media.MelRecipe`.
"""

import math
from typing import ClassVar, Literal, final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from limbeck.media import RawClip, invert_log_mel, log_mel
from limbeck.modalities._contract import Modality, Scale, ScaleKind, Statistics, Ticks

SILENCE_DB = -100.0
LEAST_SPREAD_DB = 1.0
HERTZ = (125, 250, 500, 1000, 2000, 4000, 8000, 16000)


@final
class Audio(Modality):
    """The log-mel of a clip's sound; statistics per mel band. Time has a direction: no flip, no rotation."""

    letter: ClassVar[str] = "A"
    noun: ClassVar[str] = "spectrogram"
    about: ClassVar[str] = (
        "Press a log-mel spectrogram to hear it. Its sound is estimated, since it keeps no phase, and brought to the "
        "same peak everywhere. All spectrograms share the axes and the colours of this one."
    )
    origin: ClassVar[Literal["upper", "lower"]] = "lower"
    track: ClassVar[Literal["audio", "image"]] = "audio"
    unit: ClassVar[str] = "dB re 1.0"
    span: ClassVar[float | None] = 80.0
    axes: ClassVar[tuple[str, str, str]] = ("1", "mel", "frame")
    channels_at: ClassVar[int] = -2
    keeps: ClassVar[frozenset[str]] = frozenset({"flip", "rotate"})

    @property
    def shape(self) -> tuple[int, int, int]:
        return (1, *self.recipe.mel.shape)

    @property
    def words(self) -> str:
        return f"{self.recipe.mel.clip_seconds:g} s, {self.recipe.mel.sample_rate_hz / 1000:g} kHz"

    @property
    def ticks(self) -> tuple[Ticks, Ticks]:
        mel, last = self.recipe.mel, self.shape[2] - 1
        heard = (f for f in HERTZ if 2 * f < mel.sample_rate_hz)
        bands = [(self._band_of(f), f"{f // 1000} k" if f >= 1000 else str(f)) for f in heard]
        marks = [last * i / 4 for i in range(5)]
        times = tuple((m, f"{m * mel.hop_samples / mel.sample_rate_hz:.2g}") for m in marks)
        return Ticks("frequency (Hz)", tuple(b for b in bands if b[0] >= 0)), Ticks("time (s)", times)

    def array(self, raw: RawClip) -> npt.NDArray[np.float32]:
        found: npt.NDArray[np.float32] = log_mel(torch.from_numpy(raw.sound), self.recipe.mel).numpy()[None]
        return found

    def scale(self, statistics: Statistics, kind: ScaleKind) -> Scale:
        """``"raw"`` leaves dB as they are (as published); ``"standardised"`` gives each band mean 0 and deviation 1.

        Bands that hardly vary (empty filters) are divided by at least 1 dB.
        """
        if kind == "raw":
            return Scale(mean=(0.0,), std=(1.0,))
        return Scale(mean=statistics.mean, std=tuple(max(s, LEAST_SPREAD_DB) for s in statistics.std))

    def border(self, scale: Scale) -> Tensor:
        """Silence, -100 dB: float32 (1, mel, 1), (1, 1, 1) if one number serves all bands."""
        return self.to_network(torch.full((1, len(scale.mean), 1), SILENCE_DB), scale)

    def show(self, arrays: Tensor) -> Tensor:
        """Grey levels from the lowest to the highest dB of each, low bands at the bottom."""
        low, high = arrays.amin((1, 2, 3), keepdim=True), arrays.amax((1, 2, 3), keepdim=True)
        return ((arrays - low) / (high - low).clamp_min(1e-6) * 255).round().to(torch.uint8)[:, 0].flip(1)

    def play(self, arrays: Tensor) -> Tensor:
        """A sound whose log-mel is near; phases are estimated, see `media.invert_log_mel`."""
        return invert_log_mel(arrays[:, 0], self.recipe.mel)

    def _band_of(self, hertz: float) -> float:
        """Position of a frequency among the bands' centres, HTK mel scale."""
        mel = self.recipe.mel
        position = math.log10(1 + hertz / 700) / math.log10(1 + mel.sample_rate_hz / 2 / 700)
        return position * (mel.mels + 1) - 1
