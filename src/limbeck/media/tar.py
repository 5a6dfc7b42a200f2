"""Members of tar archives, read from where they lie: nothing is unpacked, and nothing before them is read again."""

import tarfile
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from limbeck.errors import MediaError

_INDEXES_AT_ONCE = 4
_PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"PK\3\4")


class Member(NamedTuple):
    """Where the bytes of a member begin in the archive, and how many they are."""

    offset: int
    size: int


@dataclass(frozen=True)
class Index:
    """What an archive holds.

    Attributes:
        members: Where each file is, by its name (relative, with forward slashes), in the archive's order.
        doubled: Names that more than one member has; which of them is meant cannot be known.
        flaw: Why the archive cannot be read to its end, in a sentence; None where it can.
    """

    members: dict[str, Member] = field(default_factory=dict)
    doubled: set[str] = field(default_factory=set)
    flaw: str | None = None


def index(path: Path) -> Index:
    """The index of an archive that is not compressed. Its headers are read once, as long as it stays the same.

    Links, devices, hidden files and names that lead out of the archive are left out. Of a damaged archive it is what
    lies before the damage.

    Raises:
        MediaError: There is no such file.
    """
    try:
        stat = path.stat()
    except OSError as error:
        raise MediaError("missing_file", f"{path} does not exist.") from error
    return _index(path, stat.st_size, stat.st_mtime_ns)


def content(path: Path, name: str) -> bytes:
    """The bytes of the member called `name` of the archive at `path`.

    Raises:
        MediaError: There is no such member, there are several, or it is cut off.
    """
    found = index(path)
    member = found.members.get(name)
    if member is None:
        raise MediaError("missing_file", f"{path} has no member {name}.")
    if name in found.doubled:
        raise MediaError("doubled_name", f"{path} has several members called {name}.")
    with path.open("rb") as file:
        file.seek(member.offset)
        data = file.read(member.size)
    if len(data) < member.size:
        raise MediaError("truncated_archive", f"{path} ends within {name}, after {len(data)} of {member.size} bytes.")
    return data


@lru_cache(maxsize=_INDEXES_AT_ONCE)
def _index(path: Path, size: int, _modified_ns: int) -> Index:
    members: dict[str, Member] = {}
    doubled: set[str] = set()
    try:
        with tarfile.open(path, "r:") as archive:
            remembered: Any = archive
            for entry in archive:
                remembered.members.clear()
                name = PurePosixPath(entry.name.lstrip("/"))
                is_odd = ".." in name.parts or name.name.startswith(".") or not name.name
                if entry.isreg() and not entry.issparse() and not is_odd:
                    doubled |= {str(name)} & members.keys()
                    members[str(name)] = Member(entry.offset_data, entry.size)
            if not _has_end(path, archive.offset):
                return Index(members, doubled, f"{path} has no mark of its end: it is cut off or damaged.")
    except (tarfile.TarError, OSError, ValueError, EOFError) as error:
        if _is_packed(path):
            return Index(members, doubled, f"{path} is compressed, whatever it is called; unpack it first.")
        return Index(members, doubled, f"{path} cannot be read as a tar archive to its end: {error}.")
    beyond = next((name for name, m in members.items() if m.offset + m.size > size), None)
    return Index(members, doubled, f"{path} ends within {beyond}." if beyond else None)


def _is_packed(path: Path) -> bool:
    """Whether a file begins like one of gzip, bzip2, xz, zstandard or zip."""
    with suppress(OSError), path.open("rb") as file:
        return file.read(6).startswith(_PACKED)
    return False


def _has_end(path: Path, at: int) -> bool:
    """Whether a block of zeros stands at a place, by which an archive ends; what else would be the next header."""
    with path.open("rb") as file:
        file.seek(at)
        return file.read(tarfile.BLOCKSIZE) == bytes(tarfile.BLOCKSIZE)
