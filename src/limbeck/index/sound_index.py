"""The index of sounds."""

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from limbeck import _machine
from limbeck.encoders import Encoder, EncoderNote
from limbeck.engine.executor import Executor
from limbeck.errors import InputError
from limbeck.index import _search
from limbeck.index._rows import IndexSettings, window_lengths
from limbeck.index._scan import File
from limbeck.index._search import Hit, Pool
from limbeck.index._store import Store, locked
from limbeck.index._update import Progress, Update, update


class SoundIndex:
    """Vectors of every window of many recordings, by one encoder: made once, kept up to date, searched, pooled.

    It lies in a folder, or at an address of LanceDB's: ``s3://bucket/name``. Made by `open` or `create`. Any number of
    processes may read while one writes; object storage has no locks, and machines have to take turns there.

    Cost: a window takes 2 (dim + features_dim) bytes on disk and some hundred more for its recording. Searching looks
    at every window up to 200,000 of them, and goes by an approximate index above.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    @classmethod
    def exists(cls, folder: str | Path) -> bool:
        """Whether there is one."""
        return Store.exists(folder)

    @classmethod
    def open(cls, folder: str | Path) -> Self:
        """An index that is there.

        Raises:
            InputError: There is none.
            MissingExtraError: LanceDB is not installed.
        """
        return cls(Store.open(folder))

    @classmethod
    def create(
        cls, folder: str | Path, encoder: Encoder, *, window_s: float | None = None, hop_s: float | None = None
    ) -> Self:
        """A new, empty index in a new or empty folder.

        The id of the encoder is kept, and no other is accepted. Windows, in seconds, are the longest that it takes as
        a whole, and lie side by side, where `window_s` and `hop_s` are None.

        Raises:
            InputError: There is an index already or something else, or the windows do not suit the encoder.
            BusyError: Another process is at work there.
            MissingExtraError: LanceDB is not installed.
        """
        window_s, hop_s = window_lengths(encoder, window_s, hop_s)
        settings = IndexSettings(
            encoder=encoder.id,
            sample_rate_hz=encoder.sample_rate,
            window_s=window_s,
            hop_s=hop_s,
            dim=encoder.dim,
            features_dim=encoder.features_dim,
        )
        return cls(Store.create(folder, settings))

    @property
    def settings(self) -> IndexSettings:
        """Encoder, windows and sizes."""
        return self._store.settings

    @property
    def encoder(self) -> EncoderNote:
        """Whose vectors it holds."""
        return EncoderNote.of(self.settings.encoder)

    def __len__(self) -> int:
        """Number of windows."""
        self._store.refresh()
        return len(self._store)

    def files(self) -> list[Path]:
        """The recordings, sorted."""
        return [file.place for file in self.recordings()]

    def recordings(self) -> list[File]:
        """The recordings as they were when they were indexed, sorted by place."""
        self._store.refresh()
        return sorted(self._store.files(), key=lambda file: file.place)

    def rejected(self) -> list[tuple[Path, str, str]]:
        """Files that could not be indexed: where, the reason in a word, and in a sentence; sorted."""
        return sorted((r.file.place, r.reason, r.detail) for r in self._store.refused())

    def describe(self) -> dict[str, Any]:
        """What it holds, as JSON-able data, with how it is searched."""
        self._store.refresh()
        found = self._store.approximate
        return {
            **self.settings.to_json(),
            "place": str(self._store.place),
            "windows": len(self._store),
            "recordings": len(self._store.files()),
            "rejected": len(self._store.refused()),
            "search": "exact: every window is looked at"
            if found is None
            else f"approximate: {found.index_type} over {found.num_indexed_rows} windows, the others are looked at",
        }

    def update(
        self,
        sources: Sequence[Path],
        encoder: Encoder,
        *,
        batch: int = 32,
        workers: int | None = None,
        progress: Progress | None = None,
        executor: Executor | None = None,
        load: Callable[[], Encoder] | None = None,
    ) -> Update:
        """Bring the index up to date with what lies below some folders. Only new and changed files are embedded.

        A file of known size and times is left alone; of others the content is hashed, and decoded only if
        no file of the index has the same. Files that lay below the sources and are gone leave the index; those below
        other folders stay. Broken files are listed and skipped. Killed at any moment, it can be repeated.

        The `sources` are folders, searched at all depths, and files. Hidden files and kinds that are known not to be
        media (texts, tables, archives) are skipped. Windows are embedded `batch` >= 1 at a time by the encoder that the
        index was made with, while `workers` >= 1 processes (None: one per core) decode ahead; `progress` is called with
        the files done and the files to be read.

        An `executor` has its machines read and embed instead of this process: those of a cluster
        (`limbeck.engine.on_ray`), which all see the sources and the index. They are sent `load`, which gives
        the encoder there, or the encoder itself. The rows are the same.

        Raises:
            LimbeckError: Some of the machines' work failed; the rest is in the index.
            InputError: Another encoder, a source that does not exist, or numbers out of range.
            BusyError: Another process is updating it.
        """
        if encoder.id != self.encoder.id:
            raise InputError(
                f"The vectors of this index were made by {self.encoder.id}, but the encoder given is {encoder.id}; "
                "vectors of two encoders cannot be compared. Use the same encoder, or make a new index."
            )
        workers = _machine.cores() if workers is None else workers
        if batch < 1 or workers < 1:
            raise InputError(f"batch and workers must be at least 1, but got {batch} and {workers}.")
        with locked(self._store.place):
            self._store.refresh()
            return update(
                self._store, sources, encoder, batch=batch, workers=workers, progress=progress, executor=executor,
                load=load or partial(_itself, encoder),
            )  # fmt: skip

    def search(self, vectors: npt.ArrayLike, top: int = 10, *, exact: bool | None = None) -> list[list[Hit]]:
        """For each query the `top` >= 1 windows most like it, most similar first; an index with fewer gives fewer.

        Args:
            vectors: In the joint space, of sounds or texts, (query, dim); their length does not matter.
            top: Hits per query.
            exact: Look at every window; None means if there is no approximate index.

        Raises:
            InputError: Vectors of another length, not finite, or 0 throughout; or `top` below 1.
        """
        queries = self._directions(vectors)
        if top < 1:
            raise InputError(f"top must be at least 1, but got {top}.")
        self._store.refresh()
        if not len(self._store) or not len(queries):
            return [[] for _ in queries]
        if exact is None:
            exact = self._store.approximate is None
        return (_search.exact if exact else _search.approximate)(self._store, queries, top)

    def blend(self, wanted: npt.ArrayLike, unwanted: npt.ArrayLike | None = None) -> npt.NDArray[np.float32]:
        """Join words, examples and what is not wanted into one vector for `search`, (1, dim), of length 1.

        The parts of both are in the joint space, (part, dim); their lengths do not matter, and of wanted ones there is
        at least one. Wanted parts count alike, however much or little similarities to them differ over the index, and
        unwanted ones together half as much as the wanted ones.

        Raises:
            InputError: Vectors of another length, not finite, or 0 throughout; none is wanted; or the index is empty.
        """
        some = self._directions(wanted)
        none = np.zeros((0, self.settings.dim), np.float32)
        others = none if unwanted is None else self._directions(unwanted)
        if not len(some):
            raise InputError("Nothing to search for: give at least one wanted vector.")
        if not len(self):
            raise InputError("This index holds no window to search. Bring it up to date with: limbeck sounds index.")
        return _search.blend(_search.sample(self._store), some, others)[None]

    def _directions(self, vectors: npt.ArrayLike) -> npt.NDArray[np.float32]:
        rows, dim = np.asarray(vectors, np.float32), self.settings.dim
        if rows.ndim != 2 or rows.shape[1] != dim:
            raise InputError(f"Vectors of shape (query, {dim}) were expected, but got {rows.shape}.")
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        if not (np.isfinite(lengths) & (lengths > 0)).all():
            raise InputError("Vectors to search for must be finite and not 0 throughout.")
        return np.asarray(rows / lengths, np.float32)

    def pool(self, paths: Sequence[Path] | None = None) -> Pool:
        """The windows of some recordings, or of all, as arrays to learn from.

        Raises:
            InputError: A recording is not in the index.
        """
        self._store.refresh()
        return _search.pool(self._store, None if paths is None else [Path(os.path.abspath(p)) for p in paths])

    def batches(self) -> Iterator[Pool]:
        """All windows as `pool` gives them, but some thousands at a time and in the order of the index."""
        self._store.refresh()
        return _search.batches(self._store)


def _itself(encoder: Encoder) -> Encoder:
    return encoder
