"""What every form of storage is: how the pairs of a distilled set become bytes, and what a student then sees."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor

from limbeck._config import Config
from limbeck._discover import Listed
from limbeck.datasets import Scale
from limbeck.media import ClipRecipe

Payload = Mapping[str, Tensor]
"""What is written, by name: everything that must be known beside the form, the recipe and the scale."""


class Storage(Config, Listed, ABC):
    """Settings of a form. One module of the room defines one.

    A set is always what its payload decodes to, in memory as after loading, so that a student never sees more than
    what was kept.
    """

    room: ClassVar[str] = "limbeck.storage"

    @abstractmethod
    def decode(self, payload: Payload, scale: Scale, recipe: ClipRecipe) -> tuple[Tensor, Tensor]:
        """What a student sees.

        Args:
            payload: Of this form.
            scale: What networks see.
            recipe: How recordings become arrays.

        Returns:
            Log-mel, float32, (pair, 1, mel, frame), and frames, float32, (pair, 3, height, width), in network scale.
            The same payload gives the same bits on the same kind of machine.

        Raises:
            InputError: The payload cannot be decoded.
        """

    def join(self, payloads: Sequence[Payload], order: Tensor) -> Payload:
        """One payload of several, without decoding.

        Args:
            payloads: Of this form.
            order: int64, (pair,): which pair of all of them, one after the other, comes first, second, ...
        """
        return {name: torch.cat([p[name] for p in payloads])[order] for name in payloads[0]}


class Coder(Storage, ABC):
    """A form that any pairs can be put in."""

    @abstractmethod
    def encode(self, audio: Tensor, image: Tensor, scale: Scale) -> Payload:
        """Pairs as they are kept.

        Args:
            audio: Log-mel in network scale, float32, (pair, 1, mel, frame).
            image: Frames in network scale, float32, (pair, 3, height, width).
            scale: What makes them decibels and pixels.
        """


def payload_bytes(payload: Payload) -> int:
    """Bytes of everything in a payload. Names, shapes and the file's own header are not counted."""
    return sum(tensor.numel() * tensor.element_size() for tensor in payload.values())
