"""Bringing an index up to date: read ahead, embed in batches, commit whole recordings together.

Killed at any moment, the index holds the recordings committed so far, whole and once; the next update goes on there.
"""

import contextlib
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from limbeck.encoders import Encoder
from limbeck.errors import LimbeckError
from limbeck.index import _rows, _scan
from limbeck.index._prefetch import Message, prefetch
from limbeck.index._rows import Embedded
from limbeck.index._scan import File, Refused
from limbeck.index._store import Store, is_address
from limbeck.index._stretches import embed_stretches
from limbeck.media import SoundStretch, sound_stretches

Progress = Callable[[int, int], None]
"""Called with the files done and the files to be read."""
_COMMIT_WINDOWS = 4096
_COMMIT_S = 30.0
_AHEAD = 12
"""So many stretches, of a minute each at most, wait for the encoder."""


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
    indexer = _Indexer(store, encoder, batch, known, refused)
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
    indexer.read(named, workers, progress)
    indexer.read_again(workers)
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


class _Indexer:
    """Embeds windows in batches, of whatever files they are, and commits whole files.

    `counts` tells how many committed files were ``added``, ``changed``, ``moved``, or found ``unchanged``, `emptied`
    where moved files were before.
    """

    def __init__(
        self, store: Store, encoder: Encoder, batch: int, known: dict[Path, File], refused: dict[Path, Refused]
    ) -> None:
        self.refused = dict(refused)
        self.counts: Counter[str] = Counter()
        self.emptied: list[File] = []
        self._store = store
        self._encoder = encoder
        self._batch = batch
        self._known = known
        self._by_content = {f.sha256: f for f in known.values()}
        self._waiting: list[tuple[File, SoundStretch]] = []
        self._embedded: dict[Path, list[Embedded]] = {}
        self._whole: list[File] = []
        self._again: list[File] = []
        self._refusals_changed = False
        self._embedded_since = 0
        self._committed_at = time.monotonic()

    def forget(self, places: Iterable[Path]) -> None:
        """Take files off the list of refused ones."""
        for place in places:
            self._refusals_changed |= self.refused.pop(place, None) is not None

    def read_again(self, workers: int) -> None:
        """Decode files after all that share their content with one that had another when they came."""
        files, self._again, self._by_content = self._again, [], {}
        self.read(files, workers, None)

    def read(self, files: Sequence[File], workers: int, progress: Progress | None) -> None:
        """Read some files and commit them, and whatever else waits."""
        settings, done = self._store.settings, 0
        read = partial(
            sound_stretches, sample_rate_hz=settings.sample_rate_hz, window_s=settings.window_s, hop_s=settings.hop_s
        )
        known, workers = frozenset(self._by_content), min(workers, len(files))
        with contextlib.closing(prefetch(files, read, known, workers=workers, pieces=_AHEAD)) as messages:
            for file, message in messages:
                self.add(file, message)
                if not isinstance(message, SoundStretch):
                    done += 1
                    if progress:
                        progress(done, len(files))
        self.commit()

    def add(self, file: File, message: Message[SoundStretch]) -> None:
        """A stretch, or the end of a file."""
        if isinstance(message, SoundStretch):
            self._waiting.append((file, message))
        elif isinstance(message, File):
            self._whole.append(message)
        else:
            self._refuse(message)
        if sum(len(stretch.windows) for _, stretch in self._waiting) >= self._batch:
            self._embed()
        if self._embedded_since >= _COMMIT_WINDOWS or time.monotonic() - self._committed_at >= _COMMIT_S:
            self.commit()

    def commit(self) -> None:
        """Put all whole files into the table in one commit, and take out known ones that are refused for good now."""
        self._embed()
        tables, replaced = [], []
        for file in self._whole:
            before = self._known.get(file.place)
            if before is None:
                file = self._store.near(file)
            else:  # it may have been found below another root
                file = replace(file, root=before.root, path=before.path, near=before.near, now=before.now)
            if (rows := self._rows(file)) is not None:
                tables.append(rows)
                replaced += [] if before is None else [before]
                self.forget([file.place])
        if tables:
            import pyarrow as pa

            self._store.add(pa.concat_tables(tables), replaced)
        if self._refusals_changed:
            rotten = [place for place, refused in self.refused.items() if not refused.may_pass]
            self._store.remove([self._known[place] for place in rotten if place in self._known])
            self._store.refuse(self.refused.values())
        self._whole.clear()
        self._refusals_changed, self._embedded_since = False, 0
        self._committed_at = time.monotonic()

    def _rows(self, file: File) -> Any | None:
        """Rows of a whole file, from its windows or from another file of the same content; None if there are none."""
        windows = self._embedded.pop(file.place, None)
        if windows is None:
            source = self._by_content[file.sha256]
            rows = self._store.rows_of(source)
            if not len(rows):
                self._again.append(replace(file, sha256=""))
                return None
            self._count(file, source)
            return _rows.renamed(rows, file)
        made = _rows.rows(file, windows, self._store.settings)
        if made is None:
            sentence = f"{file.place}: its vectors hold NaN, infinity or huge numbers."
            self._refuse(Refused(file, "bad_embedding", sentence))
        else:
            self._count(file)
        return made

    def _count(self, file: File, source: File | None = None) -> None:
        if (before := self._known.get(file.place)) is not None:
            self.counts["unchanged" if before.sha256 == file.sha256 else "changed"] += 1
        elif source is not None and _scan.is_gone(source.place):
            self.counts["moved"] += 1
            self.emptied.append(source)
        else:
            self.counts["added"] += 1

    def _refuse(self, refused: Refused) -> None:
        place = refused.file.place
        self._waiting = [(f, stretch) for f, stretch in self._waiting if f.place != place]
        self._embedded.pop(place, None)
        self.refused[place] = refused
        self._refusals_changed = True

    def _embed(self) -> None:
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        made = embed_stretches(self._encoder, [stretch for _, stretch in waiting], batch=self._batch)
        with np.errstate(over="ignore"):  # what float16 cannot hold becomes infinite and is refused
            joint, features = made.joint.numpy().astype(np.float16), made.features.numpy().astype(np.float16)
        places = [(file, *times) for file, stretch in waiting for times in stretch.times_s()]
        shape = (len(places), self._store.settings.dim), (len(places), self._store.settings.features_dim)
        if (joint.shape, features.shape) != shape:
            raise LimbeckError(
                f"The encoder returned vectors of shapes {joint.shape} and {features.shape}, but {shape} were expected."
            )
        for row, (file, start_s, duration_s) in enumerate(places):
            self._embedded.setdefault(file.place, []).append((start_s, duration_s, joint[row], features[row]))
        self._embedded_since += len(places)
