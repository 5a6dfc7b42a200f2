"""Which files there are, and what has become of them since the last update. Nothing is read but sizes and times."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from limbeck._files import sha256_of
from limbeck.errors import InputError, MediaError
from limbeck.media import files_below

UNLISTED = "unreadable_folder"


@dataclass(frozen=True)
class File:
    """A file as an index knows it.

    Attributes:
        root: The folder it was found below, absolute, as it was then.
        path: Its path from there, with forward slashes.
        size: In bytes.
        mtime_ns: When it was last written, in nanoseconds.
        sha256: Of its bytes; empty where they were not read.
        changed_ns: When its content or its entry in the folder last changed, in nanoseconds; nobody can set it back.
        near: The same folder as seen from the index; empty where the index has an address.
        now: Where the folder is now, absolute, if it moved together with the index; else empty.
    """

    root: str
    path: str
    size: int
    mtime_ns: int
    sha256: str = ""
    changed_ns: int = 0
    near: str = ""
    now: str = ""

    @property
    def place(self) -> Path:
        """Where it lies."""
        return Path(self.now or self.root, self.path)

    def looks_like(self, other: "File") -> bool:
        """Whether size and times are the same."""
        return (self.size, self.mtime_ns, self.changed_ns) == (other.size, other.mtime_ns, other.changed_ns)

    def is_at(self, place: Path) -> bool:
        """Whether the recording lies somewhere: this very file, or one of the same bytes."""
        try:
            stat = place.stat()
        except (OSError, ValueError):
            return False
        if place == self.place and self.looks_like(_stamped(self.root, self.path, stat)):
            return True
        return stat.st_size == self.size and sha256_of(place) == self.sha256

    def located(self, root: Path | None = None) -> Path:
        """Where it lies now.

        In `root`, a folder that the recordings were moved to, they are looked for by their paths from the folder they
        were found below, and by as much more of their old places as there was.

        Raises:
            MediaError: There is no file of the same bytes: ``missing_file``; ``changed_file`` where there is another.
        """
        parts = self.place.parts[1:]
        least = len(Path(self.path).parts)
        moved = [] if root is None else [root.joinpath(*parts[-count:]) for count in range(least, len(parts) + 1)]
        for place in (*moved, self.place):
            if self.is_at(place):
                return place
        if others := [place for place in (*moved, self.place) if not is_gone(place)]:
            raise MediaError("changed_file", f"{others[0]} is not what was indexed: its content has changed since.")
        raise MediaError("missing_file", f"{self.place} is no longer there.")


@dataclass(frozen=True)
class Refused:
    """A file that could not be indexed, or a folder that could not be listed; reasons as of `limbeck.media.decode`."""

    file: File
    reason: str
    detail: str

    @classmethod
    def of_vectors(cls, file: File) -> Self:
        """A file whose vectors cannot be kept."""
        return cls(file, "bad_embedding", f"{file.place}: its vectors hold NaN, infinity or huge numbers.")

    @property
    def may_pass(self) -> bool:
        """Whether the reason may lie in the disk or the machine: worth another try, and no reason to drop vectors."""
        return self.reason in (UNLISTED, "unreadable_file", "crashed", "timeout")


@dataclass(frozen=True)
class Scan:
    """Files below some sources, by place, sorted.

    `unseen` are folders that cannot be listed and files that cannot be looked at; nobody knows what has become of them.
    """

    files: dict[Path, File]
    unseen: dict[Path, Refused]


@dataclass(frozen=True)
class Plan:
    """What is to be done: files to read (new, or they look changed) and those that are gone.

    `cleared` are places refused before that are no longer there, or hold again what the index knows.
    """

    to_read: list[File]
    unchanged: int
    gone: list[File]
    cleared: list[Path]


def scan(sources: Sequence[Path], known: Iterable[Path], *, apart_from: Path | None) -> Scan:
    """Files below some `sources`, folders and files, but not those below the folder `apart_from`.

    A source that is not there is refused, unless it is a `known` file.
    """
    known = set(known)
    found = Scan({}, {})
    for source in map(_absolute, sources):
        if os.path.isdir(source):
            unlisted: list[OSError] = []
            for _, path in files_below(source, unlisted.append):
                if apart_from is None or not path.is_relative_to(apart_from):
                    _note(found, source, path)
            for error in unlisted:
                _note_unseen(found, source, Path(error.filename), UNLISTED, error)
        elif not is_gone(source):
            _note(found, source.parent, source)
        elif source not in known:
            raise InputError(f"{source} does not exist; a folder of recordings or a recording was expected.")
    return Scan(dict(sorted(found.files.items())), found.unseen)


def plan_of(found: Scan, known: Mapping[Path, File], refused: Mapping[Path, Refused], sources: Sequence[Path]) -> Plan:
    """Compare what was `found` below some `sources` with the `known` files and those that were `refused` before."""
    to_read, unchanged = [], set()
    for place, file in found.files.items():
        if place in known and known[place].looks_like(file):
            unchanged.add(place)
        elif place not in refused or refused[place].may_pass or not refused[place].file.looks_like(file):
            to_read.append(file)
    looked_at = [_absolute(s) for s in sources]

    def lost(place: Path) -> bool:
        looked = place not in found.files and any(map(place.is_relative_to, looked_at))
        return looked and not any(map(place.is_relative_to, found.unseen))

    gone = [file for place, file in known.items() if lost(place)]
    return Plan(to_read, len(unchanged), gone, [place for place in refused if place in unchanged or lost(place)])


def is_gone(place: Path) -> bool:
    """Whether there is nothing; False where the disk or a permission keeps the answer."""
    try:
        place.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))


def _note(found: Scan, root: Path, path: Path) -> None:
    empty = File(str(root), path.relative_to(root).as_posix(), 0, 0)
    try:
        found.files.setdefault(path, _stamped(empty.root, empty.path, path.stat()))
    except (FileNotFoundError, NotADirectoryError):  # a link to nothing, or gone this moment: reading it will tell
        found.files.setdefault(path, empty)
    except OSError as error:
        _note_unseen(found, root, path, "unreadable_file", error)


def _stamped(root: str, path: str, stat: os.stat_result) -> File:
    return File(root, path, stat.st_size, stat.st_mtime_ns, changed_ns=stat.st_ctime_ns)


def _note_unseen(found: Scan, root: Path, path: Path, reason: str, error: OSError) -> None:
    file = File(str(root), path.relative_to(root).as_posix(), 0, 0)
    found.unseen.setdefault(path, Refused(file, reason, f"{path} cannot be read: {error.strerror}."))
