"""Your own recordings: a folder whose sub-folders are labels, or with no labels at all (`folder`).

Layouts::

    sounds/<split>/<label>/*    splits named train, test, validation or fold1, fold2, ...
    sounds/<label>/*            folds are drawn, class by class
    sounds/*                    no labels: a pool to find neighbours in

Any media file ffmpeg reads will do. Files that lie beside the folders of labels are kept, without labels.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar, Self, final

from limbeck.datasets._listing import existing_folder, files_below
from limbeck.datasets.sounds._contract import Recording, SoundDataset
from limbeck.datasets.sounds._drawn import with_folds
from limbeck.errors import InputError

_SPLIT = re.compile(r"train|test|validation|fold\d+")


@final
class Folder(SoundDataset):
    """A folder of recordings; see `SoundDataset`."""

    title: ClassVar[str] = "Your own recordings, from a folder"
    licence: ClassVar[str] = "your own files: their owners' terms hold"
    citation: ClassVar[str] = ""

    @classmethod
    def open(cls, root: Path | str, *, folds: int = 5, seed: int = 0) -> Self:
        """List the files below a folder.

        Args:
            root: The folder.
            folds: Folds to draw where there are no splits; 0 for none.
            seed: Of the draw.

        Raises:
            InputError: There is no such folder, or nothing in it.
        """
        layout = "recordings (<label>/*, <split>/<label>/* or unlabelled files)"
        files = files_below(existing_folder(Path(root), layout))
        if not files:
            raise InputError(f"{root} holds no recordings. Expected: {layout}.")
        parts = {name: tuple(name.split("/"))[:-1] for name, _ in files}
        divided = all(len(p) >= 1 and _SPLIT.fullmatch(p[0]) for p in parts.values())
        found = [
            Recording(
                id=name,
                path=path,
                labels=parts[name][divided : divided + 1],
                split=parts[name][0] if divided else "",
            )
            for name, path in files
        ]
        return cls(with_folds(found, folds, seed))
