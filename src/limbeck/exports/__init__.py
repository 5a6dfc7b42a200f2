"""A distilled set in forms that other tools read. One module a form; its stem is the form's name.

Example:
    >>> names()
    ('folder', 'huggingface', 'webdataset')
    >>> load("folder").__name__
    'Folder'
"""

from __future__ import annotations

from pathlib import Path

from limbeck import _discover
from limbeck.distilled import DistilledSet
from limbeck.exports._contract import Export

__all__ = ["Export", "export", "load", "names"]

names, load = _discover.room(Export)


def export(distilled: Path | str | DistilledSet, *, out: Path | str, to: str) -> Path:
    """Write a distilled set in a form other tools read.

    Args:
        distilled: A distilled set.
        out: New folder for it.
        to: Name of the form, one of `names()`.

    Raises:
        UnknownNameError: There is no such form.
        InputError: The target is not empty.
    """
    return load(to)().write(DistilledSet.load(distilled), Path(out))
