"""How loud a sound is from moment to moment (`envelope`), float32 (1, 16, 16), dB: line below line, as one reads."""

from __future__ import annotations

from typing import ClassVar, Literal, final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from limbeck.media import RawClip
from limbeck.modalities import Modality, Scale, ScaleKind, Statistics

SIDE = 16


@final
class Envelope(Modality):
    """Root mean square of 256 stretches of the sound."""

    letter: ClassVar[str] = "E"
    track: ClassVar[Literal["audio", "image"]] = "audio"
    unit: ClassVar[str] = "dB re 1.0"
    axes: ClassVar[tuple[str, str, str]] = ("1", "line", "moment")
    keeps: ClassVar[frozenset[str]] = frozenset({"flip", "rotate"})

    @property
    def shape(self) -> tuple[int, int, int]:
        """(1, 16, 16)."""
        return (1, SIDE, SIDE)

    def array(self, raw: RawClip) -> npt.NDArray[np.floating]:
        """The loudness of each stretch."""
        sound = raw.sound
        stretches = sound[: len(sound) // SIDE**2 * SIDE**2].reshape(SIDE**2, -1)
        loud = 10 * np.log10(np.square(stretches).mean(1) + 1e-10)
        return loud.reshape(self.shape).astype(sound.dtype)

    def scale(self, statistics: Statistics, kind: ScaleKind) -> Scale:
        """Mean 0 and deviation 1."""
        return Scale(mean=statistics.mean, std=tuple(max(s, 1.0) for s in statistics.std))

    def show(self, arrays: Tensor) -> Tensor:
        """From black, silence, to white."""
        return ((arrays[:, 0] + 100) * 2.55).clamp(0, 255).to(torch.uint8)
