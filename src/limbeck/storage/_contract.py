"""What every form of storage is: how the tensors of a distilled set become bytes, and what is left of them."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, NamedTuple

import torch
from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer
from torch import Tensor

from limbeck import _discover
from limbeck._config import Config
from limbeck._discover import Listed
from limbeck.errors import InputError
from limbeck.modalities import Modality, Scale

Payload = Mapping[str, Tensor]
"""What is written, by name: everything that must be known beside the form and what the tensors mean."""


class Meaning(NamedTuple):
    """What makes the numbers of a tensor decibels or pixels: what its rows are samples of, and on which scale."""

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
        """One payload of several of this form, without decoding.

        The `order`, int64, (row,), says which row of all of the `payloads`, one after the other, comes first, second...
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


class Form(Config):
    """A form of the room, with its options. A name alone may be given for it.

    Attributes:
        name: Name of a form of storage, see ``limbeck list storage``.
        options: Settings of the form that differ from its defaults.

    Example:
        >>> Form(name="coded", options={"picture_quality": 30}).build().picture_quality
        30
    """

    name: str = "float32"
    options: dict[str, Any] = Field(default_factory=dict)

    def build(self) -> Coder:
        """The form's settings object.

        Raises:
            UnknownNameError: No form has this name.
            InputError: The options do not fit it, or it keeps recordings, which pairs in general are not.
        """
        form = _discover.load(Storage, self.name).from_json(self.options)
        if not isinstance(form, Coder):
            raise InputError(
                f"The form {self.name!r} keeps recordings, and pairs of numbers are none; the method 'coded' makes it. "
                "Choose another: float32, uint8 or coded."
            )
        return form

    def named(self) -> Coder:
        return self.build()


def _checked(form: Form) -> Form:
    form.build()
    return form


NamedForm = Annotated[
    Form,
    BeforeValidator(lambda value: {"name": value} if isinstance(value, str) else value),
    AfterValidator(_checked),
    PlainSerializer(lambda form: form.to_json() if form.options else form.name),
]
"""A `Form` as settings carry it: the name alone where there are no options."""
