"""Forms of sets and of tables."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, final

from limbeck.distilled import DistilledSet
from limbeck.exports import Export
from limbeck.report.writers import Document, Writer


@final
class Labels(Export):
    """The classes of all pairs, a line each."""

    def write(self, distilled: DistilledSet, out: Path) -> Path:
        """One file; see `Export.write`."""
        out.mkdir(parents=True)
        (out / "labels.txt").write_text("\n".join(distilled.classes[i] for i in distilled.labels.tolist()))
        return out


@final
class Rows(Writer):
    """The rows, a line each."""

    suffix: ClassVar[str] = ".lines"

    @staticmethod
    def write(document: Document) -> str:
        """The names."""
        return "\n".join(document.data["rows"])
