"""Bringing an index up to date: read ahead, embed in batches, commit whole recordings together.

Killed at any moment, the index holds the recordings committed so far, whole and once; the next update goes on there.
"""

import contextlib
import os
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from limbeck._addresses import is_address
from limbeck._locations import Location
from limbeck._words import plural
from limbeck.encoders import Encoder
from limbeck.engine.executor import Executor
from limbeck.errors import LimbeckError
from limbeck.index import _rows, _scan
from limbeck.index._block import Block, blocks
from limbeck.index._ear import AHEAD, Ear, reader
from limbeck.index._prefetch import Message, prefetch
from limbeck.index._scan import File, Refused
from limbeck.index._store import Store
from limbeck.media import SoundStretch

Progress = Callable[[int, int], None]
"""Called with the files done and the files to be read."""
_COMMIT_WINDOWS = 4096
_COMMIT_S = 30.0
_PARTS = ".parts"


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
    store: Store,
    sources: Sequence[Path],
    encoder: Encoder,
    *,
    batch: int,
    workers: int,
    progress: Progress | None,
    executor: Executor | None,
    load: Callable[[], Encoder],
) -> Update:
    """Bring a store up to date, here or by an `executor`, whose machines `load` the encoder; it is locked already."""
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
    if executor:
        with _emptied(Location.of(f"{Location.of(store.place).absolute()}/{_PARTS}")) as parts:
            tasks = blocks(named, known.values(), store.settings, load, batch=batch, folder=parts)
            indexer.gather(tasks, executor, progress)
    else:
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


@contextlib.contextmanager
def _emptied(place: Location) -> Iterator[Location]:
    """A new folder in one without what a killed process left there, both of which are gone afterwards.

    Machines may still work for the killed process: they do not find their way into a folder of another name.
    """
    place.clear()
    inner = Location.of(f"{place}/{secrets.token_hex(8)}")
    try:
        yield inner
    finally:
        inner.clear()
        place.clear()


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
        self._ear = Ear(encoder, store.settings, batch)
        self._known = known
        self._by_content = {f.sha256: f for f in known.values()}
        self._heard: dict[Path, Any] = {}
        self._uncommitted = 0
        self._whole: list[File] = []
        self._again: list[File] = []
        self._refusals_changed = False
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
        known, workers, done = frozenset(self._by_content), min(workers, len(files)), 0
        read = reader(self._store.settings)
        with contextlib.closing(prefetch(files, read, known, workers=workers, pieces=AHEAD)) as messages:
            for file, message in messages:
                self.add(file, message)
                if not isinstance(message, SoundStretch):
                    done += 1
                    if progress:
                        progress(done, len(files))
        self.commit()

    def gather(self, tasks: Sequence[Block], executor: Executor, progress: Progress | None) -> None:
        """Have blocks read by an `executor`, and commit what they heard.

        Raises:
            LimbeckError: Some failed; what the others heard is committed.
        """
        total, done = sum(len(task.files) for task in tasks), 0
        failed = []
        for task, error in executor.run(tasks):
            failed += [error] if error else []
            for found, rows in task.heard() if not error else ():
                if isinstance(found, Refused):
                    self._refuse(found)
                    continue
                self._whole.append(found)
                if rows is not None:
                    self._heard[found.place] = rows
                    self._uncommitted += len(rows)
            self._commit_if_due()
            done += len(task.files)
            if progress:
                progress(done, total)
        self.commit()
        if failed:
            raise LimbeckError(f"{plural(len(failed), 'part')} of the recordings could not be heard: {failed[0]}")

    def add(self, file: File, message: Message[SoundStretch]) -> None:
        """A stretch, or the end of a file."""
        if isinstance(message, SoundStretch):
            self._uncommitted += self._ear.hear(file, message)
        elif isinstance(message, File):
            self._whole.append(message)
        else:
            self._refuse(message)
        self._commit_if_due()

    def _commit_if_due(self) -> None:
        if self._uncommitted >= _COMMIT_WINDOWS or time.monotonic() - self._committed_at >= _COMMIT_S:
            self.commit()

    def commit(self) -> None:
        """Put all whole files into the table in one commit, and take out known ones that are refused for good now."""
        self._ear.embed()
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
        self._refusals_changed, self._uncommitted = False, 0
        self._committed_at = time.monotonic()

    def _rows(self, file: File) -> Any | None:
        """Rows of a whole file, from its windows or from another file of the same content; None if there are none."""
        if (heard := self._heard.pop(file.place, None)) is not None:
            self._count(file)
            return _rows.renamed(heard, file)
        windows = self._ear.windows_of(file.place)
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
            self._refuse(Refused.of_vectors(file))
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
        self._ear.forget(place)
        self.refused[place] = refused
        self._refusals_changed = True
