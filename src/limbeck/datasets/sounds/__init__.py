"""Recordings with labels, folds and words, for naming sounds. One module a dataset; `names()` lists them."""

from __future__ import annotations

from limbeck import _discover
from limbeck.datasets.sounds._contract import Recording, SoundDataset, Split

__all__ = ["Recording", "SoundDataset", "Split", "load", "names"]


def names() -> tuple[str, ...]:
    """Names of all datasets of sounds.

    Example:
        >>> names()
        ('esc10', 'esc50', 'folder', 'fsd50k', 'manifest', 'urbansound8k')
    """
    return _discover.names(__name__)


def load(name: str) -> type[SoundDataset]:
    """The reader of one of `names()`; its `open` gives the recordings.

    Raises:
        UnknownNameError: No dataset has this name; the message gives the nearest one.
    """
    return _discover.load(__name__, name, SoundDataset)
