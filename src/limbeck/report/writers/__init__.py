"""A comparison's tables as files that others read. One module a writer; its stem is the writer's name.

Example:
    >>> names()
    ('csv', 'json', 'latex', 'markdown')
    >>> load("latex").suffix
    '.tex'
"""

from abc import ABC, abstractmethod
from typing import ClassVar

from limbeck import _discover
from limbeck._discover import Listed
from limbeck.report.model import Document

__all__ = ["Document", "Writer", "load", "names"]


class Writer(Listed, ABC):
    """One way to write a comparison down. One module of this room defines one; it is not instantiated.

    The same document gives the same text. Names that come from data are escaped.
    """

    room: ClassVar[str] = "limbeck.report.writers"

    suffix: ClassVar[str]
    """Of the file, with its dot."""

    @staticmethod
    @abstractmethod
    def write(document: Document) -> str:
        """The whole file as text."""


names = _discover.lister(Writer)
load = _discover.loader(Writer)
