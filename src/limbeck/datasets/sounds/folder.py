"""Your own recordings: a folder whose sub-folders are labels, or with no labels at all (`folder`).

Layouts::

    sounds/<split>/<label>/*    splits named train, test, validation (val, valid, dev) or fold1, fold2, ...
    sounds/<label>/*            folds are drawn, class by class
    sounds/*                    no labels: a pool to find neighbours in

Any media file ffmpeg reads will do. Files that lie beside the folders of labels are kept, without labels.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self, final

from limbeck.datasets._labelled import Layout, checked, layout_of, places
from limbeck.datasets._listing import existing_folder, usual_split
from limbeck.datasets.sounds._contract import Recording, SoundDataset, of_files
from limbeck.errors import InputError
from limbeck.media import files_below

_FOLD = re.compile(r"fold[ _-]?\d+", re.IGNORECASE)


@final
class Folder(SoundDataset):
    """A folder of recordings; see `SoundDataset`."""

    title: ClassVar[str] = "Your own recordings, from a folder"
    licence: ClassVar[str] = "your own files: their owners' terms hold"
    citation: ClassVar[str] = ""

    @classmethod
    def open(cls, root: Path | str, *, folds: int = 5, seed: int = 0, layout: str | None = None) -> Self:
        """List the files below a folder.

        Args:
            root: The folder.
            folds: Folds to draw where there are no splits; 0 for none.
            seed: Of the draw.
            layout: What the folders are: ``"class"``, ``"split/class"`` or ``"class/split"``, where a class is a label;
                by default their names tell.

        Raises:
            InputError: It holds nothing, its folders can be read in two ways, or two labels are the same in words.
        """
        expected = "recordings (<label>/*, <split>/<label>/* or unlabelled files)"
        if not (files := files_below(existing_folder(Path(root), expected))):
            raise InputError(f"{root} holds no recordings. Expected: {expected}.")
        parts = {name: tuple(name.split("/")) for name, _ in files}
        label_at, split_at = places(checked(layout, "layout") or _told(list(parts.values()), root))
        recordings = []
        for name, path in files:
            above = parts[name][:-1]
            split = "" if split_at is None else "".join(above[split_at : split_at + 1])
            recordings.append(Recording(id=name, path=path, labels=above[label_at : label_at + 1], split=split))
        return of_files(cls, recordings, folds, seed)


def _told(parts: Sequence[tuple[str, ...]], root: Path | str) -> Layout:
    """The layout that the folders' names tell; a label may be called train, which is a split where labels lie in it."""
    tops = {"".join(p[:-1][:1]) for p in parts}
    splits = {top for top in tops if _is_split(top)}
    deep = sorted(splits & {p[0] for p in parts if len(p) > 2})
    if splits == tops:
        return "split/class"
    if deep:
        others = ", ".join(sorted(top or "files of its own" for top in tops - splits))
        raise InputError(
            f"{root} holds {', '.join(deep)} with labels in it, as splits have, and beside it {others}. Put all "
            "recordings into splits (train, validation, test, or fold1, fold2, ...), or rename what is a label."
        )
    return layout_of(parts, _is_split, source=str(root), option="layout")


def _is_split(name: str) -> bool:
    return usual_split(name) is not None or _FOLD.fullmatch(name) is not None
