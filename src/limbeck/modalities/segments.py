"""Longer sound in several parts (`segments`): float32 (segment, 1, mel, frame), dB re 1.0, a log-mel of each.

The clip's sound is cut into equal parts, which stand beside one picture or video: with ``limbeck prepare --modality
segments,video --clip-seconds 10 --segments 10`` networks see a second of sound at a time, as published, however long
clips are. One log-mel of all of it is `audio`.

Source:   the log-mels of Kushwaha et al., "Audio-Visual Dataset Distillation", TMLR 2024, of which public data of ten
          seconds are kept as one array; see `media.MelRecipe`.
"""

from functools import cache
from typing import ClassVar, final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from limbeck.media import MelRecipe, RawClip, log_mel
from limbeck.modalities._log_mels import band_of, sounds
from limbeck.modalities._spectrograms import Spectrograms


@final
class Segments(Spectrograms):
    """Log-mels of equal parts of a clip's sound, in the order of time; statistics per mel band, over all parts."""

    letter: ClassVar[str] = "S"
    takes: ClassVar[frozenset[str]] = frozenset(["segments"])
    about: ClassVar[str] = f"{Spectrograms.about} The parts of a sound stand in a row, and play one after the other."
    axes: ClassVar[tuple[str, ...]] = ("segment", "1", "mel", "frame")

    @property
    def mel(self) -> MelRecipe:
        return _part(self.recipe.mel, self.recipe.segments)

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.recipe.segments, 1, *self.mel.shape)

    @property
    def words(self) -> str:
        return f"{super().words}, in {self.recipe.segments} parts"

    def array(self, raw: RawClip) -> npt.NDArray[np.float32]:
        samples = self.recipe.segments * self.mel.samples
        sound = np.pad(raw.sound, (0, max(0, samples - len(raw.sound))))[:samples]  # parts are rounded to samples
        parts = torch.from_numpy(sound).view(self.recipe.segments, -1)
        found: npt.NDArray[np.float32] = log_mel(parts, self.mel).numpy()[:, None]
        return found

    def play(self, arrays: Tensor) -> Tensor:
        return sounds(arrays, self.mel)

    def band_of(self, hertz: float) -> float:
        return band_of(hertz, self.mel)


@cache
def _part(mel: MelRecipe, segments: int) -> MelRecipe:
    return MelRecipe.from_json(mel.to_json() | {"clip_seconds": mel.clip_seconds / segments})
