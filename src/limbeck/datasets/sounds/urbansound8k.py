"""UrbanSound8K: 8,732 pieces of up to four seconds, ten classes of city sounds, ten folds (`urbansound8k`).

Official layout, as the authors' archive unpacks::

    metadata/UrbanSound8K.csv   slice_file_name,fsID,start,end,salience,fold,classID,class
    audio/fold1/*.wav ... audio/fold10/*.wav

Source: Salamon, Jacoby and Bello, A Dataset and Taxonomy for Urban Sound Research, ACM Multimedia 2014,
https://urbansounddataset.weebly.com. All pieces of one Freesound recording are in one fold.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Self, final

from limbeck.datasets._listing import require_some
from limbeck.datasets.sounds._contract import Recording, SoundDataset
from limbeck.datasets.sounds._soundata import copy_of, rows_of

TABLE = "metadata/UrbanSound8K.csv"


@final
class UrbanSound8K(SoundDataset):
    """UrbanSound8K in its official layout; see `SoundDataset`."""

    title: ClassVar[str] = "UrbanSound8K: 10 classes of city sounds, ten folds"
    licence: ClassVar[str] = "CC BY-NC 3.0"
    homepage: ClassVar[str] = "https://urbansounddataset.weebly.com/urbansound8k.html"
    citation: ClassVar[str] = """@inproceedings{salamon2014urbansound,
  title = {A Dataset and Taxonomy for Urban Sound Research},
  author = {Salamon, Justin and Jacoby, Christopher and Bello, Juan Pablo},
  booktitle = {Proceedings of the 22nd ACM International Conference on Multimedia},
  year = {2014},
  doi = {10.1145/2647868.2655045}
}"""

    @classmethod
    def open(cls, root: Path | str, *, download: bool = False) -> Self:
        """Read ``metadata/UrbanSound8K.csv``.

        Args:
            root: The folder ``UrbanSound8K``, or the one it lies in.
            download: Fetch the dataset to `root` (6 GB) if it is not there.

        Raises:
            InputError: It is not there.
        """
        copy = copy_of("urbansound8k", root, inner="UrbanSound8K", needed=TABLE, size="6 GB", download=download)
        home = Path(copy.data_home)
        found = []
        for row in rows_of(copy, TABLE):
            fold, name = f"fold{row['fold']}", row["slice_file_name"]
            path = home / "audio" / fold / name
            source = row["freesound_id"]
            found.append(Recording(id=name, path=path, labels=(row["class_label"],), split=fold, group=source))
        require_some((r.path for r in found), told=str(home / TABLE), hint="Unpack the archive's folder audio, too.")
        return cls(found)
