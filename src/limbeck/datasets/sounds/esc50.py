"""ESC-50, environmental sounds: 2,000 recordings of five seconds, 50 classes, five folds (`esc50`).

Official layout, as the authors' archive unpacks::

    meta/esc50.csv      filename,fold,target,category,esc10,src_file,take
    audio/*.wav

Source: Piczak, ESC: Dataset for Environmental Sound Classification, ACM Multimedia 2015,
https://github.com/karolpiczak/ESC-50. All cuts of one Freesound recording are in one fold.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Self, final

from limbeck.datasets._listing import require_some
from limbeck.datasets.sounds._contract import Recording, SoundDataset
from limbeck.datasets.sounds._soundata import copy_of, rows_of
from limbeck.errors import InputError

CITATION = """@inproceedings{piczak2015esc,
  title = {{ESC}: Dataset for Environmental Sound Classification},
  author = {Piczak, Karol J.},
  booktitle = {Proceedings of the 23rd ACM International Conference on Multimedia},
  year = {2015},
  doi = {10.1145/2733373.2806390}
}"""
TABLE = "meta/esc50.csv"


@final
class ESC50(SoundDataset):
    """ESC-50 in its official layout; see `SoundDataset`."""

    title: ClassVar[str] = "ESC-50: 50 classes of environmental sounds, five folds"
    licence: ClassVar[str] = "CC BY-NC 3.0"
    citation: ClassVar[str] = CITATION
    homepage: ClassVar[str] = "https://github.com/karolpiczak/ESC-50"

    @classmethod
    def open(cls, root: Path | str, *, download: bool = False) -> Self:
        """Read ``meta/esc50.csv``.

        Args:
            root: The folder ``ESC-50-master``, or the one it lies in.
            download: Fetch the dataset to `root` (0.6 GB) if it is not there.

        Raises:
            InputError: It is not there.
        """
        return cls(recordings(root, download=download))


def recordings(root: Path | str, *, esc10: bool = False, download: bool = False) -> list[Recording]:
    """The recordings of ESC-50, or only those of ESC-10, ordered by file name.

    The other arguments, `root` and `download`, are those of `ESC50.open`, and so is what it refuses; `esc10` says
    which.
    """
    copy = copy_of("esc50", root, inner="ESC-50-master", needed=TABLE, size="0.6 GB", download=download)
    home = Path(copy.data_home)
    found = [
        Recording(
            id=row["filename"],
            path=home / "audio" / row["filename"],
            labels=(row["category"],),
            split=f"fold{row['fold']}",
            group=row["src_file"],
        )
        for row in rows_of(copy, TABLE)
        if row["esc10"] or not esc10
    ]
    if not found:
        raise InputError(f"{home / TABLE} marks no recording as ESC-10; its column esc10 holds True or False.")
    require_some((r.path for r in found), told=str(home / TABLE), hint="Unpack the archive's folder audio beside meta.")
    return found
