"""The numbers as they are, four bytes each (`float32`).

Differs from what was distilled: nothing.      Size: ``4 * (mel * frame + 3 * height * width)`` bytes a pair.
"""

from __future__ import annotations

from typing import final

from torch import Tensor

from limbeck.datasets import Scale
from limbeck.media import ClipRecipe
from limbeck.storage._contract import Coder, Payload


@final
class Float32(Coder):
    """Log-mels and frames in network scale, exactly."""

    def encode(self, audio: Tensor, image: Tensor, scale: Scale) -> Payload:
        """The pairs themselves; see `Coder.encode`."""
        return {"audio": audio, "image": image}

    def decode(self, payload: Payload, scale: Scale, recipe: ClipRecipe) -> tuple[Tensor, Tensor]:
        """The pairs themselves; see `Storage.decode`."""
        return payload["audio"], payload["image"]
