"""Frozen pretrained audio-text encoders, one module each: sounds and texts to vectors in one space."""

from __future__ import annotations

from limbeck import _discover
from limbeck.encoders._contract import AudioEmbeddings, Encoder

__all__ = ["AudioEmbeddings", "Encoder", "load", "names"]

_ROOM = __name__


def names() -> tuple[str, ...]:
    """Names of all encoders."""
    return _discover.names(_ROOM)


def load(name: str) -> type[Encoder]:
    """The class of one of `names()`, without weights.

    Raises:
        UnknownNameError: No such encoder.

    Example:
        >>> load("yamnet").sample_rate
        16000
    """
    return _discover.load(_ROOM, name, Encoder)
