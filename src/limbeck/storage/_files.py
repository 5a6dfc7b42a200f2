"""What `coded` and `recorded` share: a file for every frame, some bytes for every sound."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from limbeck.datasets import Scale
from limbeck.media import ClipRecipe
from limbeck.storage import _chunks
from limbeck.storage._contract import Payload, Storage
from limbeck.storage._pictures import PictureCodec, decode_rgb, encode_rgb


class Files(Storage, ABC):
    """Pairs that are coded one by one, each modality on its own.

    Attributes:
        picture: Kind of file of the frames.
        picture_quality: 1 (worst) to 100.
    """

    picture: PictureCodec = "webp"
    picture_quality: int = Field(50, ge=1, le=100)

    @abstractmethod
    def decibels(self, sound: bytes, recipe: ClipRecipe) -> Tensor:
        """The log-mel of a sound, float32, (1, mel, frame), dB re 1.0.

        Args:
            sound: Its bytes.
            recipe: How recordings become arrays.

        Raises:
            InputError: They cannot be decoded.
        """

    def code_picture(self, pixels: Tensor) -> bytes:
        """The file of a frame, uint8, (3, height, width)."""
        return encode_rgb(pixels.permute(1, 2, 0).numpy(), self.picture, self.picture_quality)

    def payload(self, codes: Iterable[tuple[bytes, bytes]]) -> Payload:
        """What is written of some pairs: the bytes of each one's sound and of its picture."""
        sounds, pictures = zip(*codes, strict=True)
        return _chunks.pack("audio", sounds) | _chunks.pack("image", pictures)

    def decode(self, payload: Payload, scale: Scale, recipe: ClipRecipe) -> tuple[Tensor, Tensor]:
        """Sounds to decibels, files to pixels, and those to network scale; see `Storage.decode`.

        One by one, so that a pair's bits do not depend on the pairs beside it.
        """
        sounds = [self.decibels(chunk, recipe) for chunk in _chunks.unpack("audio", payload)]
        pictures = [decode_rgb(chunk, self.picture) for chunk in _chunks.unpack("image", payload)]
        pixels = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous()
        return scale.audio(torch.stack(sounds)), scale.image(pixels)

    def join(self, payloads: Sequence[Payload], order: Tensor) -> Payload:
        """See `Storage.join`."""
        sounds, pictures = (
            [chunk for payload in payloads for chunk in _chunks.unpack(name, payload)] for name in ("audio", "image")
        )
        return self.payload((sounds[i], pictures[i]) for i in order.tolist())
