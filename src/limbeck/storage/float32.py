"""The numbers as they are, four bytes each (`float32`).

Differs from what was distilled: nothing.      Size: four bytes a number.
"""

from collections.abc import Mapping
from typing import final

from torch import Tensor

from limbeck.storage._contract import Coder, Meanings, Payload


@final
class Float32(Coder):
    """Tensors in network scale, exactly."""

    def encode(self, tensors: Mapping[str, Tensor], meanings: Meanings) -> Payload:
        return dict(tensors)

    def decode(self, payload: Payload, meanings: Meanings) -> dict[str, Tensor]:
        return dict(payload)
