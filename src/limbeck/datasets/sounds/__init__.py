"""Recordings with labels, folds and words, for naming sounds. One module a dataset; `names()` lists them.

Example:
    >>> names()
    ('esc10', 'esc50', 'folder', 'fsd50k', 'manifest', 'urbansound8k')
"""

from __future__ import annotations

from limbeck import _discover
from limbeck.datasets.sounds._contract import Recording, SoundDataset, Split

__all__ = ["Recording", "SoundDataset", "Split", "load", "names"]

names = _discover.lister(SoundDataset)
load = _discover.loader(SoundDataset)
