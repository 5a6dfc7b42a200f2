"""What every writer of a comparison is: a suffix and one verb, `write`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from limbeck._discover import Listed
from limbeck.report.model import Document


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
