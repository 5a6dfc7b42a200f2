"""What every form of a comparison is: a suffix and one verb, `write`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from limbeck.report.comparison import Comparison


class Form(ABC):
    """One way to write a comparison down. One module of this room defines one; it is not instantiated.

    The same comparison gives the same text, in whatever order its cells came. Names that come from data are escaped.
    """

    suffix: ClassVar[str]
    """Of the file, with its dot."""

    @staticmethod
    @abstractmethod
    def write(comparison: Comparison) -> str:
        """The whole file as text."""
