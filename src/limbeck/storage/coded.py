"""Pictures as WebP or JPEG files, log-mels as grey ones (`coded`).

A log-mel is rounded to 256 levels as in `uint8`, and those are the brightness of a picture of ``mel`` rows and
``frame`` columns.

Differs from what was distilled: by what the quality costs; at the defaults a log-mel of a real recording is off by some
          3 dB (root mean square). What lay outside of the legal pixel values is cut off as in `uint8`. Synthetic
          pairs are noisier than real ones, and so larger and worse at the same quality.
Size:     measured; about an eighth of `uint8`. Counted are every file, four bytes for its length, four for a log-mel's
          range, and once the beginning that all files share (of a small JPEG most of the file).
"""

from __future__ import annotations

from typing import final

import torch
from pydantic import Field
from torch import Tensor

from limbeck.datasets import Scale
from limbeck.media import ClipRecipe
from limbeck.storage import _chunks
from limbeck.storage._contract import Coder, Payload
from limbeck.storage._files import Files
from limbeck.storage._levels import from_levels, to_levels
from limbeck.storage._pictures import GreyCodec, decode_grey, encode_grey

_SPAN_BYTES = 4


@final
class Coded(Files, Coder):
    """Every frame and every log-mel is a small picture file.

    Attributes:
        sound: Kind of file of the log-mels; ``"png"`` keeps every level.
        sound_quality: 1 (worst) to 100; nothing to ``"png"``.
    """

    sound: GreyCodec = "webp"
    sound_quality: int = Field(50, ge=1, le=100)

    def encode(self, audio: Tensor, image: Tensor, scale: Scale) -> Payload:
        """Files, their lengths and common beginnings; see `Coder.encode`."""
        sounds = [self.code_sound(x) for x in scale.to_db(audio)]
        return self.payload(zip(sounds, map(self.code_picture, scale.to_pixels(image)), strict=True))

    def code_sound(self, decibels: Tensor) -> bytes:
        """The file of a log-mel, float32, (1, mel, frame), dB, and behind it the decibels of level 0 and 255."""
        levels, span = to_levels(decibels[None])
        return encode_grey(levels[0, 0].numpy(), self.sound, self.sound_quality) + span.numpy().astype("<i2").tobytes()

    def decibels(self, sound: bytes, recipe: ClipRecipe) -> Tensor:
        """The log-mel of a file; see `Files.decibels`."""
        levels = torch.from_numpy(decode_grey(sound[:-_SPAN_BYTES], self.sound))
        span = _chunks.tensor_of(sound[-_SPAN_BYTES:]).view(torch.int16)
        return from_levels(levels[None, None], span[None])[0]
