"""Eight bits a number (`uint8`).

Pictures are rounded to whole pixel values, 0 to 255. Log-mels, and whatever else is prepared as float32, are rounded to
256 levels between the lowest and the highest value of their sample, each taken to the next whole decibel (or unit).

Differs from what was distilled: a pixel by at most half a pixel value, but what lay outside of 0..255 (which
          optimisation does not forbid) becomes 0 or 255; a log-mel by at most half a level: ``(highest - lowest)``
          over 510, 0.25 dB where it spans 130 dB.
Size:     a byte a number, and four bytes for the range of each log-mel: a quarter of `float32`.
"""

from collections.abc import Mapping
from typing import final

import torch
from torch import Tensor

from limbeck.storage._contract import Coder, Meanings, Payload

_TOP = 255
_WHOLE = torch.iinfo(torch.int16)


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
        found = {}
        for name, (modality, scale) in meanings.items():
            span = payload.get(f"{name}_range")
            arrays = payload[name] if span is None else from_levels(payload[name], span)
            found[name] = modality.to_network(arrays, scale)
        return found


def to_levels(decibels: Tensor) -> tuple[Tensor, Tensor]:
    """Round each sample to 256 levels, uint8, between its lowest and highest value, int16, (sample, 2), whole decibels.

    Example:
        >>> levels, span = to_levels(torch.tensor([[[[-100.0, 0.0, 26.9]]]]))
        >>> levels.flatten().tolist(), span.tolist()
        ([0, 201, 255], [[-100, 27]])
    """
    low = decibels.flatten(1).amin(1).floor().clamp(_WHOLE.min, _WHOLE.max - 1)
    high = torch.maximum(decibels.flatten(1).amax(1).ceil(), low + 1).clamp(max=_WHOLE.max)
    span = torch.stack([low, high], 1).to(torch.int16)
    zero, step = _affine(span, decibels)
    return ((decibels - zero) / step).round().clamp(0, _TOP).to(torch.uint8), span


def from_levels(levels: Tensor, span: Tensor) -> Tensor:
    """Decibels of levels, float32, of the same shape, given the `span`: those of level 0 and level 255, (sample, 2)."""
    zero, step = _affine(span, levels)
    return zero + step * levels.float()


def _affine(span: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
    low, high = (side.float().view(-1, *[1] * (like.ndim - 1)) for side in span.unbind(1))
    return low, (high - low) / _TOP
