"""Parquet tables of a prepared dataset, in folders of any name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from limbeck import _files
from limbeck.errors import InputError


def read(path: Path, columns: list[str] | None = None) -> Any:
    """A Parquet table as pyarrow has it: the `columns` named, or all.

    Raises:
        InputError: The file is damaged.
        OSError: It is not there, or cannot be read.
    """
    import pyarrow
    from pyarrow import parquet

    try:
        with path.open("rb") as handle:  # pyarrow takes no names but UTF-8
            # Not by `read_table`: it starts threads whatever one asks, and a process that ends meanwhile is aborted.
            return parquet.ParquetFile(handle, pre_buffer=False).read(columns, use_threads=False)
    except (OSError, pyarrow.ArrowException) as error:
        if _files.is_of_system(error):
            raise
        raise InputError(f"{path} is missing or damaged ({error}); delete the folder and prepare again.") from error


def write(path: Path, rows: Sequence[dict[str, Any]], schema: Any) -> None:
    """Write a Parquet table atomically; keys of the rows that the pyarrow schema lacks are left out."""
    import pyarrow
    from pyarrow import parquet

    with _files.atomic(path) as temporary, temporary.open("wb") as handle:
        parquet.write_table(pyarrow.Table.from_pylist(list(rows), schema=schema), handle)
