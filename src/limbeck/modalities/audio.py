"""Sound as a log-mel spectrogram (`audio`), float32 (1, mel, frame), dB re 1.0.

Source:   the published recipe of Kushwaha et al., "Audio-Visual Dataset Distillation", TMLR 2024; see
`media.MelRecipe`.
"""

from typing import ClassVar, final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from limbeck.media import RawClip, log_mel
from limbeck.modalities._log_mels import band_of, sounds
from limbeck.modalities._spectrograms import Spectrograms


@final
class Audio(Spectrograms):
    """The log-mel of a clip's sound; statistics per mel band. Time has a direction: no flip, no rotation."""

    letter: ClassVar[str] = "A"
    axes: ClassVar[tuple[str, ...]] = ("1", "mel", "frame")

    @property
    def shape(self) -> tuple[int, int, int]:
        return (1, *self.mel.shape)

    def array(self, raw: RawClip) -> npt.NDArray[np.float32]:
        found: npt.NDArray[np.float32] = log_mel(torch.from_numpy(raw.sound), self.mel).numpy()[None]
        return found

    def play(self, arrays: Tensor) -> Tensor:
        return sounds(arrays, self.mel)

    def band_of(self, hertz: float) -> float:
        return band_of(hertz, self.mel)
