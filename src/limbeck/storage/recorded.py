"""Real clips as JPEG and Opus: pictures and sound themselves, not the numbers networks see (`recorded`).

A student sees what comes back: the picture decoded, and the sound decoded, resampled and made a log-mel by the recipe.
Only recordings can be kept so (a log-mel holds no phase), so the method `coded` makes such sets.

Size:     measured. Counted are the bytes of every Opus packet with its length (one or two bytes), a byte of gain a
          clip, every picture file, four bytes for the length of either, and once the beginning all picture files share.
          Not counted are the 19 bytes of Opus's own header, which are the same for every sound.
"""

from __future__ import annotations

from typing import final

import torch
from pydantic import Field
from torch import Tensor

from limbeck.media import ClipRecipe, RawClip, log_mel
from limbeck.storage._files import Files
from limbeck.storage._opus import decode_opus, encode_opus
from limbeck.storage._pictures import PictureCodec

_STEPS_A_DB = 256


@final
class Recorded(Files):
    """Opus packets and picture files.

    Attributes:
        picture: Kind of file of the frames.
        opus_bitrate: Bits a second, about.
    """

    picture: PictureCodec = "jpeg"
    opus_bitrate: int = Field(12_000, ge=6_000, le=256_000)

    def code(self, clip: RawClip, recipe: ClipRecipe) -> tuple[bytes, bytes]:
        """The bytes of a clip's sound and of its picture.

        Args:
            clip: A recording.
            recipe: How it became arrays.
        """
        sound = encode_opus(clip.waveform, recipe.mel.sample_rate_hz, self.opus_bitrate)
        return sound, self.code_picture(torch.from_numpy(clip.frame).permute(2, 0, 1))

    def decibels(self, sound: bytes, recipe: ClipRecipe) -> Tensor:
        """The log-mel of the decoded sound by the recipe, in steps of 1/256 dB; see `Files.decibels`.

        In float64, and rounded: in float32 a Fourier transform comes out otherwise with another instruction set, and
        with some libraries at another place in memory. That is lost in the rounding, and a set decodes to the same.
        """
        mel = recipe.mel
        waveform = torch.from_numpy(decode_opus(sound, mel.sample_rate_hz, mel.samples))
        return log_mel(waveform, mel).mul(_STEPS_A_DB).round().div(_STEPS_A_DB).float()[None]
