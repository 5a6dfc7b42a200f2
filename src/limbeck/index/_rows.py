"""What a row of the table holds, and how embeddings become rows and rows arrays.

Vectors are kept in float16: half the disk and half the reading. An element is off by a two-thousandth of itself
at most, and a search finds what it finds in float32 but for a few near ties in a thousand (measured in
``benchmarks/results/index.md``).

Every row has checksums: Lance keeps none of what is in its files, and a changed number in a vector is found by nobody.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from limbeck._config import Config
from limbeck.encoders import Encoder
from limbeck.errors import InputError
from limbeck.index._scan import File, Refused
from limbeck.media.stream import check_lengths

NOTE = b"limbeck"
KEY = ("root", "near", "path", "window")
COLUMNS = {
    "root": "string",
    "near": "string",
    "path": "string",
    "window": "int32",
    "start_s": "float64",
    "duration_s": "float64",
    "size": "int64",
    "mtime_ns": "int64",
    "sha256": "string",
    "changed_ns": "int64",
    "encoder": "string",
    "joint": "float16",
    "features": "float16",
    "joint_sum": "int64",
    "features_sum": "int64",
    "row_sum": "int64",
}
"""Columns of the table of windows with what is in them; vectors are lists of numbers."""
SAID = tuple(name for name in COLUMNS if name not in ("encoder", "joint", "features", "row_sum"))
"""Columns that ``row_sum`` is of."""
CHECKED = (*SAID, "row_sum")
FILE = ("root", "path", "size", "mtime_ns", "sha256", "changed_ns", "near")
"""Columns that are the fields of a `File`."""
REFUSED = (*FILE, "reason", "detail")
"""Columns of the table of files that could not be indexed; ``row_sum`` there is of these."""

Floats = npt.NDArray[np.float32]
Halves = npt.NDArray[np.float16]
Embedded = tuple[float, float, Halves, Halves]
"""A window: where it begins and how long it is, in seconds, and its vectors, (dim,) and (features_dim,)."""

_START = np.uint64(0x9E3779B97F4A7C15)
_FACTORS = np.random.default_rng(0).integers(0, 2**64, 65_536, np.uint64) | np.uint64(1)


def window_lengths(
    encoder: Encoder | type[Encoder], window_s: float | None, hop_s: float | None
) -> tuple[float, float]:
    """Length of a window and the step from one to the next, in seconds, as given or by default.

    A `window_s` of None means the longest that the encoder takes as a whole, a `hop_s` of None windows side by side.

    Raises:
        InputError: A window is longer than the encoder takes, or one of the two is less than a sample.
    """
    window_s = encoder.window_s if window_s is None else window_s
    if window_s > encoder.window_s:
        raise InputError(
            f"Windows of {window_s:g} s were requested, but this encoder takes {encoder.window_s:g} s as a whole. "
            f"Choose at most {encoder.window_s:g} s."
        )
    hop_s = window_s if hop_s is None else hop_s
    check_lengths(encoder.sample_rate, window_s, hop_s)
    return window_s, hop_s


class IndexSettings(Config):
    """What all rows of an index have in common; kept with the table.

    `encoder` is an `Encoder.id`. Windows are `window_s` long and begin every `hop_s` seconds; vectors have `dim`
    numbers in the space shared with text, and `features_dim` in the audio network's own.
    """

    format: Literal[4] = 4
    encoder: str
    sample_rate_hz: int = Field(ge=1)
    window_s: float = Field(gt=0)
    hop_s: float = Field(gt=0)
    dim: int = Field(ge=1)
    features_dim: int = Field(ge=1)


def schema(settings: IndexSettings) -> Any:
    """Arrow schema of the table of windows, with the settings in its metadata."""
    import pyarrow as pa

    sizes = {"joint": settings.dim, "features": settings.features_dim}
    columns = [(name, pa.list_(pa.float16(), sizes[name]) if name in sizes else kind) for name, kind in COLUMNS.items()]
    return pa.schema(columns, metadata={NOTE: settings.model_dump_json().encode()})


def rows(file: File, windows: Sequence[Embedded], settings: IndexSettings) -> Any:
    """Arrow table of one recording; None if float16 cannot hold all its vectors."""
    import pyarrow as pa

    starts, lengths, joint_rows, feature_rows = zip(*windows, strict=True)
    joint, features = np.stack(joint_rows), np.stack(feature_rows)
    if not (np.isfinite(joint).all() and np.isfinite(features).all()):
        return None
    alike = _said(file) | {"encoder": settings.encoder, "row_sum": 0}
    columns = {name: pa.repeat(value, len(joint)) for name, value in alike.items()} | {
        "window": range(len(joint)),
        "start_s": starts,
        "duration_s": lengths,
        "joint": _column(joint),
        "features": _column(features),
        "joint_sum": vector_sums(joint),
        "features_sum": vector_sums(features),
    }
    return summed(pa.table(columns, schema=schema(settings)))


def summed(table: Any) -> Any:
    """Rows with the checksum of what they say."""
    import pyarrow as pa

    sums = pa.array(_row_sums([table[name].to_pylist() for name in SAID]), pa.int64())
    return table.set_column(table.schema.get_field_index("row_sum"), "row_sum", sums)


def unharmed(table: Any) -> bool:
    """Whether rows say what was written: by what columns of theirs are there."""
    names = set(table.schema.names)
    for name in ("joint", "features"):
        if {name, f"{name}_sum"} <= names:
            found = vector_sums(vectors(table[name]))
            if not np.array_equal(found, table[f"{name}_sum"].to_numpy()):
                return False
    for said in (SAID, REFUSED):
        if {*said, "row_sum"} <= names:
            return bool(_row_sums([table[name].to_pylist() for name in said]) == table["row_sum"].to_pylist())
    return True


def renamed(table: Any, file: File) -> Any:
    """Rows of one recording as rows of another of the same content."""
    import pyarrow as pa

    for name in FILE:
        at = table.schema.get_field_index(name)
        column = pa.repeat(pa.scalar(getattr(file, name), table.schema.field(at).type), len(table))
        table = table.set_column(at, name, column)
    return summed(table)


def _column(vectors: Halves) -> Any:
    """Vectors of shape (row, dim) as an Arrow column of fixed-size lists."""
    import pyarrow as pa

    return pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), vectors.shape[1])


def vectors(column: Any) -> Halves:
    """A column of vectors as an array, (row, dim)."""
    import pyarrow as pa

    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    flat: Halves = column.flatten().to_numpy(zero_copy_only=False)
    return flat.reshape(len(column), column.type.list_size)


def _said(file: File) -> dict[str, Any]:
    return {name: getattr(file, name) for name in FILE}


def files(table: Any) -> list[File]:
    return [File(*values) for values in zip(*[table[name].to_pylist() for name in FILE], strict=True)]


def refused_rows(refused: Iterable[Refused]) -> Any:
    """Refused files as an Arrow table, with a mark in place of bytes of a file's name that are not UTF-8."""
    import pyarrow as pa

    listed = [
        {
            name: said.encode("utf-8", "surrogateescape").decode("utf-8", "replace") if isinstance(said, str) else said
            for name, said in (_said(one.file) | {"reason": one.reason, "detail": one.detail}).items()
        }
        for one in refused
    ]
    sums = _row_sums([[row[name] for row in listed] for name in REFUSED])
    listed = [row | {"row_sum": total} for row, total in zip(listed, sums, strict=True)]
    return pa.Table.from_pylist(
        listed, pa.schema([(name, COLUMNS.get(name, "string")) for name in (*REFUSED, "row_sum")])
    )


def vector_sums(vectors: Halves) -> npt.NDArray[np.int64]:
    """A checksum of each of some vectors (row, dim), int64, (row,): one changed bit always changes it.

    Sums of products with odd numbers, modulo 2^64, which NumPy makes as fast as it reads.

    Example:
        >>> sums = vector_sums(np.array([[1, 2], [2, 1], [0, 0], [1, 2]], np.float16)).tolist()
        >>> sums[0] == sums[3], len(set(sums)), 0 in sums
        (True, 3, False)
    """
    words = np.pad(vectors, ((0, 0), (0, -vectors.shape[1] % 4))).view(np.uint64)
    with np.errstate(over="ignore"):
        sums: npt.NDArray[np.uint64] = (words * _FACTORS[: words.shape[1]]).sum(axis=1, dtype=np.uint64) + _START
    return sums.view(np.int64)


def _row_sums(columns: Sequence[Sequence[Any]]) -> list[int]:
    """A checksum of each row of the columns: what is said of windows beside their vectors.

    Example:
        >>> _row_sums([["a", "a"], [1.5, 2.5]])[0] == _row_sums([["a"], [1.5]])[0]
        True
    """
    texts = (repr(row).encode("utf-8", "surrogateescape") for row in zip(*columns, strict=True))
    hashes = (hashlib.blake2b(text, digest_size=8).digest() for text in texts)
    return [int.from_bytes(total, "little", signed=True) for total in hashes]
