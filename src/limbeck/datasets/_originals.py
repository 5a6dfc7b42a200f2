"""From a prepared clip back to its recording: which reader it was, and where the files are."""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from limbeck import _discover
from limbeck._files import read_record
from limbeck.datasets import _tables
from limbeck.datasets._contract import ClipRef, Dataset
from limbeck.datasets._sources import Digests, files_of
from limbeck.errors import InputError, MediaError
from limbeck.media import TRACKS, ClipRecipe, RawClip

NOTE = "recordings"
_COLUMNS = ("id", *TRACKS, "start_s", "length_s", "label", "split")
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


def read(folder: Path, rows: Sequence[int], recipe: ClipRecipe) -> list[RawClip]:
    """The recordings of some rows of the dataset prepared in a folder, decoded again by a recipe."""
    found = read_record(folder / "dataset.json").get(NOTE)
    if found is None:
        raise InputError(
            f"{folder} does not know where its recordings are: an older version or a reader of your own prepared it. "
            "With one of Limbeck's readers, give the same limbeck prepare again; it notes that."
        )
    files = (folder / found["folder"]).resolve()
    reader: Any = _discover.load(Dataset, found["reader"])
    dataset = reader(root=files, **found["options"])
    table, memory = _tables.read(folder / "clips.parquet", [*_COLUMNS, _FILES]), Digests.kept_in(folder)
    refs: dict[int, ClipRef] = {}
    for row in sorted(set(rows)):  # neighbours in one file are decoded together
        (entry,) = table.slice(row, 1).to_pylist()
        then = entry.pop(_FILES)
        paths = {track: None if entry[track] is None else files / entry[track] for track in TRACKS}
        refs[row] = ClipRef(**(entry | paths))
        now = memory.of(files_of(refs[row]))
        if None not in now and now != then:
            raise InputError(
                f"The recording of {refs[row].id} in {files} is no longer the one that was prepared: its bytes are "
                f"others. Delete {folder} and prepare again."
            )
    clips = dict(zip(refs, dataset.read_many([*refs.values()], recipe), strict=True))
    for row, clip in clips.items():
        if isinstance(clip, MediaError):
            raise InputError(
                f"The recording of {refs[row].id} cannot be read any more: {clip} If the recordings are no longer in "
                f"{files}, give the same limbeck prepare again with the folder they are in now."
            ) from clip
    return [clips[row] for row in rows]
