"""Parquet and Arrow files, a piece at a time (a row group, a record batch): never a whole table in memory."""

import json
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Any

from limbeck.errors import MediaError

_TABLES_AT_ONCE = 8
_PIECES_AT_ONCE = 2
_FILE_MAGIC = b"ARROW1"


class Table(ABC):
    """A table in a file. Only its schema and where its pieces are is kept."""

    def __init__(self, path: Path, stamp: tuple[int, int]) -> None:
        self.path, self._stamp = path, stamp

    schema: Any
    """Names and types of the columns, as pyarrow has them."""
    lengths: list[int]
    """Rows of each piece."""
    flaw: str | None = None
    """Why the file cannot be read to its end, in a sentence; None where it can."""

    @abstractmethod
    def piece(self, number: int, columns: Sequence[str]) -> Any:
        """Some `columns` of the piece of a `number`, as a pyarrow table or record batch."""

    @property
    def features(self) -> dict[str, Any]:
        """What Hugging Face wrote down of the columns, by name; empty where it is not of theirs."""
        note = (self.schema.metadata or {}).get(b"huggingface")
        try:
            found = json.loads(note)["info"]["features"] if note else {}
        except (ValueError, KeyError, TypeError):
            found = {}
        return found if isinstance(found, dict) else {}

    @property
    def rows(self) -> int:
        """Number of rows."""
        return sum(self.lengths)

    def values(self, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Values of some `columns`, row by row, a piece in memory at a time."""
        for number in range(len(self.lengths)):
            part = self.piece(number, columns)
            yield from zip(*(part.column(name).to_pylist() for name in columns), strict=True)

    def cell(self, row: int, column: str) -> Any:
        """One value, as Python has it.

        Raises:
            MediaError: There is no such row or column.
        """
        if not 0 <= row < self.rows or column not in self.schema.names:
            raise MediaError("missing_file", f"{self.path} has no row {row} with a column {column!r}.")
        number = bisect_right(self._starts, row) - 1
        return self.piece(number, [column]).column(column)[row - self._starts[number]].as_py()

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *accumulate(self.lengths)][:-1]


class _Parquet(Table):
    def __init__(self, path: Path, stamp: tuple[int, int]) -> None:
        from pyarrow import parquet

        super().__init__(path, stamp)
        with parquet.ParquetFile(path) as file:
            self.schema = file.schema_arrow
            self.lengths = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]

    def piece(self, number: int, columns: Sequence[str]) -> Any:
        return _row_group(self.path, self._stamp, number, tuple(columns))


@lru_cache(maxsize=_PIECES_AT_ONCE)  # rows are asked for one after the other, and each is unpacked with its group
def _row_group(path: Path, _stamp: tuple[int, int], number: int, columns: tuple[str, ...]) -> Any:
    from pyarrow import parquet

    # Not ahead of time, and without threads: it starts some whatever one asks, which abort a process that ends.
    with parquet.ParquetFile(path, pre_buffer=False) as file:
        return file.read_row_group(number, list(columns), use_threads=False)


class _Arrow(Table):
    """What `datasets.Dataset.save_to_disk` writes (a stream), or a file in Arrow's random access form (Feather)."""

    def __init__(self, path: Path, stamp: tuple[int, int]) -> None:
        import pyarrow as pa

        super().__init__(path, stamp)
        self.lengths = []
        self._places: list[int] = []
        with path.open("rb") as file:
            self._has_footer = file.read(len(_FILE_MAGIC)) == _FILE_MAGIC
        with pa.memory_map(str(path)) as source:
            if self._has_footer:
                reader = pa.ipc.open_file(source)
                self.schema = reader.schema
                self._places = [*range(reader.num_record_batches)]
                self.lengths = [reader.get_batch(i).num_rows for i in self._places]
                return
            self.schema = pa.ipc.read_schema(source)
            try:
                self._survey(source)
            except (pa.ArrowException, OSError) as error:
                self.flaw = f"{path} cannot be read to its end: {error}."

    def _survey(self, source: Any) -> None:
        import pyarrow as pa

        while (at := source.tell()) < source.size():
            try:
                message = pa.ipc.read_message(source)
            except EOFError:  # the mark at the end
                return
            self.lengths.append(pa.ipc.read_record_batch(message, self.schema).num_rows)
            self._places.append(at)

    def piece(self, number: int, columns: Sequence[str]) -> Any:
        import pyarrow as pa

        with pa.memory_map(str(self.path)) as source:  # mapped anew: what was touched before is let go
            if self._has_footer:
                return pa.ipc.open_file(source).get_batch(self._places[number]).select(list(columns))
            source.seek(self._places[number])
            return pa.ipc.read_record_batch(pa.ipc.read_message(source), self.schema).select(list(columns))


_KINDS: dict[str, type[Table]] = {".parquet": _Parquet, ".arrow": _Arrow}
ENDINGS = tuple(_KINDS)
"""How the names of files end that `opened` reads."""


def opened(path: Path) -> Table:
    """The table in a file; of one that stays the same, schema and places of its pieces are read once.

    Raises:
        MediaError: The file is missing, or is not of the kind that its name says.
    """
    try:
        stat = path.stat()
    except OSError as error:
        raise MediaError("missing_file", f"{path} does not exist.") from error
    return _opened(path, (stat.st_size, stat.st_mtime_ns))


@lru_cache(maxsize=_TABLES_AT_ONCE)
def _opened(path: Path, stamp: tuple[int, int]) -> Table:
    import pyarrow as pa

    try:
        return _KINDS[path.suffix.lower()](path, stamp)
    except (pa.ArrowException, OSError, ValueError, KeyError, EOFError) as error:
        raise MediaError("not_a_table", f"{path} cannot be read as a table: {error}.") from error
