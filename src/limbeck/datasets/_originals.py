"""From a prepared clip back to its recording: which reader it was, and where the files are."""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from limbeck import _discover
from limbeck._files import read_record
from limbeck.datasets import _tables
from limbeck.datasets._contract import ClipRef, Dataset
from limbeck.datasets._sources import Digests, files_of
from limbeck.errors import InputError, MediaError
from limbeck.media import ClipRecipe, RawClip

NOTE = "recordings"
_COLUMNS = ("id", "audio", "image", "start_s", "length_s", "label", "split")
_FILES = "files"


def note(dataset: Dataset, files: Path, out: Path) -> dict[str, Any] | None:
    """What is written down in `out` to find a dataset's recordings again, JSON-able; None for a reader without a name.

    The folder of all `files` is relative to the prepared one, so that nothing names this machine and both may move
    together. Options that are paths are left out: they tell which clips there are, which is known by then.
    """
    if dataset.name not in _discover.names(Dataset.room) or _discover.load(Dataset, dataset.name) is not type(dataset):
        return None
    options = {
        name: vars(dataset)[name]
        for name, option in inspect.signature(type(dataset)).parameters.items()
        if name in vars(dataset) and "Path" not in str(option.annotation)
    }
    folder = os.path.relpath(files.resolve(), out.resolve()).replace(os.sep, "/")
    found: dict[str, Any] = json.loads(json.dumps({"reader": dataset.name, "options": options, "folder": folder}))
    return found


@dataclass(frozen=True)
class Originals:
    """The recordings of the dataset prepared in a folder."""

    folder: Path

    def read(self, rows: Sequence[int], recipe: ClipRecipe) -> list[RawClip]:
        """Some rows, decoded again by a recipe."""
        found = read_record(self.folder / "dataset.json").get(NOTE)
        if found is None:
            raise InputError(
                f"{self.folder} does not know where its recordings are: an older version or a reader of your own "
                "prepared it. With one of Limbeck's readers, give the same limbeck prepare again; it notes that."
            )
        files = (self.folder / found["folder"]).resolve()
        reader: Any = _discover.load(Dataset, found["reader"])
        dataset = reader(root=files, **found["options"])
        table = self._table()
        memory = Digests.kept_in(self.folder)
        order = sorted(set(rows))  # neighbours in one file are decoded together
        refs = [_ref({name: table[name][row] for name in _COLUMNS}, files) for row in order]
        for row, ref in zip(order, refs, strict=True):
            now = memory.of(files_of(ref))
            if None not in now and now != table[_FILES][row]:
                raise InputError(
                    f"The recording of {ref.id} in {files} is no longer the one that was prepared: its bytes are "
                    f"others. Delete {self.folder} and prepare again."
                )
        clips = dict(zip(order, dataset.read_many(refs, recipe), strict=True))
        return [_read(clips[row], table["id"][row], files) for row in rows]

    def _table(self) -> dict[str, list[Any]]:
        names = [*_COLUMNS, _FILES]
        columns = _tables.read(self.folder / "clips.parquet", names)
        return {name: columns.column(name).to_pylist() for name in names}


def _ref(row: dict[str, Any], files: Path) -> ClipRef:
    paths = {name: None if row[name] is None else files / row[name] for name in ("audio", "image")}
    return ClipRef(**(row | paths))


def _read(clip: RawClip | MediaError, name: str, files: Path) -> RawClip:
    if isinstance(clip, MediaError):
        raise InputError(
            f"The recording of {name} cannot be read any more: {clip} If the recordings are no longer in {files}, give "
            "the same limbeck prepare again with the folder they are in now."
        ) from clip
    return clip
