"""The tables in LanceDB: in a folder, or wherever else LanceDB keeps tables (``s3://bucket/name``).

Every change is one commit, which is there as a whole or not at all; readers need no lock.
"""

import contextlib
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from limbeck import _files
from limbeck._addresses import is_address
from limbeck._locations import Location
from limbeck.errors import InputError, LimbeckError, package
from limbeck.index import _rows
from limbeck.index._scan import File, Refused

APPROXIMATE_FROM = 200_000
_WINDOWS, _REFUSED = "windows", "rejected"
_SMALL_PIECES = 16
_UNINDEXED_FRACTION = 0.1
_PARTITION_ROWS = 4096
_NAMES_AT_A_TIME = 500
_READERS_MAY_NEED = timedelta(hours=1)
_BATCH_ROWS = 8192


class Store:
    """The windows of an index and the list of files it refused. Made by `open` or `create`."""

    def __init__(self, place: str | Path, database: Any, settings: _rows.IndexSettings) -> None:
        self.place = place
        self.settings = settings
        self._database = database
        with _using(place):
            self._table = database.open_table(_WINDOWS)

    @classmethod
    def exists(cls, place: str | Path) -> bool:
        if not is_address(place) and not Path(place).is_dir():
            return False
        database = _connected(place)  # which refuses some places
        if not is_address(place):
            # A process killed while it made the table leaves folders without a version.
            return any((Path(place) / f"{_WINDOWS}.lance" / "_versions").glob("*.manifest"))
        try:
            return _WINDOWS in database.list_tables().tables and database.open_table(_WINDOWS) is not None
        except ValueError:  # listed, but without a first version
            return False

    @classmethod
    def open(cls, place: str | Path) -> Self:
        if not cls.exists(place):
            raise InputError(f"{place} holds no index of sounds. Make one: limbeck sounds index FOLDER --out {place}")
        database = _connected(place)
        with _using(place):
            note = (database.open_table(_WINDOWS).schema.metadata or {}).get(_rows.NOTE)
        if note is None:
            raise InputError(f"The table in {place} was not written by Limbeck: it lacks the note on its encoder.")
        try:
            settings = _rows.IndexSettings.from_json(json.loads(note))
        except ValueError as error:
            raise InputError(
                f"The index in {place} was made by another version of Limbeck, or is damaged. Make it anew in another "
                f"folder: limbeck sounds index FOLDER --out OTHER. Its note says: {note.decode(errors='replace')}"
            ) from error
        return cls(place, database, settings)

    @classmethod
    def create(cls, place: str | Path, settings: _rows.IndexSettings) -> Self:
        with locked(place):
            if cls.exists(place):
                raise InputError(f"{place} holds an index already. Open it and update it, or choose another folder.")
            found = [] if is_address(place) else sorted(Path(place).iterdir())
            if others := [path.name for path in found if not path.name.startswith(".") and path.suffix != ".lance"]:
                raise InputError(
                    f"{place} holds other things ({', '.join(others[:3])}); choose a new folder for the index."
                )
            database = _connected(place)
            database.create_table(_REFUSED, data=_rows.refused_rows([]), exist_ok=True)
            database.create_table(_WINDOWS, schema=_rows.schema(settings))
            return cls(place, database, settings)

    def refresh(self) -> None:
        """See what other processes have committed."""
        with _using(self.place):
            self._table.checkout_latest()

    def __len__(self) -> int:
        with _using(self.place):
            return int(self._table.count_rows())

    def files(self) -> list[File]:
        with _using(self.place):
            table = self._table.search().where("window = 0").select(list(_rows.CHECKED)).to_arrow()
        return self.placed(self._checked(table))

    def refused(self) -> list[Refused]:
        with _using(self.place):
            table = self._checked(self._database.open_table(_REFUSED).to_arrow())
            said = (table[name].to_pylist() for name in ("reason", "detail"))
            return [Refused(*row) for row in zip(self.placed(table), *said, strict=True)]

    def placed(self, table: Any) -> list[File]:
        """The recordings that rows are of, where they are now: an index and its recordings may move together."""
        files = _rows.files(table)
        if is_address(self.place):
            return files
        roots = dict.fromkeys((file.root, file.near) for file in files)
        moved = {root: os.path.normpath(os.path.join(os.path.abspath(self.place), root[1])) for root in roots}
        now = {root: place for root, place in moved.items() if root[1] and place != root[0] and os.path.isdir(place)}
        return [replace(file, now=now.get((file.root, file.near), "")) for file in files]

    def near(self, file: File) -> File:
        """A file with its folder as seen from the index."""
        if file.near or is_address(self.place):
            return file
        return replace(file, near=os.path.relpath(file.root, os.path.abspath(self.place)))

    def rows_of(self, file: File) -> Any:
        """All that is kept of a recording as it was, as an Arrow table; nothing if it has other content now."""
        with _using(self.place):
            table = self._table.search().where(f"{_among([file])} AND sha256 = {_quoted(file.sha256)}").to_arrow()
            return self._checked(table.sort_by("window").cast(self._table.schema))

    def add(self, rows: Any, replacing: Sequence[File] = ()) -> None:
        """Add recordings in one commit."""
        with _using(self.place):
            if not replacing:
                self._table.add(rows)
                return
            merge = self._table.merge_insert(list(_rows.KEY)).when_matched_update_all().when_not_matched_insert_all()
            merge.when_not_matched_by_source_delete(_among(replacing)).execute(rows)

    def remove(self, files: Sequence[File]) -> None:
        with _using(self.place):
            for i in range(0, len(files), _NAMES_AT_A_TIME):
                self._table.delete(_among(files[i : i + _NAMES_AT_A_TIME]))

    def refuse(self, refused: Iterable[Refused]) -> None:
        """Replace the list of files that could not be indexed, if it is another."""
        found = (replace(r, file=self.near(r.file)) for r in refused)
        rows = _rows.refused_rows(sorted(found, key=lambda r: r.file.place))
        with _using(self.place):
            if not rows.equals(self._database.open_table(_REFUSED).to_arrow()):
                self._database.create_table(_REFUSED, data=rows, mode="overwrite")

    def scan(self, columns: list[str]) -> Iterator[Any]:
        """Columns of all rows in batches, and `_rowid`, which does not change until the next commit."""
        with _using(self.place):
            query = self._table.search().select(_with_sums(columns)).with_row_id(True)
            for batch in query.to_batches(_BATCH_ROWS):
                yield self._checked(batch)

    def select(self, row_ids: Sequence[int], columns: list[str]) -> Any:
        """Columns of some rows by `_rowid`, in any order, as an Arrow table with `_rowid`."""
        with _using(self.place):
            found = self._table.take_row_ids(list(row_ids)).with_row_id().select(_with_sums(columns))
            return self._checked(found.to_arrow())

    def sample(self, count: int, columns: list[str]) -> Any:
        """Columns of at most so many rows, evenly spaced over the table, as an Arrow table."""
        total = len(self)
        places = sorted({round(i * (total - 1) / max(1, count - 1)) for i in range(min(count, total))})
        with _using(self.place):
            return self._checked(self._table.take_offsets(places).select(_with_sums(columns)).to_arrow())

    def nearest(self, queries: Any, columns: list[str], top: int, *, probes: int, refine: int) -> Any:
        """Rows with vectors like some by inner product, by the approximate index, with `query_index` and `_distance`.

        Queries are rows of length 1, (query, dim), and get `top` rows each. `probes` partitions are looked into, and
        `refine` times as many candidates are ordered again by the kept vectors.
        """
        with _using(self.place):
            query = self._table.search(queries, vector_column_name="joint").distance_type("dot")
            query = query.select([*_with_sums([*columns, "joint"]), "_distance"])
            return self._checked(query.limit(top).nprobes(probes).refine_factor(refine).to_arrow())

    def _checked(self, rows: Any) -> Any:
        if not _rows.unharmed(rows):
            raise InputError(
                f"The index in {self.place} is damaged: rows of it are not what was written. Bring back a copy, or "
                "make it anew in another folder: limbeck sounds index FOLDER --out OTHER."
            )
        return rows

    @property
    def approximate(self) -> Any | None:
        """Facts about the index for approximate search, or None."""
        return next((i for i in self._table.list_indices() if i.columns == ["joint"]), None)

    def make_approximate(self) -> None:
        from lancedb.index import IvfRq

        count = max(1, len(self) // _PARTITION_ROWS)
        self._table.create_index("joint", config=IvfRq(distance_type="dot", num_partitions=count, num_bits=4))

    def compact(self, table: Any = None) -> None:
        """Join pieces, forget old versions, and let approximate search know of new rows."""
        table = self._table if table is None else table
        table.optimize(cleanup_older_than=_READERS_MAY_NEED, delete_unverified=not is_address(self.place))

    def tidy(self) -> None:
        """Join small pieces, forget old versions, and bring approximate search up to date, where it is worth it."""
        with _using(self.place):
            stats: Any = self._table.stats()
            found = self.approximate
            lags = found is not None and (found.num_unindexed_rows or 0) > _UNINDEXED_FRACTION * len(self)
            if lags or stats["fragment_stats"]["num_small_fragments"] > _SMALL_PIECES:
                self.compact()
            if self.approximate is None and len(self) >= APPROXIMATE_FROM:
                self.make_approximate()
            self.compact(self._database.open_table(_REFUSED))


def locked(place: str | Path) -> AbstractContextManager[None]:
    """Keep other writers of this machine out, and of others where the disk has locks; object storage has none."""
    return _files.exclusive(Location.of(place).folder)


@contextlib.contextmanager
def _using(place: str | Path) -> Iterator[None]:
    """Whatever LanceDB raises over its files is one sentence."""
    try:
        yield
    except (LimbeckError, OSError, MemoryError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # a panic of its Rust code is no Exception
        said = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise InputError(
            f"The index in {place} cannot be used; LanceDB says: {said} If its disk is full or cannot be written to, "
            "repair that; else it is damaged: bring back a copy, or make it anew elsewhere: limbeck sounds index "
            "FOLDER --out OTHER."
        ) from error


def _with_sums(columns: Sequence[str]) -> list[str]:
    """Columns, and with them those by which they are checked."""
    said = list(_rows.CHECKED) if set(columns) & set(_rows.SAID) else []
    sums = [f"{name}_sum" for name in ("joint", "features") if name in columns]
    return list(dict.fromkeys([*columns, *said, *sums]))


def _connected(place: str | Path) -> Any:
    lancedb = package("sounds", "lancedb")
    options = {}
    if str(place).startswith("s3://"):
        Location.of(place).files()  # which says in a sentence what LanceDB would say in many, or try for minutes
        server = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
        options = {"allow_http": "true"} if server.startswith("http://") else {}
    try:
        return lancedb.connect(str(place), storage_options=options)
    except ValueError as error:
        raise InputError(
            f"LanceDB cannot keep an index at {str(place)!r}. Choose another folder or address. It says: {error}"
        ) from error


def _among(files: Sequence[File]) -> str:
    """A condition that rows are of some recordings."""
    below: dict[tuple[str, str], list[str]] = defaultdict(list)
    for file in files:
        below[file.root, file.near].append(_quoted(file.path))
    return " OR ".join(
        f"(root = {_quoted(root)} AND near = {_quoted(near)} AND path IN ({', '.join(paths)}))"
        for (root, near), paths in below.items()
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
