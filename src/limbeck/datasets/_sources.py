"""The files behind clips: how they are written down, whether they are still those, and how clips are read again."""

import contextlib
import inspect
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

from limbeck import _discover
from limbeck._files import read_record, sha256_of
from limbeck._text import printable
from limbeck.datasets._contract import ClipRef, Dataset
from limbeck.errors import InputError, MediaError
from limbeck.media import TRACKS, ClipRecipe, RawClip, holder

MEMORY = ".files.jsonl"
UNSTEADY = "changed while it was prepared"
NOTE = "recordings"
FILES = "files"
COLUMNS = ("id", *TRACKS, "start_s", "length_s", "label", "split", FILES)


class Stamp(NamedTuple):
    """What tells without reading that a file is still the same: size in bytes, times of its content and its entry."""

    size: int
    modified_ns: int
    changed_ns: int

    @classmethod
    def of(cls, path: Path) -> Self | None:
        """The stamp of a file; None where there is none, or it cannot be looked at."""
        try:
            stat = path.stat()
        except (OSError, ValueError):
            return None
        return cls(stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)


class Sources:
    """File names as they are written down: relative to the folder all files share, so equal on every machine."""

    def __init__(self, clips: Sequence[ClipRef]) -> None:
        folders = {p.parent for c in clips for p in files_of(c)}
        if len({f.is_absolute() for f in folders}) > 1:
            folders = {f.absolute() for f in folders}
        self.root = Path(os.path.commonpath(folders)) if folders else Path()

    def of(self, path: Path | None) -> str | None:
        """The short name of a file, `printable`."""
        return None if path is None else printable(self._below(path))

    def is_text(self, path: Path) -> bool:
        """Whether a file's short name can be written down and found again."""
        return printable(self._below(path)) == self._below(path)

    def _below(self, path: Path) -> str:
        return os.path.relpath(path, self.root).replace(os.sep, "/")

    def shortened(self, text: str) -> str:
        """A sentence without the folder's own path."""
        prefixes = {f"{self.root}{os.sep}", f"{self.root.absolute()}{os.sep}"} if self.root.parts else set()
        for prefix in sorted(prefixes, key=len, reverse=True):
            text = text.replace(prefix, "")
        return printable(text)


@dataclass(frozen=True)
class Digests:
    """Digests of files' bytes. A file whose stamp is known from before is not read again.

    What is known is kept in a folder, as lines that are added to; it serves this machine alone and may be lost.

    Attributes:
        folder: Where it is kept; files are named from there, so that both may move together.
        known: Stamp and digest by name.
    """

    folder: Path
    known: dict[str, tuple[Stamp, str]]

    @classmethod
    def kept_in(cls, folder: Path) -> Self:
        """What a folder knows; whatever is damaged in it counts as not known."""
        known: dict[str, tuple[Stamp, str]] = {}
        with contextlib.suppress(OSError):
            for line in (folder / MEMORY).read_bytes().splitlines():
                with contextlib.suppress(ValueError, TypeError):
                    name, stamp, digest = json.loads(line)
                    known[str(name)] = Stamp(*stamp), str(digest)
        return cls(folder, known)

    def of(self, paths: Iterable[Path]) -> list[str | None]:
        """SHA-256 of each file; None for one that is missing or cannot be read."""
        here = os.path.abspath(self.folder)
        found: list[str | None] = []
        lines = []
        for path in paths:
            name, stamp = os.path.relpath(os.path.abspath(path), here), Stamp.of(path)
            before, digest = self.known.get(name, (None, None))
            if stamp is None or before != stamp:
                digest = sha256_of(path) if stamp else None
                if stamp and digest:
                    self.known[name] = stamp, digest
                    lines.append(json.dumps([name, stamp, digest]) + "\n")
            found.append(digest or None)
        if lines:
            with contextlib.suppress(OSError), (self.folder / MEMORY).open("a", encoding="utf-8") as handle:
                handle.writelines(lines)
        return found


def files_of(clip: ClipRef) -> list[Path]:
    """The files of a clip, or that hold it, sound before picture, one where they are the same."""
    return list(dict.fromkeys(holder(p) for p in (clip.audio, clip.image) if p is not None))


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


def read_again(folder: Path, table: Any, rows: Sequence[int], recipe: ClipRecipe) -> list[RawClip]:
    """The recordings of some rows of the dataset prepared in a folder, by its table, decoded again by a recipe."""
    if (found := read_record(folder / "dataset.json").get(NOTE)) is None:
        raise InputError(
            f"{folder} does not know where its recordings are: they were samples in memory, a reader of your own "
            "read them, or they were prepared to an address. Recordings are found again that lie in files and were "
            "prepared to a folder by one of Limbeck's readers: then give the same limbeck prepare again, which notes "
            "where."
        )
    files = (folder / found["folder"]).resolve()
    reader: Any = _discover.load(Dataset, found["reader"])
    dataset = reader(root=files, **found["options"])
    memory = Digests.kept_in(folder)
    refs: dict[int, ClipRef] = {}
    for row in sorted(set(rows)):  # neighbours in one file are decoded together
        (entry,) = table.slice(row, 1).to_pylist()
        then = entry.pop(FILES)
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
