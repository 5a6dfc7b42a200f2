"""Labelled clips. One module a dataset; `names()` lists them without importing any."""

from limbeck import _discover
from limbeck.datasets._clips import ArrayStore, ClipStore, LabelledClips
from limbeck.datasets._contract import ClipRef, Dataset
from limbeck.datasets._prepare import prepare
from limbeck.datasets._prepared import Prepared
from limbeck.datasets._sources import Digests
from limbeck.datasets._targets import Targets

_ROOM = "limbeck.datasets"

__all__ = [
    "ArrayStore",
    "ClipRef",
    "ClipStore",
    "Dataset",
    "Digests",
    "LabelledClips",
    "Prepared",
    "Targets",
    "load",
    "names",
    "prepare",
]


def names() -> tuple[str, ...]:
    """Names of all datasets that can be prepared, sorted."""
    return _discover.names(_ROOM)


def load(name: str) -> type[Dataset]:
    """The reader of one of `names()`.

    Raises:
        UnknownNameError: No dataset has this name; the message gives the nearest one.
    """
    return _discover.load(_ROOM, name, Dataset)
