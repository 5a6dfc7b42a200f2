"""Your own recordings: a folder whose sub-folders are labels, or with no labels at all (`folder`).

Layouts::

    sounds/<split>/<label>/*    splits named train, test, validation (val, valid, dev) or fold1, fold2, ...
    sounds/<label>/*            folds are drawn, class by class
    sounds/*                    no labels: a pool to find neighbours in

Any media file ffmpeg reads will do. Files that lie beside the folders of labels are kept, without labels.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar, Self, final

from limbeck.datasets._listing import existing_folder, files_below
from limbeck.datasets.sounds._contract import OFFICIAL, Recording, SoundDataset
from limbeck.datasets.sounds._drawn import with_folds
from limbeck.errors import InputError

_SPLIT = re.compile(rf"{'|'.join(OFFICIAL)}|fold\d+")


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
            InputError: There is no such folder, or nothing in it; or some of its folders are splits with labels in
                them, and some are not.
        """
        layout = "recordings (<label>/*, <split>/<label>/* or unlabelled files)"
        files = files_below(existing_folder(Path(root), layout))
        if not files:
            raise InputError(f"{root} holds no recordings. Expected: {layout}.")
        parts = {name: tuple(name.split("/"))[:-1] for name, _ in files}
        tops = {"".join(p[:1]) for p in parts.values()}
        splits = {top for top in tops if _SPLIT.fullmatch(top)}
        divided = splits == tops
        # A label may be called train: it is a split where labels lie below it.
        deep = sorted(splits & {p[0] for p in parts.values() if len(p) > 1})
        if deep and not divided:
            others = ", ".join(sorted(top or "files of its own" for top in tops - splits))
            raise InputError(
                f"{root} holds {', '.join(deep)} with labels in it, as splits have, and beside it {others}. Put all "
                "recordings into splits (train, validation, test, or fold1, fold2, ...), or rename what is a label."
            )
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
