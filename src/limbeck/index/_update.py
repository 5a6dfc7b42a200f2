"""Bringing an index up to date: read ahead, embed in batches, commit whole recordings together.

Killed at any moment, the index holds the recordings committed so far, whole and once; the next update goes on there.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from limbeck.encoders import Encoder
from limbeck.index import _scan
from limbeck.index._indexer import Indexer
from limbeck.index._prefetch import prefetch
from limbeck.index._scan import File, Refused
from limbeck.index._store import Store, is_address
from limbeck.media import SoundWindow, sound_windows

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Update:
    """What an update did, in recordings.

    Attributes:
        added: New in the index.
        changed: Embedded again, because their content has changed.
        moved: Known by their content, which is at a new place now; not embedded again.
        removed: No longer there.
        unchanged: Nothing was to be done; the same content written again is no change.
        rejected: Files below the sources that cannot be indexed, found so now or before, each with the reason: a word
            by the table of `limbeck.media.decode`, or ``crashed``, ``timeout``, ``bad_embedding``, ``bad_name``; and
            folders that cannot be listed, ``unreadable_folder``.
    """

    added: int
    changed: int
    moved: int
    removed: int
    unchanged: int
    rejected: list[tuple[Path, str]]


def update(
    store: Store, sources: Sequence[Path], encoder: Encoder, *, batch: int, workers: int, progress: Progress | None
) -> Update:
    """Bring a store up to date; the caller holds its lock."""
    known = {f.place: f for f in store.files()}
    refused = {r.file.place: r for r in store.refused()}
    index = None if is_address(store.place) else Path(os.path.abspath(store.place))
    files = [*known, *(place for place, r in refused.items() if r.reason != _scan.UNLISTED)]
    found = _scan.scan(sources, files, apart_from=index)
    plan = _scan.plan_of(found, known, refused, sources)
    indexer = Indexer(store, encoder, batch, known, refused)
    indexer.forget([*plan.cleared, *(p for p in refused if p not in found.files and _scan.is_gone(p))])
    for unseen in found.unseen.values():
        indexer.add(unseen.file, unseen)
    named = []
    for file in plan.to_read:
        try:
            str(file.place).encode()
            named.append(file)
        except UnicodeEncodeError:
            indexer.add(file, Refused(file, "bad_name", f"{file.place!r}: its name is not UTF-8. Rename it."))
    _read(named, indexer, store, batch, workers, progress)
    _read(indexer.to_read_again(), indexer, store, batch, workers, None)
    gone = {f.place: f for f in (*plan.gone, *indexer.emptied)}
    store.remove(list(gone.values()))
    store.tidy()
    here = found.files.keys() | found.unseen.keys()
    counts = indexer.counts
    return Update(
        added=counts["added"],
        changed=counts["changed"],
        moved=counts["moved"],
        removed=max(0, len(gone) - counts["moved"]),
        unchanged=plan.unchanged + counts["unchanged"],
        rejected=sorted((place, r.reason) for place, r in indexer.refused.items() if place in here),
    )


def _read(
    files: Sequence[File], indexer: Indexer, store: Store, batch: int, workers: int, progress: Progress | None
) -> None:
    """Read some files and commit them, and whatever else waits."""
    settings, done = store.settings, 0
    read = partial(
        sound_windows, sample_rate_hz=settings.sample_rate_hz, window_s=settings.window_s, hop_s=settings.hop_s
    )
    known, workers = frozenset(indexer.by_content), min(workers, len(files))
    with contextlib.closing(prefetch(files, read, known, workers=workers, windows=2 * batch)) as messages:
        for file, message in messages:
            indexer.add(file, message)
            if not isinstance(message, SoundWindow):
                done += 1
                if progress:
                    progress(done, len(files))
    indexer.commit()
