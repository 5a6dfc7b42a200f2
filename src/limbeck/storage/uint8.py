"""Eight bits a number (`uint8`).

Pictures are rounded to whole pixel values, 0 to 255. Log-mels, and whatever else is prepared as float32, are rounded to
256 levels between the lowest and the highest value of their sample, each taken to the next whole decibel (or unit).

Differs from what was distilled: a pixel by at most half a pixel value, but what lay outside of 0..255 (which
          optimisation does not forbid) becomes 0 or 255; a log-mel by at most half a level: ``(highest - lowest)``
          over 510, 0.25 dB where it spans 130 dB.
Size:     a byte a number, and four bytes for the range of each log-mel: a quarter of `float32`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import torch
from torch import Tensor

from limbeck.storage._contract import Coder, Meanings, Payload
from limbeck.storage._levels import from_levels, to_levels


@final
class UInt8(Coder):
    """Pixel values, and levels of decibels, one byte each."""

    def encode(self, tensors: Mapping[str, Tensor], meanings: Meanings) -> Payload:
        """Each tensor as uint8 in its shape; beside levels their ``NAME_range``, int16, (row, 2)."""
        payload: dict[str, Tensor] = {}
        for name, (modality, scale) in self.for_samples(meanings).items():
            arrays = modality.from_network(tensors[name], scale)
            if arrays.dtype == torch.uint8:
                payload[name] = arrays
            else:
                payload[name], payload[f"{name}_range"] = to_levels(arrays)
        return payload

    def decode(self, payload: Payload, meanings: Meanings) -> dict[str, Tensor]:
        """Levels to decibels, pixel values to network scale; see `Storage.decode`."""
        found = {}
        for name, (modality, scale) in meanings.items():
            span = payload.get(f"{name}_range")
            arrays = payload[name] if span is None else from_levels(payload[name], span)
            found[name] = modality.to_network(arrays, scale)
        return found
