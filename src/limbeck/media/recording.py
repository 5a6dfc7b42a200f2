"""Where recordings are: in files of their own, inside of files that hold many, or in memory.

A path may go on behind the name of a file that holds many: ``shards/0.tar/0017.wav`` is a member of a tar archive,
``data/train.parquet/17/audio`` the cell of row 17 in a column of a table.
"""

from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from limbeck.errors import MediaError
from limbeck.media import table, tar

_KEPT = 2


@dataclass(frozen=True, eq=False)
class Encoded:
    """An encoded recording or picture in memory.

    Attributes:
        content: All bytes of what would be a file.
        title: What messages call it.
    """

    content: bytes
    title: str = "the bytes"

    def __str__(self) -> str:
        return self.title

    __hash__ = None  # type: ignore[assignment]  # a cache would keep all of it


Recording = Path | Encoded
"""What can be decoded."""


def holder(path: Path) -> Path:
    """The file in which a path leads: itself, or the one of many recordings whose name it goes on behind.

    Example:
        >>> holder(Path("bark.wav"))
        PosixPath('bark.wav')
    """
    text = str(path).lower()
    if not any(kind in text for kind in _KINDS):  # a hundred thousand paths have half a million parents
        return path
    return next((up for up in path.parents if up.suffix.lower() in _KINDS and up.is_file()), path)


def resolved(recording: Recording) -> Recording:
    """A file or bytes: what a path inside of a file leads to is read, anything else is given back.

    Raises:
        MediaError: Nothing is there, or it is damaged.
    """
    if isinstance(recording, Encoded) or (file := holder(recording)) == recording:
        return recording
    stat = file.stat()
    return _content(file, recording.relative_to(file).as_posix(), stat.st_size, stat.st_mtime_ns)


def binary(recording: Recording) -> BinaryIO:
    """The bytes of what was `resolved`, to be read in a ``with`` statement."""
    return BytesIO(recording.content) if isinstance(recording, Encoded) else recording.open("rb")


@lru_cache(maxsize=_KEPT)  # looked at, then decoded: a sound and a picture
def _content(file: Path, inside: str, _size: int, _modified_ns: int) -> Recording:
    return _KINDS[file.suffix.lower()](file, inside)


def _of_tar(file: Path, inside: str) -> Recording:
    return Encoded(tar.content(file, inside), f"{file}/{inside}")


def _of_table(file: Path, inside: str) -> Recording:
    row, _, column = inside.partition("/")
    title = f"{file}/{inside}"
    if not row.isdecimal():
        raise MediaError("missing_file", f"{title} names no row and column of a table.")
    value: Any = table.opened(file).cell(int(row), column)
    found = value.get("bytes") if isinstance(value, dict) else value
    if found is None and isinstance(value, dict):
        found = value.get("path")
    if isinstance(found, str):  # a file beside the table, or anywhere
        return file.parent / found
    if not isinstance(found, bytes):
        raise MediaError("empty_file", f"{title} holds no bytes of a recording, but {type(found).__name__}.")
    return Encoded(found, title)


_KINDS = {".tar": _of_tar, **dict.fromkeys(table.ENDINGS, _of_table)}
