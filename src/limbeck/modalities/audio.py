"""Sound as a log-mel spectrogram (`audio`), float32 (1, mel, frame), dB re 1.0.

Source:   the published recipe of Kushwaha et al., "Audio-Visual Dataset Distillation", TMLR 2024; see
`media.MelRecipe`.
"""

from __future__ import annotations

from typing import ClassVar, Literal, final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from limbeck.media import RawClip, invert_log_mel, log_mel
from limbeck.modalities._contract import Modality
from limbeck.modalities._scale import Scale, ScaleKind, Statistics

SILENCE_DB = -100.0
LEAST_SPREAD_DB = 1.0


@final
class Audio(Modality):
    """The log-mel of a clip's sound; statistics per mel band. Time has a direction: no flip, no rotation."""

    letter: ClassVar[str] = "A"
    track: ClassVar[Literal["audio", "image"]] = "audio"
    unit: ClassVar[str] = "dB re 1.0"
    axes: ClassVar[tuple[str, str, str]] = ("1", "mel", "frame")
    channels_at: ClassVar[int] = -2
    keeps: ClassVar[frozenset[str]] = frozenset({"flip", "rotate"})

    @property
    def shape(self) -> tuple[int, int, int]:
        """(1, mel, frame)."""
        return (1, *self.recipe.mel.shape)

    def array(self, raw: RawClip) -> npt.NDArray[np.float32]:
        """The log-mel of the waveform."""
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
