"""A distilled set in forms that other tools read. One module a form; its stem is the form's name.

Example:
    >>> names()
    ('folder', 'huggingface', 'webdataset')
    >>> load("folder").__name__
    'Folder'
"""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from limbeck import _discover
from limbeck._config import Config
from limbeck._discover import Listed
from limbeck.distilled import DistilledSet

__all__ = ["STORED", "Export", "export", "load", "names"]

STORED = "stored"
"""Folder in an export, of a set whose stored rows are not the samples themselves, with the set as it is stored."""


class Export(Config, Listed, ABC):
    """Settings of one form of a distilled set for other tools. One module of this room defines one.

    Every form holds samples as networks see them (`DistilledSet.samples`: mosaics cut and enlarged), so that whoever
    reads it needs nothing of Limbeck. The same set gives the same bytes. What Limbeck itself needs to have the set back
    as it was (``limbeck import``) lies in the folder ``stored``, where samples do not say it: rows that hold several
    samples, storage that is lossy.
    """

    room: ClassVar[str] = "limbeck.exports"

    @abstractmethod
    def write(self, distilled: DistilledSet, out: Path) -> Path:
        """Write a `distilled` set into a new folder, and give it back; it appears whole or not at all.

        The folder `out` is made, but it may exist if it is empty.

        Raises:
            InputError: The folder is not empty, or the set holds no samples.
            MissingExtraError: A package this form needs is not installed.
        """


names = _discover.lister(Export)
load = _discover.loader(Export)


def export(distilled: Path | str | DistilledSet, *, out: Path | str, to: str) -> Path:
    """Write a `distilled` set into a new folder, `out`, in the form `to`, one of `names()`.

    Raises:
        UnknownNameError: There is no such form.
        InputError: The target is not empty.
    """
    return load(to)().write(DistilledSet.load(distilled), Path(out))
