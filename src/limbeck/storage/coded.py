"""Samples as small picture files: frames as WebP or JPEG, log-mels as grey pictures (`coded`).

A log-mel, and whatever else is prepared as float32, is rounded to 256 levels as in `uint8`. Those are the brightness of
a grey picture, channel below channel, frame below frame. What is prepared as uint8 is a colour picture, each three
channels below the three before, or a grey one where channels are no multiple of three.

Differs from what was distilled: by what the quality costs; at the defaults a log-mel of a real recording is off by some
          3 dB (root mean square). What lay outside of the legal pixel values is cut off as in `uint8`. Synthetic
          samples are noisier than real ones, and so larger and worse at the same quality.
Size:     measured; about an eighth of `uint8`. Counted are every file, four bytes for its length, four for a log-mel's
          range, and once the beginning that all files share (of a small JPEG most of the file).
"""

from collections.abc import Mapping
from math import prod
from typing import final

import torch
from pydantic import Field
from torch import Tensor

from limbeck.errors import InputError
from limbeck.modalities import Modality
from limbeck.storage._chunks import Pieces, pack, tensor_of, unpack
from limbeck.storage._contract import Coder, Meanings, Payload
from limbeck.storage._pictures import (
    GreyCodec,
    PictureCodec,
    common_beginning,
    decode_grey,
    decode_rgb,
    encode_grey,
    encode_rgb,
)
from limbeck.storage.uint8 import from_levels, to_levels

_SPAN_BYTES = 4
_COLOURS = 3


@final
class Coded(Pieces, Coder):
    """Every sample is a picture file for each modality.

    Attributes:
        picture: Kind of file of colour pictures.
        picture_quality: 1 (worst) to 100.
        sound: Kind of file of levels; ``"png"`` keeps every level.
        sound_quality: 1 (worst) to 100; nothing to ``"png"``.
    """

    picture: PictureCodec = "webp"
    picture_quality: int = Field(50, ge=1, le=100)
    sound: GreyCodec = "webp"
    sound_quality: int = Field(50, ge=1, le=100)

    def encode(self, tensors: Mapping[str, Tensor], meanings: Meanings) -> Payload:
        payload: dict[str, Tensor] = {}
        for name, (modality, scale) in self.for_samples(meanings).items():
            payload |= pack(name, [self.code(x) for x in modality.from_network(tensors[name], scale)])
        return payload

    def decode(self, payload: Payload, meanings: Meanings) -> dict[str, Tensor]:
        # One by one, so that a sample's bits do not depend on the samples beside it.
        arrays = {
            name: torch.stack([self._array(chunk, modality) for chunk in unpack(name, payload)])
            for name, (modality, _) in meanings.items()
        }
        return {name: modality.to_network(arrays[name], scale) for name, (modality, scale) in meanings.items()}

    def code(self, array: Tensor) -> bytes:
        """The file of an array, (..., channel, height, width), and behind levels the values of level 0 and 255."""
        if _is_colour(array):
            below = array.reshape(-1, _COLOURS, *array.shape[-2:]).permute(0, 2, 3, 1).flatten(0, 1)
            return encode_rgb(below.numpy(), self.picture, self.picture_quality)
        if array.dtype == torch.uint8:
            return encode_grey(array.flatten(0, -2).numpy(), self.sound, self.sound_quality)
        levels, span = to_levels(array[None])
        grey = encode_grey(levels[0].flatten(0, -2).numpy(), self.sound, self.sound_quality)
        return grey + span.numpy().astype("<i2").tobytes()

    def shared(self, code: Mapping[str, bytes], modalities: Mapping[str, Modality]) -> int:
        """Bytes that the colour pictures of all samples of this size and quality begin with.

        The `code` has the files of a sample, by modality, of the `modalities`.
        """
        colour = (name for name, modality in modalities.items() if _is_colour(modality))
        return sum(common_beginning(code[name], self.picture) for name in colour)

    def _array(self, chunk: bytes, modality: Modality) -> Tensor:
        count = prod(modality.shape)
        if _is_colour(modality):
            picture = torch.from_numpy(decode_rgb(chunk, self.picture, most_pixels=count // _COLOURS))
            below = _checked(picture, count).view(-1, *modality.shape[-2:], _COLOURS)
            return below.permute(0, 3, 1, 2).contiguous().view(modality.shape)
        if modality.dtype == torch.uint8:
            grey = torch.from_numpy(decode_grey(chunk, self.sound, most_pixels=count))
            return _checked(grey, count).view(modality.shape)
        grey = torch.from_numpy(decode_grey(chunk[:-_SPAN_BYTES], self.sound, most_pixels=count))
        levels = _checked(grey, count).view(1, *modality.shape)
        return from_levels(levels, tensor_of(chunk[-_SPAN_BYTES:]).view(torch.int16)[None])[0]


def _checked(picture: Tensor, count: int) -> Tensor:
    """A picture that has so many numbers as a sample; another one is refused."""
    if picture.numel() != count:
        raise InputError(
            f"A picture of this set is damaged: it has {picture.numel()} numbers, but a sample has {count}. "
            "Distil again."
        )
    return picture


def _is_colour(array: Tensor | Modality) -> bool:
    """Whether the array, or those of the modality, make colour pictures."""
    return array.dtype == torch.uint8 and array.shape[-3] % _COLOURS == 0
