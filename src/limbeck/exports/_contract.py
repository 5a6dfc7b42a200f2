"""What every export is: settings and one verb, `write`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from limbeck._config import Config
from limbeck._discover import Listed
from limbeck.distilled import DistilledSet


class Export(Config, Listed, ABC):
    """Settings of one form of a distilled set for other tools. One module of this room defines one.

    Every form holds samples as networks see them (`DistilledSet.samples`: mosaics cut and enlarged), so that whoever
    reads it needs nothing of Limbeck. The same set gives the same bytes.
    """

    room: ClassVar[str] = "limbeck.exports"

    @abstractmethod
    def write(self, distilled: DistilledSet, out: Path) -> Path:
        """Write the set into a new folder; it appears whole or not at all.

        Args:
            distilled: The set; not changed.
            out: Folder to make. It may exist if it is empty.

        Returns:
            The folder.

        Raises:
            InputError: The folder is not empty, or the set holds no samples.
            MissingExtraError: A package this form needs is not installed.
        """
