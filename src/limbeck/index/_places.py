"""Which files there are, and what has become of them since the last update. Nothing is read but sizes and times."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from limbeck.datasets._listing import files_below
from limbeck.errors import InputError

_WORTH_ANOTHER_TRY = frozenset(["unreadable_file", "crashed", "timeout"])


@dataclass(frozen=True)
class File:
    """A file as an index knows it.

    Attributes:
        root: The folder it was found below, absolute.
        path: Its path from there, with forward slashes.
        size: In bytes.
        mtime_ns: When it was last written, in nanoseconds.
        sha256: Of its bytes; empty where they were not read.
    """

    root: str
    path: str
    size: int
    mtime_ns: int
    sha256: str = ""

    @property
    def place(self) -> Path:
        """Where it lies."""
        return Path(self.root, self.path)

    def looks_like(self, other: File) -> bool:
        """Whether size and time of writing are the same."""
        return (self.size, self.mtime_ns) == (other.size, other.mtime_ns)


@dataclass(frozen=True)
class Refused:
    """A file that could not be indexed.

    Attributes:
        file: Which, as it was then.
        reason: A word, by the table of `limbeck.media.decode`.
        detail: A sentence.
    """

    file: File
    reason: str
    detail: str


@dataclass(frozen=True)
class Plan:
    """What is to be done.

    Attributes:
        to_read: Files that are new or look changed, sorted by place.
        unchanged: How many need nothing.
        gone: Known files that are no longer there.
        refused: Files refused before that look the same now.
    """

    to_read: list[File]
    unchanged: int
    gone: list[File]
    refused: list[Refused]


def listed(sources: Sequence[Path], known: Iterable[Path], *, apart_from: Path | None) -> dict[Path, File]:
    """The files below some folders, by place.

    Args:
        sources: Folders and files.
        known: Files that are or were known, which may be named as sources without existing.
        apart_from: A folder whose files are left out: the index itself.

    Raises:
        InputError: A source does not exist and never was a file of this index: an index is not emptied because a disk
            is not there or a name was misspelt.
    """
    known = set(known)
    found: dict[Path, File] = {}
    for source in map(_absolute, sources):
        if source.is_dir():
            for _, path in files_below(source):
                if apart_from is None or not path.is_relative_to(apart_from):
                    _note(found, source, path)
        elif source.exists():
            _note(found, source.parent, source)
        elif source not in known:
            raise InputError(f"{source} does not exist; a folder of recordings or a recording was expected.")
    return dict(sorted(found.items()))


def planned(
    found: Mapping[Path, File], known: Mapping[Path, File], refused: Mapping[Path, Refused], sources: Sequence[Path]
) -> Plan:
    """Compare what is there with what is known.

    Args:
        found: What is there.
        known: Files in the index.
        refused: Files that could not be indexed.
        sources: Where was looked; files elsewhere are left alone.
    """
    to_read, still_refused, unchanged = [], [], 0
    for place, file in found.items():
        if place in known and known[place].looks_like(file):
            unchanged += 1
        elif (
            place in refused
            and refused[place].file.looks_like(file)
            and refused[place].reason not in _WORTH_ANOTHER_TRY
        ):
            still_refused.append(refused[place])
        else:
            to_read.append(file)
    looked_at = [_absolute(s) for s in sources]
    gone = [
        file
        for place, file in known.items()
        if place not in found and any(place.is_relative_to(source) for source in looked_at)
    ]
    return Plan(to_read, unchanged, gone, still_refused)


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))


def _note(found: dict[Path, File], root: Path, path: Path) -> None:
    try:
        stat = path.stat()
        size, mtime_ns = stat.st_size, stat.st_mtime_ns
    except OSError:  # a link to nothing, or gone this moment: reading it will tell
        size, mtime_ns = 0, 0
    found.setdefault(path, File(str(root), path.relative_to(root).as_posix(), size, mtime_ns))
