"""Whole multiples of a step, entropy coded (`quantised`).

Where a number says little, few bits are spent on it: each becomes a multiple of one `step` near it, and these are
coded with a distribution of their own for every place in a row, so that a coefficient that is nearly always 0 takes
nearly no room. One step for all is what costs the least squared error at a size; how often it is left behind at a
place, not how wide the values spread there, decides the bits. That is for cosine coefficients (``--hold
frequencies:1``), which have their energy in few places; the same samples as they are take four to ten times as much.

Rows that are equal (a sound beside several pictures) are kept once. Where a row has axes of its own before the last
three (frames, or the directions of a `generator`), these share distributions with the rows if that takes less.

Source:   coding transforms in this way: ITU-T T.81 (JPEG), with an arithmetic coder in place of Huffman's; the
          coder: Bamler, "Understanding Entropy Coding With Asymmetric Numeral Systems", 2022 (`constriction`).
Differs from what was distilled: a number by at most 0.65 steps towards 0 or 0.35 away from it, in network scale, in
          which numbers have deviation 1 where they are standardised.
Size:     measured. Counted are the coded numbers, the table of distributions, a number of each row where rows are
          equal, shapes and a checksum.
"""

import math
import zlib
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Annotated, Any, final

import constriction
import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from torch import Tensor

from limbeck.errors import InputError
from limbeck.storage._contract import Coder, Meanings, Payload, payload_bytes

Step = Annotated[float, Field(gt=0, lt=1e6)]
Levels = npt.NDArray[np.int32]

_DEAD = 0.15
"""Of a step that values must be beyond the middle, to be moved away from 0: that saves more bits than it costs."""
_MOST = 2**15 - 1
_LEAST_MEAN, _GROWTH = 2.0**-6, 1.1875
_DISTRIBUTIONS = 80
_MOST_PLACES, _MOST_NUMBERS = 2**26, 2**31
"""What claims more than these was made to fill the memory."""


@final
class Quantised(Coder):
    """Multiples of a step by an entropy coder.

    Attributes:
        step: Distance of the values that are kept, > 0, in network scale; for all modalities or for each.
    """

    step: Step | dict[str, Step] = 1.0

    def encode(self, tensors: Mapping[str, Tensor], meanings: Meanings) -> Payload:
        return _written({name: _rounded(name, x, self._step(name)) for name, x in tensors.items()})

    def decode(self, payload: Payload, meanings: Meanings) -> dict[str, Tensor]:
        return {name: torch.from_numpy(x).float() * self._step(name) for name, x in _read(payload).items()}

    def join(self, payloads: Sequence[Payload], order: Tensor) -> Payload:
        parts = [_read(payload) for payload in payloads]
        return _written({name: np.concatenate([part[name] for part in parts])[order.numpy()] for name in parts[0]})

    def _step(self, name: str) -> float:
        if not isinstance(self.step, dict):
            return self.step
        modality = name.partition(".")[0]
        if modality not in self.step:
            raise InputError(
                f"The storage 'quantised' has steps for {', '.join(self.step)}, but the set has {modality}; give it "
                "one too, or one step for all."
            )
        return self.step[modality]


def _rounded(name: str, x: Tensor, step: float) -> Levels:
    levels = torch.sign(x) * torch.floor(x.abs() / step + (0.5 - _DEAD))
    if len(x) and not (largest := float(levels.abs().max())) <= _MOST:
        raise InputError(
            f"A number of {name} is too large to be kept as 'quantised': it is {largest:g} steps of {step:g}, and "
            f"{_MOST} are the most. Choose a larger step."
        )
    return levels.to(torch.int32).numpy()


def _written(tensors: Mapping[str, Levels]) -> dict[str, Tensor]:
    """The payload of some multiples, by tensor: code, table, shape and, where rows are equal, which each row is."""
    payload: dict[str, Tensor] = {}
    for name, levels in tensors.items():
        seen: dict[bytes, int] = {}
        number = np.array([seen.setdefault(row.tobytes(), len(seen)) for row in levels])
        if len(seen) < len(levels):
            levels = levels[np.unique(number, return_index=True)[1]]
            payload[f"{name}_rows"] = torch.from_numpy(number.astype(np.int16 if len(seen) < _MOST else np.int32))
        ways = [_coded(levels, alike) for alike in range(1, max(2, levels.ndim - 2))]
        payload |= {f"{name}{part}": x for part, x in min(ways, key=payload_bytes).items()}
        payload[f"{name}_check"] = torch.tensor([_check(levels)], dtype=torch.int64).to(torch.int32)
    return payload


def _coded(levels: Levels, alike: int) -> Payload:
    """Code, table and shape of multiples whose first axes, so many, have the same distributions."""
    flat = levels.reshape(math.prod(levels.shape[:alike]), math.prod(levels.shape[alike:]))
    places = _distributions(flat)
    widest = [int(np.abs(flat[:, places == one]).max()) for one in _present(places)]
    coder = constriction.stream.queue.RangeEncoder()
    for one, most in zip(_present(places), widest, strict=True):
        coder.encode(flat[:, places == one].ravel() + most, _model(one, most))
    table = zlib.compress(places.tobytes() + np.array(widest, np.int16).tobytes(), 9)
    return {
        "": torch.from_numpy(coder.get_compressed().view(np.int32).copy()),
        "_table": torch.frombuffer(bytearray(table), dtype=torch.uint8),
        "_shape": torch.tensor([alike, *levels.shape], dtype=torch.int32),
    }


def _read(payload: Payload) -> dict[str, Levels]:
    found = {}
    for name in (key.removesuffix("_shape") for key in payload if key.endswith("_shape")):
        try:
            alike, *shape = payload[f"{name}_shape"].tolist()
            count = math.prod(shape[:alike])
            reader = zlib.decompressobj()
            table = reader.decompress(payload[f"{name}_table"].numpy().tobytes(), _MOST_PLACES)
            if not reader.eof:
                raise ValueError("its table is cut short")
            places = np.frombuffer(table, np.uint8, math.prod(shape[alike:]))
            widest = np.frombuffer(table, np.int16, offset=len(places)).tolist()
            if count * len(places) > _MOST_NUMBERS:
                raise ValueError(f"it claims {count} rows of {len(places)} numbers")
            flat = np.zeros((count, len(places)), np.int32)
            coder = constriction.stream.queue.RangeDecoder(payload[name].numpy().view(np.uint32))
            for one, most in zip(_present(places), widest, strict=True):
                at = places == one
                symbols = coder.decode(_model(one, most), count * int(at.sum()))
                flat[:, at] = symbols.reshape(count, int(at.sum())) - most
            if _check(flat) != int(payload[f"{name}_check"]):
                raise ValueError("its checksum is another one")
            rows, levels = payload.get(f"{name}_rows"), flat.reshape(shape)
            found[name] = levels if rows is None else levels[rows.numpy()]
        except (KeyError, IndexError, ValueError, zlib.error) as error:
            raise InputError(f"The {name} of this set is damaged ({error}); distil again.") from error
    return found


def _distributions(flat: Levels) -> npt.NDArray[np.uint8]:
    """By place which distribution is nearest, from 1; 0 where all are 0."""
    means = np.abs(flat).sum(0) / max(1, len(flat))
    return np.where(means > 0, 1 + np.abs(np.log(_means() / means[:, None].clip(1e-9))).argmin(1), 0).astype(np.uint8)


def _present(places: npt.NDArray[np.uint8]) -> list[int]:
    return [one for one in np.unique(places).tolist() if one]


@cache
def _means() -> npt.NDArray[np.float64]:
    """Mean absolute values of the distributions."""
    return np.multiply.accumulate(np.array([_LEAST_MEAN] + [_GROWTH] * (_DISTRIBUTIONS - 1)))


def _model(one: int, most: int) -> Any:
    """The discrete Laplace distribution on -most to most, as symbols from 0 on.

    Only sums, products and roots are in it, which are the same on every machine, as the code demands.
    """
    mean = _means()[one - 1]
    ratio = (np.sqrt(1 + mean**2) - 1) / mean
    falling = np.cumprod(np.r_[1.0, np.full(most, ratio)])
    weights = np.r_[falling[:0:-1], falling]
    return constriction.stream.model.Categorical(weights / np.cumsum(weights)[-1], perfect=False)


def _check(flat: Levels) -> int:
    crc = zlib.crc32(np.ascontiguousarray(flat).tobytes())
    return crc - 2**32 if crc >= 2**31 else crc
