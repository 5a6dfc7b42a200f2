"""Real clips as JPEG and Opus: the recordings' own tracks, not the numbers networks see (`recorded`).

A student sees what comes back: the picture decoded, the sound decoded and resampled, and of these the array of each
modality. Only recordings can be kept so (a log-mel holds no phase), so the method `coded` makes such sets.

Size:     measured. Counted are the bytes of every Opus packet with its length (one or two bytes), a byte of gain a
          clip, every picture file, four bytes for the length of either, and once the beginning all picture files share.
          Not counted are the 19 bytes of Opus's own header, which are the same for every sound.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, final

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from torch import Tensor

from limbeck.media import ClipRecipe, RawClip
from limbeck.modalities import Modality
from limbeck.storage import _chunks
from limbeck.storage._contract import Meanings, Payload, Storage
from limbeck.storage._opus import decode_opus, encode_opus
from limbeck.storage._pictures import PictureCodec, common_beginning, decode_rgb, encode_rgb

_STEPS = 256


@final
class Recorded(Storage):
    """Opus packets of the sound and a file of the picture, of the tracks that the modalities are made of.

    Attributes:
        picture: Kind of file of the frames.
        picture_quality: 1 (worst) to 100.
        opus_bitrate: Bits a second, about.
    """

    picture: PictureCodec = "jpeg"
    picture_quality: int = Field(50, ge=1, le=100)
    opus_bitrate: int = Field(12_000, ge=6_000, le=256_000)

    def code(self, clip: RawClip, modalities: Mapping[str, Modality]) -> dict[str, bytes]:
        """The bytes of a `clip`'s tracks, by track, of those that the `modalities` are made of."""
        found, tracks, recipe = {}, *_tracks(modalities.values())
        if "audio" in tracks:
            found["audio"] = encode_opus(clip.sound, recipe.mel.sample_rate_hz, self.opus_bitrate)
        if "image" in tracks:
            found["image"] = encode_rgb(clip.picture, self.picture, self.picture_quality)
        return found

    def payload(self, codes: Iterable[Mapping[str, bytes]]) -> Payload:
        """What is written of some clips, by track."""
        return _chunks.pack_all(codes)

    def shared(self, code: Mapping[str, bytes]) -> int:
        """Bytes that the pictures of all clips of this size and quality begin with."""
        return common_beginning(code["image"], self.picture) if "image" in code else 0

    def decode(self, payload: Payload, meanings: Meanings) -> dict[str, Tensor]:
        """Tracks to arrays, and those to network scale; see `Storage.decode`."""
        tracks, recipe = _tracks(meaning.modality for meaning in meanings.values())
        pieces = zip(*(_chunks.unpack(track, payload) for track in tracks), strict=True)
        mel = recipe.mel
        clips = [
            RawClip(
                decode_opus(chunks["audio"], mel.sample_rate_hz, mel.samples) if "audio" in chunks else None,
                decode_rgb(chunks["image"], self.picture) if "image" in chunks else None,
            )
            for chunks in (dict(zip(tracks, each, strict=True)) for each in pieces)
        ]
        return {
            name: modality.to_network(_rounded(np.stack([modality.array(clip) for clip in clips])), scale)
            for name, (modality, scale) in meanings.items()
        }

    def join(self, payloads: Sequence[Payload], order: Tensor) -> Payload:
        """See `Storage.join`."""
        return _chunks.join(payloads, order)


def _rounded(arrays: npt.NDArray[Any]) -> Tensor:
    """Arrays as they are prepared; floating-point ones in steps of 1/256 of their unit.

    They come in float64: in float32 a Fourier transform comes out otherwise with another instruction set, and with some
    libraries at another place in memory. That is lost in the rounding, and a set decodes to the same.
    """
    x = torch.from_numpy(arrays)
    return x.mul(_STEPS).round().div(_STEPS).float() if x.is_floating_point() else x


def _tracks(modalities: Iterable[Modality]) -> tuple[list[str], ClipRecipe]:
    """The tracks that modalities are made of, in the order of their names, and how they are decoded."""
    listed = list(modalities)
    return sorted({modality.track for modality in listed}), listed[0].recipe
