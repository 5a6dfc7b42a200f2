"""Half precision, two bytes a number (`halves`).

Size: half of float32.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

from torch import Tensor

from limbeck.storage import Coder, Meanings, Payload


@final
class Halves(Coder):
    """Samples as float16."""

    def encode(self, tensors: Mapping[str, Tensor], meanings: Meanings) -> Payload:
        """Rounded; see `Coder.encode`."""
        return {name: tensors[name].half() for name in self.for_samples(meanings)}

    def decode(self, payload: Payload, meanings: Meanings) -> dict[str, Tensor]:
        """As float32; see `Storage.decode`."""
        return {name: tensor.float() for name, tensor in payload.items()}
