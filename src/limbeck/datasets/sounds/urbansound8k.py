"""UrbanSound8K: 8,732 pieces of up to four seconds, ten classes of city sounds, ten folds (`urbansound8k`).

Official layout, as the authors' archive (6 GB) unpacks::

    metadata/UrbanSound8K.csv   slice_file_name,fsID,start,end,salience,fold,classID,class
    audio/fold1/*.wav ... audio/fold10/*.wav

Source: Salamon, Jacoby and Bello, A Dataset and Taxonomy for Urban Sound Research, ACM Multimedia 2014,
https://urbansounddataset.weebly.com. All pieces of one Freesound recording are in one fold.
"""

from pathlib import Path
from typing import Any, ClassVar, Self, final

from limbeck.datasets.sounds._contract import Recording
from limbeck.datasets.sounds._published import Archive, Published, rows_of


@final
class UrbanSound8K(Published):
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

    archive: ClassVar[Archive] = Archive(
        "urbansound8k", "UrbanSound8K", "metadata/UrbanSound8K.csv", "6 GB", "Unpack the archive's folder audio, too."
    )

    @classmethod
    def _read(cls, copy: Any, table: Path) -> Self:
        found = []
        for row in rows_of(copy, table):
            fold, name = f"fold{row['fold']}", row["slice_file_name"]
            path = table.parents[1] / "audio" / fold / name
            source = row["freesound_id"]
            found.append(Recording(id=name, path=path, labels=(row["class_label"],), split=fold, group=source))
        return cls(found)
