"""What accuracy depends on. One module an ablation; `names()` lists them."""

from limbeck import _discover
from limbeck.evaluation.sounds._embedded import EmbeddedDataset
from limbeck.evaluation.sounds.ablations._contract import Ablation, Point

__all__ = ["Ablation", "EmbeddedDataset", "Point", "load", "names"]

names = _discover.lister(Ablation)
load = _discover.loader(Ablation)
