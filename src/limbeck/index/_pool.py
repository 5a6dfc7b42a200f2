"""All windows, or those of some recordings, as arrays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from limbeck.errors import InputError
from limbeck.index import _rows
from limbeck.index._rows import Floats
from limbeck.index._scan import File
from limbeck.index._store import Store


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
    known = {(file.root, file.path): (file.place, file) for file in store.files()}
    ids, of, starts, lengths = [], [], [], []
    wanted = None if paths is None else set(paths)
    for batch in store.scan(["root", "path", "start_s", "duration_s"]):
        names = zip(batch["root"].to_pylist(), batch["path"].to_pylist(), strict=True)
        here = [known[name] for name in names]
        kept = np.array([wanted is None or place in wanted for place, _ in here], bool)
        of += [both for both, keep in zip(here, kept, strict=True) if keep]
        ids.append(batch["_rowid"].to_numpy()[kept])
        starts.append(batch["start_s"].to_numpy()[kept])
        lengths.append(batch["duration_s"].to_numpy()[kept])
    if wanted is not None and (missing := wanted - {place for place, _ in of}):
        raise InputError(
            f"{min(missing)} and {len(missing) - 1} other recordings are not in the index. Update the index, or look "
            "among the rejected ones."
            if len(missing) > 1
            else f"{min(missing)} is not in the index. Update the index, or look among the rejected recordings."
        )
    rank = {place: i for i, place in enumerate(sorted({place for place, _ in of}))}
    start_s, duration_s = np.concatenate([np.zeros(0), *starts]), np.concatenate([np.zeros(0), *lengths])
    row_ids = np.concatenate([np.zeros(0, np.uint64), *ids])
    order = np.lexsort((start_s, np.array([rank[place] for place, _ in of], np.int64)))
    joint, features = _vectors(store, row_ids[order])
    places, files = ([of[i][part] for i in order] for part in (0, 1))
    return Pool(joint, features, places, start_s[order], duration_s[order], files)


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
