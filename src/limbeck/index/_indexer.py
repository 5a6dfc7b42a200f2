"""Windows on their way from the readers through the encoder into the table."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from limbeck.encoders import Encoder
from limbeck.errors import LimbeckError
from limbeck.index import _rows
from limbeck.index._prefetch import Message, Whole
from limbeck.index._rows import Embedded
from limbeck.index._scan import File, Refused, is_gone
from limbeck.index._store import Store
from limbeck.media import SoundWindow

_COMMIT_WINDOWS = 4096
_COMMIT_S = 30.0


class Indexer:
    """Embeds windows in batches, of whatever files they are, and commits whole files.

    `counts` tells how many committed files were ``added``, ``changed``, ``moved``, or found ``unchanged``, `emptied`
    where moved files were before. Files with the content of one of `by_content` need not be decoded.
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
        self.by_content = {f.sha256: f for f in known.values()}
        self._waiting: list[tuple[File, SoundWindow]] = []
        self._embedded: dict[Path, Embedded] = {}
        self._whole: list[File] = []
        self._again: list[File] = []
        self._refusals_changed = False
        self._embedded_since = 0
        self._committed_at = time.monotonic()

    def forget(self, places: Iterable[Path]) -> None:
        """Take files off the list of refused ones."""
        for place in places:
            self._refusals_changed |= self.refused.pop(place, None) is not None

    def to_read_again(self) -> list[File]:
        """Files to be decoded after all: the file they share their content with had another when they came."""
        files, self._again = self._again, []
        self.by_content = {}
        return files

    def add(self, file: File, message: Message) -> None:
        """A window, or the end of a file."""
        if isinstance(message, SoundWindow):
            self._waiting.append((file, message))
        elif isinstance(message, Whole):
            self._whole.append(replace(file, sha256=message.sha256))
        else:
            self._refuse(message)
        if len(self._waiting) >= self._batch:
            self._embed()
        if self._embedded_since >= _COMMIT_WINDOWS or time.monotonic() - self._committed_at >= _COMMIT_S:
            self.commit()

    def commit(self) -> None:
        """Put all whole files into the table in one commit, and take out known ones that are refused for good now."""
        self._embed()
        tables, replaced = [], []
        for file in self._whole:
            before = self._known.get(file.place)
            if before is not None:  # it may have been found below another root
                file = replace(file, root=before.root, path=before.path)
            rows = self._rows(file)
            if rows is not None:
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
            source = self.by_content[file.sha256]
            rows = self._store.rows_of(source)
            if not len(rows):
                self._again.append(replace(file, sha256=""))
                return None
            self._count(file, source)
            return _rows.renamed(rows, file)
        if not windows.fits:
            self._refuse(
                Refused(file, "bad_embedding", f"{file.place}: its vectors hold NaN, infinity or huge numbers.")
            )
            return None
        self._count(file)
        return _rows.rows(file, windows, self._store.settings)

    def _count(self, file: File, source: File | None = None) -> None:
        before = self._known.get(file.place)
        if before is not None:
            self.counts["unchanged" if before.sha256 == file.sha256 else "changed"] += 1
        elif source is not None and is_gone(source.place):
            self.counts["moved"] += 1
            self.emptied.append(source)
        else:
            self.counts["added"] += 1

    def _refuse(self, refused: Refused) -> None:
        place = refused.file.place
        self._waiting = [(f, w) for f, w in self._waiting if f.place != place]
        self._embedded.pop(place, None)
        self.refused[place] = refused
        self._refusals_changed = True

    def _embed(self) -> None:
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        made = self._encoder.embed_audio([torch.from_numpy(w.samples) for _, w in waiting], batch=self._batch)
        with np.errstate(over="ignore"):  # what float16 cannot hold becomes infinite and is refused
            joint, features = made.joint.numpy().astype(np.float16), made.features.numpy().astype(np.float16)
        shape = (len(waiting), self._store.settings.dim), (len(waiting), self._store.settings.features_dim)
        if (joint.shape, features.shape) != shape:
            raise LimbeckError(
                f"The encoder returned vectors of shapes {joint.shape} and {features.shape}, but {shape} were expected."
            )
        for row, (file, window) in enumerate(waiting):
            into = self._embedded.setdefault(file.place, Embedded([], [], [], []))
            into.start_s.append(window.start_s)
            into.duration_s.append(window.duration_s)
            into.joint.append(joint[row])
            into.features.append(features[row])
        self._embedded_since += len(waiting)
