"""One decoded clip."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class RawClip:
    """Sound and picture of one clip, decoded but not yet a spectrogram.

    Attributes:
        waveform: Mono, float32 in [-1, 1], shape (sample,), at the recipe's rate and length; None where the recipe asks
            for no sound.
        frame: RGB, uint8, shape (height, width, 3), at the recipe's size; None where it asks for no picture.
        repairs: What was mended on the way, for people (``"sound ended 0.20 s early: padded with silence"``).
    """

    waveform: npt.NDArray[np.float32] | None
    frame: npt.NDArray[np.uint8] | None
    repairs: tuple[str, ...] = ()

    @property
    def sound(self) -> npt.NDArray[np.float32]:
        """The waveform, of a clip that has one."""
        if self.waveform is None:
            raise ValueError("the recipe asks for no sound, so none was decoded")
        return self.waveform

    @property
    def picture(self) -> npt.NDArray[np.uint8]:
        """The frame, of a clip that has one."""
        if self.frame is None:
            raise ValueError("the recipe asks for no picture, so none was decoded")
        return self.frame
