"""One decoded clip."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class RawClip:
    """Sound and picture of one clip, decoded but not yet a spectrogram.

    Attributes:
        waveform: Mono, float32 in [-1, 1], shape (sample,), at the recipe's rate and length.
        frame: RGB, uint8, shape (height, width, 3), at the recipe's size.
        repairs: What was mended on the way, for people (``"sound ended 0.20 s early: padded with silence"``).
    """

    waveform: npt.NDArray[np.float32]
    frame: npt.NDArray[np.uint8]
    repairs: tuple[str, ...] = ()
