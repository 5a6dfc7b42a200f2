"""Recordings that another machine reads and embeds: all it needs, and the file in which it leaves what it heard."""

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from limbeck import _files, _locations
from limbeck.encoders import Encoder
from limbeck.errors import FingerprintError, InputError
from limbeck.index import _rows
from limbeck.index._ear import AHEAD, Ear, reader
from limbeck.index._prefetch import prefetch
from limbeck.index._scan import File, Refused
from limbeck.media import SoundStretch

_FILES, _BYTES = 100, 2**29
"""Recordings of a block, and their bytes, at most."""
_HEARD = b"heard"
_encoders: dict[str, Encoder] = {}


@dataclass(frozen=True)
class Block:
    """Some recordings, a task of `limbeck.engine.executor`.

    Attributes:
        files: The recordings.
        known: Contents that the index has, by SHA-256, which need no embedding: a set for each size of the files.
        settings: Those of the index.
        load: Gives its encoder on whatever machine this is.
        batch: Windows that are embedded at a time.
        out: The Arrow file, on a disk or in object storage, in which its windows are left: a record batch for each
            recording that was heard, and in the schema's metadata what became of every one.
    """

    files: Sequence[File]
    known: Sequence[frozenset[str]]
    settings: _rows.IndexSettings
    load: Callable[[], Encoder]
    batch: int
    out: _locations.File

    @property
    def needs(self) -> "Sequence[Block]":
        """Nothing has to be done before."""
        return ()

    def run(self) -> None:
        """Read and embed them.

        Raises:
            FingerprintError: The encoder of this machine is another.
            InputError: None of the files of a folder is there.
        """
        import pyarrow as pa

        _files.check_seen(file.place for file in self.files if file.changed_ns)  # it has none where a link led nowhere
        place_of = {file.place: number for number, file in enumerate(self.files)}
        ear, whole, refused = Ear(self._encoder(), self.settings, self.batch), list[File](), list[Refused]()
        known = frozenset[str]().union(*self.known)
        with contextlib.closing(
            prefetch(self.files, reader(self.settings), known, workers=1, pieces=AHEAD)
        ) as messages:
            for file, message in messages:
                if isinstance(message, SoundStretch):
                    ear.hear(file, message)
                elif isinstance(message, File):
                    whole.append(message)
                else:
                    ear.forget(file.place)
                    refused.append(message)
        ear.embed()
        tables, ends = list[Any](), []
        for file in whole:
            windows = ear.windows_of(file.place)
            table = None if windows is None else _rows.rows(file, windows, self.settings)
            if windows is not None and table is None:
                refused.append(Refused.of_vectors(file))
                continue
            ends.append([place_of[file.place], file.sha256, len(tables) if table is not None else None])
            tables += [] if table is None else [table]
        told = {"ends": ends, "refused": [[place_of[r.file.place], r.reason, r.detail] for r in refused]}
        schema = _rows.schema(self.settings)
        schema = schema.with_metadata({**schema.metadata, _HEARD: json.dumps(told).encode()})
        with (
            self.out.place.writing(self.out.name) as path,
            _files.atomic(path) as part,
            pa.OSFile(str(part), "wb") as sink,
            pa.ipc.new_file(sink, schema) as writer,
        ):
            for table in tables:
                writer.write_table(table.combine_chunks().cast(schema))
        self._forget()

    def heard(self) -> Iterator[tuple[File | Refused, Any | None]]:
        """What became of each: it with its rows, it alone where its content is known, or why it is refused."""
        import pyarrow as pa

        with pa.memory_map(str(self.out.here())) as source, pa.ipc.open_file(source) as found:
            told = json.loads(found.schema.metadata[_HEARD])
            for number, sha256, batch in told["ends"]:
                rows = None if batch is None else pa.Table.from_batches([found.get_batch(batch)])
                if rows is not None and not _rows.unharmed(rows):
                    raise InputError(f"{self.out} is not what was written to it. Give the command again.")
                yield replace(self.files[number], sha256=sha256), rows
            for number, reason, detail in told["refused"]:
                yield Refused(self.files[number], reason, detail), None
        self._forget()

    def _forget(self) -> None:
        """Keep nothing here of what is in object storage."""
        if self.out.place.is_remote:
            self.out.path.unlink(missing_ok=True)

    def _encoder(self) -> Encoder:
        if self.settings.encoder not in _encoders:
            _encoders.clear()
            encoder = self.load()
            if encoder.id != self.settings.encoder:
                raise FingerprintError(
                    f"The encoder of this machine is {encoder.id}, but the index has {self.settings.encoder}. Give "
                    "every machine the same weights."
                )
            _encoders[encoder.id] = encoder
        return _encoders[self.settings.encoder]


def blocks(
    files: Sequence[File],
    known: Iterable[File],
    settings: _rows.IndexSettings,
    load: Callable[[], Encoder],
    *,
    batch: int,
    folder: _locations.Location,
) -> list[Block]:
    """Cut files, in their order, into blocks that leave what they heard in a `folder`; see `Block`."""
    by_size: dict[int, set[str]] = {}
    for file in known:
        by_size.setdefault(file.size, set()).add(file.sha256)
    contents = {size: frozenset(found) for size, found in by_size.items()}  # blocks of an archive of one size share it
    cut: list[list[File]] = []
    size = 0
    for file in files:
        if not cut or len(cut[-1]) == _FILES or size + file.size > _BYTES:
            cut.append([])
            size = 0
        cut[-1].append(file)
        size += file.size
    return [
        Block(
            own,
            [contents[size] for size in {file.size for file in own} if size in contents],
            settings,
            load,
            batch,
            _locations.File(folder, f"{number:06d}.arrow"),
        )
        for number, own in enumerate(cut)
    ]
