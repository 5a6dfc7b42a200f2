"""What every form of storage is: how the tensors of a distilled set become bytes, and what is left of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from limbeck._config import Config
from limbeck._discover import Listed
from limbeck.errors import InputError
from limbeck.modalities import Modality, Scale

Payload = Mapping[str, Tensor]
"""What is written, by name: everything that must be known beside the form and what the tensors mean."""


class Meaning(NamedTuple):
    """What makes the numbers of a tensor decibels or pixels.

    Attributes:
        modality: What its rows are samples of.
        scale: On which they are.
    """

    modality: Modality
    scale: Scale


Meanings = Mapping[str, Meaning]
"""By tensor; empty where the tensors are no samples but other numbers (coefficients, say)."""


class Storage(Config, Listed, ABC):
    """Settings of a form. One module of the room defines one.

    A set is always what its payload decodes to, in memory as after loading, so that a student never sees more than
    what was kept.
    """

    room: ClassVar[str] = "limbeck.storage"

    @abstractmethod
    def decode(self, payload: Payload, meanings: Meanings) -> dict[str, Tensor]:
        """A `payload` of this form as the float32 tensors, by name, that samples are made of, by their `meanings`.

        The same payload gives the same bits on the same kind of machine.

        Raises:
            InputError: The payload cannot be decoded.
        """

    def join(self, payloads: Sequence[Payload], order: Tensor) -> Payload:
        """One payload of several, without decoding.

        Args:
            payloads: Of this form.
            order: int64, (row,): which row of all of them, one after the other, comes first, second, ...
        """
        return {name: torch.cat([p[name] for p in payloads])[order] for name in payloads[0]}


class Coder(Storage, ABC):
    """A form that tensors can be put in."""

    @abstractmethod
    def encode(self, tensors: Mapping[str, Tensor], meanings: Meanings) -> Payload:
        """Float32 `tensors` in network scale as they are kept, by their `meanings`.

        Raises:
            InputError: The form is for samples, and the tensors are none.
        """

    def for_samples(self, meanings: Meanings) -> Meanings:
        """Refuse tensors that are no samples, for forms that keep decibels and pixels."""
        if not meanings:
            raise InputError(
                f"The storage {self.name!r} rounds decibels and pixels, but the tensors of this set are other numbers. "
                "Leave the storage out (float32), or hold samples as plain or in a mosaic."
            )
        return meanings


def payload_bytes(payload: Payload) -> int:
    """Bytes of everything in a payload. Names, shapes and the file's own header are not counted."""
    return sum(tensor.numel() * tensor.element_size() for tensor in payload.values())
