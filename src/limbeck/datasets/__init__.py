"""Labelled clips. One module a dataset; `names()` lists them without importing any."""

from limbeck import _discover
from limbeck.datasets._annotations import Annotation
from limbeck.datasets._clips import ArrayStore, ClipStore, LabelledClips, Targets
from limbeck.datasets._contract import ClipRef, Dataset, load
from limbeck.datasets._prepare import prepare, usual_place
from limbeck.datasets._prepared import Prepared, unusable
from limbeck.datasets._samples import Samples
from limbeck.datasets._sources import Digests

__all__ = [
    "Annotation",
    "ArrayStore",
    "ClipRef",
    "ClipStore",
    "Dataset",
    "Digests",
    "LabelledClips",
    "Prepared",
    "Samples",
    "Targets",
    "load",
    "names",
    "prepare",
    "unusable",
    "usual_place",
]

names = _discover.lister(Dataset)
