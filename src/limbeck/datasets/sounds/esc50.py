"""ESC-50, environmental sounds: 2,000 recordings of five seconds, 50 classes, five folds (`esc50`).

Official layout, as the authors' archive (0.6 GB) unpacks::

    meta/esc50.csv      filename,fold,target,category,esc10,src_file,take
    audio/*.wav

Source: Piczak, ESC: Dataset for Environmental Sound Classification, ACM Multimedia 2015,
https://github.com/karolpiczak/ESC-50. All cuts of one Freesound recording are in one fold.
"""

from pathlib import Path
from typing import Any, ClassVar, Self, final

from limbeck.datasets.sounds._contract import Recording
from limbeck.datasets.sounds._published import Archive, Published, rows_of


class ESC(Published):
    """ESC-50, or a part of it."""

    homepage: ClassVar[str] = "https://github.com/karolpiczak/ESC-50"
    citation: ClassVar[str] = """@inproceedings{piczak2015esc,
  title = {{ESC}: Dataset for Environmental Sound Classification},
  author = {Piczak, Karol J.},
  booktitle = {Proceedings of the 23rd ACM International Conference on Multimedia},
  year = {2015},
  doi = {10.1145/2733373.2806390}
}"""
    archive: ClassVar[Archive] = Archive(
        "esc50", "ESC-50-master", "meta/esc50.csv", "0.6 GB", "Unpack the archive's folder audio beside meta."
    )

    @staticmethod
    def _recordings(copy: Any, table: Path, *, esc10: bool) -> list[Recording]:
        """All, or those of ESC-10, ordered by file name."""
        return [
            Recording(
                id=row["filename"],
                path=table.parents[1] / "audio" / row["filename"],
                labels=(row["category"],),
                split=f"fold{row['fold']}",
                group=row["src_file"],
            )
            for row in rows_of(copy, table)
            if row["esc10"] or not esc10
        ]


@final
class ESC50(ESC):
    """ESC-50 in its official layout; see `SoundDataset`."""

    title: ClassVar[str] = "ESC-50: 50 classes of environmental sounds, five folds"
    licence: ClassVar[str] = "CC BY-NC 3.0"

    @classmethod
    def _read(cls, copy: Any, table: Path) -> Self:
        return cls(cls._recordings(copy, table, esc10=False))
