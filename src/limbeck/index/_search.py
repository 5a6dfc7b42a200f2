"""The windows most like some vectors: by looking at all of them, or by LanceDB's index.

Looking at all reads the joint vectors once for any number of queries, as products of matrices in float32: for a
thousand queries that costs little more than for one, and memory is a batch of rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from limbeck.index import _rows
from limbeck.index._rows import Floats
from limbeck.index._scan import File
from limbeck.index._store import Store

_WINDOW = ["start_s", "duration_s"]
_COLUMNS = [*_rows.FILE, *_WINDOW]
_PROBES = 24
_REFINE = 10
_QUERIES_AT_A_TIME = 64


@dataclass(frozen=True)
class Hit:
    """A window found by a search.

    Attributes:
        path: The recording.
        start_s: Where the window begins, in seconds.
        duration_s: How long it is, in seconds.
        similarity: Cosine to what was searched for, in [-1, 1].
        file: The recording as it was when it was indexed; `File.located` says whether it is still that.
    """

    path: Path
    start_s: float
    duration_s: float
    similarity: float
    file: File


def exact(store: Store, queries: Floats, top: int) -> list[list[Hit]]:
    """`top` hits for each query, rows of length 1 (query, dim), by looking at every window."""
    best = np.zeros((len(queries), 0), np.float32)
    ids = np.zeros((len(queries), 0), np.int64)
    for batch in store.scan(["joint"]):
        new = queries @ _rows.vectors(batch["joint"]).astype(np.float32).T
        new_ids = np.broadcast_to(batch["_rowid"].to_numpy().astype(np.int64), new.shape)
        best, ids = np.hstack([best, new]), np.hstack([ids, new_ids])
        if best.shape[1] > top:
            places = np.argpartition(-best, top - 1, axis=1)[:, :top]
            best, ids = np.take_along_axis(best, places, 1), np.take_along_axis(ids, places, 1)
    row_ids = np.unique(ids)
    table = store.select(row_ids.tolist(), _COLUMNS)
    order = np.argsort(table["_rowid"].to_numpy())
    return [
        _ordered(table.take(order[np.searchsorted(row_ids, row)]), score) for row, score in zip(ids, best, strict=True)
    ]


def approximate(store: Store, queries: Floats, top: int) -> list[list[Hit]]:
    """The same by LanceDB's index: candidates by coarse vectors, ordered again by the kept ones."""
    found: list[list[Hit]] = []
    for begin in range(0, len(queries), _QUERIES_AT_A_TIME):
        some = queries[begin : begin + _QUERIES_AT_A_TIME]
        table = store.nearest(list(some), _COLUMNS, top, probes=_PROBES, refine=_REFINE)
        of = table["query_index"].to_numpy() if len(some) > 1 else np.zeros(len(table), np.int32)
        similarity = 1 - table["_distance"].to_numpy()
        for query in range(len(some)):
            rows = np.flatnonzero(of == query)
            found.append(_ordered(table.take(rows), similarity[rows]))
    return found


def _ordered(table: Any, similarity: npt.NDArray[np.float32]) -> list[Hit]:
    columns = zip(_rows.files(table), *(table[name].to_pylist() for name in _WINDOW), similarity.tolist(), strict=True)
    hits = [Hit(file.place, start, length, value, file) for file, start, length, value in columns]
    return sorted(hits, key=lambda hit: (-hit.similarity, hit.path, hit.start_s))
