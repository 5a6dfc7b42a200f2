"""Half precision, two bytes a number (`halves`).

Size: half of float32.
"""

from __future__ import annotations

from typing import final

from torch import Tensor

from limbeck.datasets import Scale
from limbeck.media import ClipRecipe
from limbeck.storage import Coder, Payload


@final
class Halves(Coder):
    """Log-mels and frames as float16."""

    def encode(self, audio: Tensor, image: Tensor, scale: Scale) -> Payload:
        """Rounded; see `Coder.encode`."""
        return {"audio": audio.half(), "image": image.half()}

    def decode(self, payload: Payload, scale: Scale, recipe: ClipRecipe) -> tuple[Tensor, Tensor]:
        """As float32; see `Storage.decode`."""
        return payload["audio"].float(), payload["image"].float()
