"""Recordings with labels, folds and words, for naming sounds. One module a dataset; `names()` lists them."""

from limbeck import _discover
from limbeck.datasets.sounds._contract import Recording, SoundDataset, Split

__all__ = ["Recording", "SoundDataset", "Split", "load", "names"]

names = _discover.lister(SoundDataset)
load = _discover.loader(SoundDataset)
