"""Pieces of different length as tensors: their bytes one after the other, their lengths, and the beginning all share.

Files of one kind and quality begin alike (of a small JPEG that is most of it), so the common beginning is kept once.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise, takewhile

import numpy as np
import torch
from torch import Tensor

from limbeck.errors import InputError
from limbeck.storage._contract import Payload, Storage


class Pieces(Storage):
    """A form that keeps each sample as pieces of some bytes, one of every name."""

    def payload(self, codes: Iterable[Mapping[str, bytes]]) -> dict[str, Tensor]:
        """What is written of some samples' pieces, by name; see `pack`."""
        listed = list(codes)
        return {key: t for name in listed[0] for key, t in pack(name, [code[name] for code in listed]).items()}

    def join(self, payloads: Sequence[Payload], order: Tensor) -> Payload:
        names = [name.removesuffix("_lengths") for name in payloads[0] if name.endswith("_lengths")]
        every = {name: [chunk for payload in payloads for chunk in unpack(name, payload)] for name in names}
        return self.payload({name: chunks[i] for name, chunks in every.items()} for i in order.tolist())


def pack(name: str, chunks: Sequence[bytes]) -> dict[str, Tensor]:
    """Pieces as tensors: ``NAME`` (uint8), ``NAME_lengths`` (int32, (piece,)), ``NAME_head`` (uint8).

    Example:
        >>> {name: t.tolist() for name, t in pack("x", [b"ab1", b"ab22"]).items()}
        {'x': [49, 50, 50], 'x_lengths': [1, 2], 'x_head': [97, 98]}
    """
    ends = zip(min(chunks), max(chunks), strict=False) if len(chunks) > 1 else ()
    head = bytes(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], ends))
    rest = [chunk[len(head) :] for chunk in chunks]
    lengths = torch.tensor([len(chunk) for chunk in rest], dtype=torch.int32)
    return {name: tensor_of(b"".join(rest)), f"{name}_lengths": lengths, f"{name}_head": tensor_of(head)}


def unpack(name: str, payload: Mapping[str, Tensor]) -> list[bytes]:
    """The pieces again."""
    whole, head = (payload[key].numpy().tobytes() for key in (name, f"{name}_head"))
    lengths = payload[f"{name}_lengths"].tolist()
    if sum(lengths) != len(whole) or min(lengths, default=0) < 0:
        raise InputError(
            f"The {name} of this set is damaged: its pieces have {sum(lengths)} bytes, but there are {len(whole)}."
        )
    ends = np.cumsum([0, *lengths]).tolist()
    return [head + whole[a:b] for a, b in pairwise(ends)]


def tensor_of(content: bytes) -> Tensor:
    """Bytes as a tensor, uint8, (byte,)."""
    return torch.from_numpy(np.frombuffer(content, np.uint8).copy())
