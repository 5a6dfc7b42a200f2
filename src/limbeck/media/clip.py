"""One decoded clip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from limbeck.media.recipe import ClipRecipe


@dataclass(frozen=True)
class RawClip:
    """Sound and picture of one clip, decoded but not yet a spectrogram.

    Attributes:
        waveform: Mono, float32 in [-1, 1], shape (sample,), at the recipe's rate and length; None where the recipe asks
            for no sound.
        frame: RGB, uint8, shape (height, width, 3), at the recipe's size; None where it asks for no picture.
        repairs: What was mended on the way, for people (``"sound ended 0.20 s early: padded with silence"``).
    """

    waveform: npt.NDArray[np.floating[Any]] | None
    frame: npt.NDArray[np.uint8] | None
    repairs: tuple[str, ...] = ()

    @classmethod
    def blank(cls, recipe: ClipRecipe) -> Self:
        """Silence and a black picture, as far as the recipe asks for either."""
        return cls(
            np.zeros(recipe.mel.samples, np.float32) if "audio" in recipe.tracks else None,
            np.zeros((recipe.image_size, recipe.image_size, 3), np.uint8) if "image" in recipe.tracks else None,
        )

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of what there is, by name.

        Example:
            >>> RawClip.blank(ClipRecipe(image_size=8)).shapes
            {'waveform': (11000,), 'frame': (8, 8, 3)}
        """
        parts = {"waveform": self.waveform, "frame": self.frame}
        return {name: array.shape for name, array in parts.items() if array is not None}

    @property
    def sound(self) -> npt.NDArray[np.floating[Any]]:
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
