"""Scores of every window of many recordings, in one file of SQLite: what was heard once is not heard again.

Scores belong to the content of a recording, known by its SHA-256, so that one that is moved or copied is not heard
again. A recording is there whole or not at all, whenever the writer is stopped. Scores have a checksum: SQLite keeps
none, and would give back numbers that a disk or a hand has changed.
"""

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from limbeck._config import Config
from limbeck.errors import InputError

FILE = "detections.db"
_TABLES = """
create table about (settings text not null);
create table scores (
    sha256 text primary key, end_s real not null, starts blob not null, scores blob not null, sum blob not null
);
create table recordings (
    place text primary key, root text not null, path text not null, size integer, mtime_ns integer,
    sha256 text not null, changed_ns integer, unique (root, path)
) without rowid;
create table refused (
    place text primary key, root text not null, path text not null, size integer, mtime_ns integer, sha256 text,
    changed_ns integer, reason text not null, detail text not null, unique (root, path)
) without rowid;
"""
_ROW = "root, path, size, mtime_ns, sha256, changed_ns"
Row = tuple[str, str, int, int, str, int]
"""Of a recording: root, path, size, mtime_ns, sha256 and changed_ns, as in `limbeck.index.File`."""


class Scores(Config):
    """What all scores of a store have in common.

    Attributes:
        classifier: A hash of the classifier that gave them.
        encoder: The `id` of the encoder.
        labels: The words, in the order of the scores.
        sample_rate_hz: Of what was heard.
        window_s: Length of a window in seconds.
        hop_s: From one window to the next, in seconds.
    """

    classifier: str = ""
    encoder: str = ""
    labels: tuple[str, ...] = ()
    sample_rate_hz: int = 1
    window_s: float = 1.0
    hop_s: float = 1.0


@dataclass(frozen=True)
class Heard:
    """Scores of a recording's windows: where they begin, float64 (window,), and float16 (window, word); and its end."""

    starts_s: npt.NDArray[np.float64]
    scores: npt.NDArray[np.float16]
    end_s: float


class Store:
    """The scores in a folder; used by one process at a time."""

    def __init__(self, connection: sqlite3.Connection, settings: Scores) -> None:
        self._db, self.settings = connection, settings

    @classmethod
    @contextmanager
    def opened(cls, folder: Path, settings: Scores | None = None) -> Iterator[Self]:
        """The store of a folder, which is made with some `settings` if there is none.

        Raises:
            InputError: There is none, and no settings to make it with; or it is damaged.
        """
        file = folder / FILE
        if settings is None and not file.is_file():
            raise InputError(f"{folder} holds no detections: it has no {FILE}. Make them with: limbeck sounds detect.")
        folder.mkdir(parents=True, exist_ok=True)
        try:
            connection = sqlite3.connect(file, isolation_level=None)
            try:
                if not connection.execute("select 1 from sqlite_master where name = 'refused'").fetchone():
                    if settings is None:
                        raise InputError(f"{file} was begun and left. Give the command again that made it.")
                    said = (settings.model_dump_json(),)
                    connection.executescript(f"begin; {_TABLES}")
                    connection.execute("insert into about values (?)", said)
                    connection.execute("commit")
                yield cls(connection, _settings(connection))
            finally:
                connection.close()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and "full" in str(error):
                raise OSError(28, "No space left on device", str(file)) from error
            raise InputError(
                f"{file} is damaged ({error}). Delete it, and give the command again: all is heard anew."
            ) from error

    @contextmanager
    def writing(self) -> Iterator[None]:
        """All that is changed inside is there at once, or, if the process is stopped before, not at all."""
        self._db.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._db.execute("rollback")
            raise
        self._db.execute("commit")

    def contents(self) -> frozenset[str]:
        """The SHA-256 of all that was heard."""
        return frozenset(sha256 for (sha256,) in self._db.execute("select sha256 from scores"))

    def recordings(self) -> list[Row]:
        """What is known of every recording, sorted by root and path."""
        return list(self._db.execute(f"select {_ROW} from recordings order by root, path"))

    def refused(self) -> list[tuple[str, str, int, int, str, int, str, str]]:
        """Recordings that cannot be used, each with the reason in a word and in a sentence."""
        return list(self._db.execute(f"select {_ROW}, reason, detail from refused order by root, path"))

    def hear(self, sha256: str, heard: Heard) -> None:
        """Keep what was `heard` in a content, known by its `sha256`."""
        parts = (sha256, float(heard.end_s), heard.starts_s.tobytes(), heard.scores.tobytes())
        self._db.execute("insert or replace into scores values (?, ?, ?, ?, ?)", (*parts, _sum(*parts)))

    def drop_damaged(self) -> list[Path]:
        """Forget what is not as it was written; where the recordings lie, or lay, that this was heard in."""
        where = " or ".join(f"typeof({name}) != 'text'" for name in ("place", "root", "path", "sha256"))
        rows = self._db.execute("select sha256, end_s, starts, scores, sum from scores")
        damaged = [(sha256,) for sha256, *parts, told in rows if _sum(sha256, *parts) != told]
        lost = [
            Path(root, path)
            for sha256 in damaged
            for root, path in self._db.execute(
                f"select root, path from recordings where sha256 = ? and not ({where})", sha256
            )
        ]
        with self.writing():
            for table in ("recordings", "refused"):
                self._db.execute(f"delete from {table} where {where}")
            for table in ("recordings", "scores"):
                self._db.executemany(f"delete from {table} where sha256 is ?", damaged)
        return sorted(lost)

    def add(self, row: Row) -> None:
        """Note a recording whose content was heard, in place of what was known of one that really lies there."""
        place = str(real_place(Path(*row[:2])))
        self._db.execute("insert or replace into recordings values (?, ?, ?, ?, ?, ?, ?)", (place, *row))
        self._db.execute("delete from refused where place = ?", (place,))

    def refuse(self, row: Row, reason: str, detail: str) -> None:
        """Note a recording, a `row`, that cannot be used: the `reason` in a word, the `detail` in a sentence."""
        said = (str(real_place(Path(*row[:2]))), *row, reason, detail)
        self._db.execute("insert or replace into refused values (?, ?, ?, ?, ?, ?, ?, ?, ?)", said)

    def forget(self, places: Iterable[Path]) -> None:
        """Take recordings, by where they really lie, off the list of what was heard; their scores stay."""
        self._db.executemany("delete from recordings where place = ?", ((str(place),) for place in places))

    def clear(self, places: Iterable[Path]) -> None:
        """Take recordings, by where they really lie, off the list of those that cannot be used."""
        self._db.executemany("delete from refused where place = ?", ((str(place),) for place in places))

    def heard(self) -> Iterator[tuple[str, str, Heard]]:
        """Root, path and scores of every recording, sorted by path, one after the other."""
        query = (
            "select root, path, end_s, starts, scores from recordings join scores using (sha256) order by path, root"
        )
        words = len(self.settings.labels)
        for root, path, end_s, starts, scores in self._db.execute(query):
            found = np.frombuffer(scores, np.float16).reshape(-1, words)
            yield root, path, Heard(np.frombuffer(starts, np.float64), found, end_s)


def _settings(connection: sqlite3.Connection) -> Scores:
    try:
        return Scores.model_validate_json(connection.execute("select settings from about").fetchone()[0])
    except (TypeError, ValidationError) as error:
        raise sqlite3.DatabaseError("it does not say what was heard") from error


def _sum(*parts: str | float | bytes) -> bytes:
    """A checksum of what stands in a row, whatever somebody has put there."""
    total = hashlib.blake2b(digest_size=8)
    for part in parts:
        content = part if isinstance(part, bytes) else repr(part).encode()
        total.update(f"{type(part).__name__} {len(content)} ".encode() + content)
    return total.digest()


def real_place(place: Path) -> Path:
    """Where a file really lies, whatever links to folders lead there; it keeps its own name, be it a link's."""
    return Path(os.path.realpath(place.parent), place.name)
