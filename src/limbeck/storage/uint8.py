"""Eight bits a number (`uint8`).

Pictures are rounded to whole pixel values, 0 to 255. Log-mels are rounded to 256 levels between the lowest and the
highest decibel of their pair, each taken to the next whole decibel.

Differs from what was distilled: a pixel by at most half a pixel value, but what lay outside of 0..255 (which
          optimisation does not forbid) becomes 0 or 255; a log-mel by at most half a level: ``(highest - lowest)``
          over 510, 0.25 dB where it spans 130 dB.
Size:     ``mel * frame + 4 + 3 * height * width`` bytes a pair: a quarter of `float32`.
"""

from __future__ import annotations

from typing import final

from torch import Tensor

from limbeck.datasets import Scale
from limbeck.media import ClipRecipe
from limbeck.storage._contract import Coder, Payload
from limbeck.storage._levels import from_levels, to_levels


@final
class UInt8(Coder):
    """Pixel values and levels of decibels, one byte each."""

    def encode(self, audio: Tensor, image: Tensor, scale: Scale) -> Payload:
        """``audio`` and ``image``, uint8 in the pairs' shapes, and ``audio_range``, int16, (pair, 2), dB."""
        levels, span = to_levels(scale.to_db(audio))
        return {"audio": levels, "audio_range": span, "image": scale.to_pixels(image)}

    def decode(self, payload: Payload, scale: Scale, recipe: ClipRecipe) -> tuple[Tensor, Tensor]:
        """Levels to decibels, pixel values to network scale; see `Storage.decode`."""
        decibels = from_levels(payload["audio"], payload["audio_range"])
        return scale.audio(decibels), scale.image(payload["image"])
