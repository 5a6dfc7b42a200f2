"""Limbeck's own export as a Hugging Face dataset: ``data/*.parquet`` and ``limbeck.json`` (`huggingface`).

Source:   `limbeck.exports.huggingface`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, final

import numpy as np
import numpy.typing as npt

from limbeck.distilled import DistilledSet
from limbeck.errors import InputError
from limbeck.imports._contract import Given, Import
from limbeck.imports._exported import Description, Sample, is_export, rebuilt
from limbeck.imports._source import Source


@final
class HuggingFace(Import):
    """A folder that ``limbeck export --to huggingface`` wrote: the same samples to the last bit."""

    @classmethod
    def recognises(cls, source: Source) -> bool:
        return is_export(source, "limbeck.json", "huggingface")

    def read(self, source: Source, given: Given) -> DistilledSet:
        about = Description(source.path / "limbeck.json")
        tables = sorted((source.path / "data").glob("*.parquet"))
        return rebuilt(self, source, given, about, _samples(tables, about), [source.path / "limbeck.json", *tables])


def _samples(tables: list[Path], about: Description) -> Iterator[Sample]:
    """Samples of the tables, a group of rows in memory at a time."""
    import pyarrow
    from pyarrow import parquet

    number = 0
    for table in tables:
        try:
            with table.open("rb") as handle:
                file = parquet.ParquetFile(handle, pre_buffer=False)
                columns = [*about.modalities, "label", *(["soft_label"] if about.soft else [])]
                for group in range(file.num_row_groups):
                    rows = file.read_row_group(group, columns, use_threads=False)
                    found = {name: rows.column(name).combine_chunks() for name in rows.column_names}
                    arrays = {name: _array(found[name], about.modalities[name].shape) for name in about.modalities}
                    for row in range(rows.num_rows):
                        soft = np.array(found["soft_label"][row].as_py(), np.float32) if about.soft else None
                        label = int(found["label"][row].as_py())
                        yield Sample(number, {name: x[row] for name, x in arrays.items()}, label, soft)
                        number += 1
        except (pyarrow.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"{table} is damaged ({error}). Export the set again.") from error


def _array(column: Any, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """A column of nested lists as (row, ...): numbers stay in one buffer, none becomes one of Python's."""
    import pyarrow

    rows = len(column)
    if isinstance(column, pyarrow.ChunkedArray):
        column = pyarrow.concat_arrays(column.chunks)
    if isinstance(column, pyarrow.ExtensionArray):
        column = column.storage
    while pyarrow.types.is_list(column.type) or pyarrow.types.is_fixed_size_list(column.type):
        column = column.flatten()
    return np.asarray(column.to_numpy(zero_copy_only=False), np.float32).reshape(rows, *shape)
