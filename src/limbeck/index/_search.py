"""The windows most like some vectors, by looking at all of them or by LanceDB's index; and windows as arrays.

Looking at all reads the joint vectors once for any number of queries, as products of matrices in float32: for a
thousand queries that costs little more than for one, and memory is a batch of rows.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from limbeck.errors import InputError
from limbeck.index import _rows
from limbeck.index._rows import Floats
from limbeck.index._scan import File
from limbeck.index._store import Store

_WINDOW = ["start_s", "duration_s"]
_COLUMNS = [*_rows.FILE, *_WINDOW]
_QUERIES_AT_A_TIME = 64
_SAMPLE = 4096
_UNWANTED = 0.5
"""What an unwanted sound counts where a wanted one counts 1, in deviations."""


@dataclass(frozen=True)
class Hit:
    """A window found by a search: where it begins in a recording and how long it is, in seconds.

    Attributes:
        similarity: Cosine to what was searched for, in [-1, 1].
        file: The recording as it was when it was indexed; `File.located` says whether it is still that.
        above: How far the similarity is above the usual best one of the index, in deviations, where that was asked.
    """

    path: Path
    start_s: float
    duration_s: float
    similarity: float
    file: File
    above: float | None = None


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
        _ordered(store, table.take(order[np.searchsorted(row_ids, row)]), score)
        for row, score in zip(ids, best, strict=True)
    ]


def approximate(store: Store, queries: Floats, top: int) -> list[list[Hit]]:
    """The same by LanceDB's index: candidates by coarse vectors, ordered again by the kept ones."""
    found: list[list[Hit]] = []
    for begin in range(0, len(queries), _QUERIES_AT_A_TIME):
        some = queries[begin : begin + _QUERIES_AT_A_TIME]
        table = store.nearest(list(some), _COLUMNS, top, probes=24, refine=10)
        of = table["query_index"].to_numpy() if len(some) > 1 else np.zeros(len(table), np.int32)
        similarity = 1 - table["_distance"].to_numpy()
        for query in range(len(some)):
            rows = np.flatnonzero(of == query)
            found.append(_ordered(store, table.take(rows), similarity[rows]))
    return found


def sample(store: Store) -> Floats:
    """Joint vectors of windows evenly spaced over an index, (window, dim)."""
    return _rows.vectors(store.sample(_SAMPLE, ["joint"])["joint"]).astype(np.float32)


def blend(windows: Floats, wanted: Floats, unwanted: Floats) -> Floats:
    """Join wanted and unwanted directions, rows of length 1 (part, dim), into one to search for, (dim,), of length 1.

    Similarities to texts differ less from window to window than those to sounds do. Each part is divided by the
    deviation of its similarities to some `windows` of the index, (window, dim), so that each has its say; unwanted
    parts together count half.
    """
    parts = np.concatenate([wanted, unwanted])
    if len(parts) == 1:
        return np.asarray(parts[0])
    spread = (windows @ parts.T).std(axis=0)
    weights = np.repeat([1 / len(wanted), -_UNWANTED / max(1, len(unwanted))], [len(wanted), len(unwanted)])
    blended = (weights / np.maximum(spread, 1e-6)) @ parts
    return np.asarray(blended / np.linalg.norm(blended), np.float32)


def _ordered(store: Store, table: Any, similarity: npt.NDArray[np.float32]) -> list[Hit]:
    columns = zip(store.placed(table), *(table[name].to_pylist() for name in _WINDOW), similarity.tolist(), strict=True)
    hits = [Hit(file.place, start, length, value, file) for file, start, length, value in columns]
    return sorted(hits, key=lambda hit: (-hit.similarity, hit.path, hit.start_s))


@dataclass(frozen=True)
class Pool:
    """Windows as arrays, sorted by path and start.

    Attributes:
        joint: Rows of length 1 in the space shared with text, float32, (window, dim).
        features: In the audio network's own space, float32, (window, features_dim).
        path: The recording of each window.
        start_s: Where each begins, in seconds, float64, (window,).
        duration_s: How long each is, in seconds, float64, (window,).
        file: The recording of each as it was when it was indexed.
    """

    joint: Floats
    features: Floats
    path: list[Path]
    start_s: npt.NDArray[np.float64]
    duration_s: npt.NDArray[np.float64]
    file: list[File]

    def __len__(self) -> int:
        return len(self.path)


def pool(store: Store, paths: Iterable[Path] | None) -> Pool:
    """Read windows sorted by path and start, whatever their order in the index, of all recordings or of some.

    The vectors are read once, in batches, to where they belong: memory is the result and little more.
    """
    wanted = None if paths is None else set(paths)
    files = sorted((f for f in store.files() if wanted is None or f.place in wanted), key=lambda f: f.place)
    places = [file.place for file in files]
    if missing := (wanted or set()) - set(places):
        raise InputError(
            f"{min(missing)} and {len(missing) - 1} other recordings are not in the index. Update the index, or look "
            "among the rejected ones."
            if len(missing) > 1
            else f"{min(missing)} is not in the index. Update the index, or look among the rejected recordings."
        )
    rank = {(file.root, file.near, file.path): i for i, file in enumerate(files)}
    ids, of, starts, lengths = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)], [np.zeros(0)], [np.zeros(0)]
    for batch in store.scan(["root", "near", "path", "start_s", "duration_s"]):
        names = zip(*(batch[name].to_pylist() for name in ("root", "near", "path")), strict=True)
        here = np.array([rank.get(name, -1) for name in names], np.int64)
        of.append(here[here >= 0])
        for column, name in ((ids, "_rowid"), (starts, "start_s"), (lengths, "duration_s")):
            column.append(batch[name].to_numpy()[here >= 0])
    ranks, start_s, duration_s = np.concatenate(of), np.concatenate(starts), np.concatenate(lengths)
    order = np.lexsort((start_s, ranks))
    joint, features = _vectors(store, np.concatenate(ids)[order])
    found = ranks[order].tolist()
    return Pool(
        joint, features, [places[i] for i in found], start_s[order], duration_s[order], [files[i] for i in found]
    )


def batches(store: Store) -> Iterator[Pool]:
    """All windows, a batch of rows at a time, in the order of the index."""
    files = {(file.root, file.near, file.path): file for file in store.files()}
    for batch in store.scan(["root", "near", "path", "start_s", "duration_s", "joint", "features"]):
        names = zip(*(batch[name].to_pylist() for name in ("root", "near", "path")), strict=True)
        found = [files[name] for name in names]
        joint, features = (_rows.vectors(batch[name]).astype(np.float32) for name in ("joint", "features"))
        joint /= np.linalg.norm(joint, axis=1, keepdims=True)
        start_s, duration_s = (batch[name].to_numpy() for name in ("start_s", "duration_s"))
        yield Pool(joint, features, [file.place for file in found], start_s, duration_s, found)


def _vectors(store: Store, row_ids: npt.NDArray[np.uint64]) -> tuple[Floats, Floats]:
    joint = np.empty((len(row_ids), store.settings.dim), np.float32)
    features = np.empty((len(row_ids), store.settings.features_dim), np.float32)
    by_id = np.argsort(row_ids)
    sorted_ids = row_ids[by_id]
    for batch in store.scan(["joint", "features"]) if len(row_ids) else ():
        ids = batch["_rowid"].to_numpy()
        at = np.searchsorted(sorted_ids, ids).clip(max=len(row_ids) - 1)
        kept = sorted_ids[at] == ids
        rows = _rows.vectors(batch["joint"])[kept].astype(np.float32)
        joint[by_id[at[kept]]] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        features[by_id[at[kept]]] = _rows.vectors(batch["features"])[kept]
    return joint, features
