"""Tables of a folder written anew, while nothing is lost that a person wrote into them.

``written.json`` has the SHA-256 of every file as it was written last, by form. A file that is not as it was written is
a person's: it is kept beside the new one, under a name of its own. The record has a new hash before the file is in
place, so that a process may be stopped at any time.
"""

import contextlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from pydantic import Field

from limbeck._config import Config
from limbeck._files import read_json, sha256_of, write_json
from limbeck.errors import InputError

RECORD = "written.json"
_PART = ".part"
_LONGEST_NAME = 255


@dataclass(frozen=True)
class Edited:
    """A table that somebody changed, and where what they made of it is now."""

    table: Path
    kept: Path

    def sentence(self) -> str:
        """Say so.

        Example:
            >>> Edited(Path("events.csv"), Path("events.edited.csv")).sentence()
            'events.csv was changed since it was written. It is kept as events.edited.csv, and written anew.'
        """
        return f"{self.table} was changed since it was written. It is kept as {self.kept}, and written anew."


class _Record(Config):
    """What was written: hashes that a file may have, by form and path; two while it is replaced."""

    files: dict[str, dict[str, tuple[str, ...]]] = Field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> "_Record":
        """The record of a folder; one that is not there, or damaged, knows of nothing: then all is a person's."""
        with contextlib.suppress(OSError, InputError):
            return cls.from_json(read_json(folder / RECORD))
        return cls()

    def write(self, folder: Path, name: str, hashes: dict[str, tuple[str, ...]]) -> None:
        """Put down the `hashes` that files of a form may have now."""
        write_json(folder / RECORD, {"files": self.files | {name: hashes}})


def renew(
    folder: Path, name: str, write: Callable[[Path], Path], carry: Callable[[Path, Path], bool] | None = None
) -> tuple[Path, list[Edited]]:
    """Write the files of a form in place of those it wrote before; where they are, and what somebody had changed.

    Files that stay the same are not touched, those of the form that are no more are taken away, and those that it never
    wrote stay.

    Args:
        folder: Where the files are to be; held by this process.
        name: By which they are known again, that of the form.
        write: Writes them below an empty folder, and gives the file or folder that it made.
        carry: Takes what a person wrote into a file that is there over into the new one; it is given both, and gives
            whether nothing is left of it. Where something is, the file that is there is kept.
    """
    part, record = folder / _PART, _Record.read(folder)
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        made = write(part)
        new = sorted(file.relative_to(part).as_posix() for file in part.rglob("*") if file.is_file())
        left = {path for path in new if carry and (folder / path).is_file() and not carry(folder / path, part / path)}
        now: dict[str, tuple[str, ...]] = {path: (sha256_of(part / path),) for path in new}
        before = {path: told for path, told in record.files.get(name, {}).items() if _is_below(path)}
        either = {path: before.get(path, ()) + now.get(path, ()) for path in before | now}
        record.write(folder, name, either)
        aside = (_put_aside(folder, path, () if path in left else either[path]) for path in either)
        edited = [one for one in aside if one is not None]
        for path in before.keys() - now.keys():
            _take_away(folder, path)
        for path in new:
            if sha256_of(folder / path) != now[path][0]:
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                os.replace(part / path, folder / path)
        record.write(folder, name, now)
        place = folder / made.relative_to(part)
        if made.is_dir():
            place.mkdir(exist_ok=True)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return place, edited


def _is_below(path: str) -> bool:
    return not Path(path).is_absolute() and ".." not in Path(path).parts


def _put_aside(folder: Path, path: str, hashes: tuple[str, ...]) -> Edited | None:
    """Give a file that has none of the `hashes` another name, which no file has."""
    file = folder / path
    if not os.path.lexists(file) or (file.is_file() and sha256_of(file) in hashes):
        return None
    for number in count(1):
        ending = ".edited" + (f"-{number}" if number > 1 else "") + file.suffix
        stem = file.stem.encode()[: _LONGEST_NAME - len(ending.encode())].decode(errors="ignore")
        if not os.path.lexists(kept := file.with_name(stem + ending)):
            break
    file.rename(kept)
    return Edited(file, kept)


def _take_away(folder: Path, path: str) -> None:
    """Remove a file, and the folders that were there for it alone."""
    (folder / path).unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # it holds something else
        for parent in list((folder / path).relative_to(folder).parents)[:-1]:
            (folder / parent).rmdir()
