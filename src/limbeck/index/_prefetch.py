"""Reading recordings in worker processes ahead of the encoder."""

import contextlib
import hashlib
import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from limbeck.engine import Lost, WorkerPool
from limbeck.errors import MediaError
from limbeck.index._scan import File, Refused
from limbeck.media import SoundStretch, sound_stretches

_SLOWEST_BYTES_PER_SECOND = 2**20
_SILENT = "silent_audio"

Piece = TypeVar("Piece")
"""What recordings are read as: `SoundStretch`, or more."""
Message: TypeAlias = Piece | File | Refused
"""A `File` with its SHA-256 was read to its end; if that was known already, without any piece."""


def prefetch(
    files: Sequence[File],
    read: Callable[[Path], Iterator[Piece]],
    known: frozenset[str],
    *,
    workers: int,
    pieces: int,
    patience_s: float = 600.0,
) -> Generator[tuple[File, Message[Piece]], None, None]:
    """Pieces of many `files`, those of one in order, of several mixed; each ends with a `File` or `Refused`.

    So many processes (`workers`) import `read` by name; contents with a `known` hash are not decoded, and at most
    `pieces` wait for the caller. After `patience_s` without a message, and a second more for every MiB of the file, a
    worker counts as hung; its file is refused as ``timeout``, and as ``crashed`` if the process died of it. Close it
    when leaving early: that ends the processes.
    """
    ready: queue.Queue[tuple[File, Message[Piece]] | BaseException | None] = queue.Queue(pieces)
    stopped = threading.Event()

    def put(item: tuple[File, Message[Piece]] | BaseException | None) -> None:
        while not stopped.is_set():
            with contextlib.suppress(queue.Full):
                ready.put(item, timeout=0.1)
                return

    def run() -> None:
        pool: WorkerPool[File, Message[Piece]] = WorkerPool(
            partial(_messages, read, known),
            workers=workers,
            patience_s=lambda file: patience_s + file.size / _SLOWEST_BYTES_PER_SECOND,
        )
        left = deque(files)
        try:
            with pool:
                while (left or pool.is_busy) and not stopped.is_set():
                    while left and pool.has_room:
                        pool.submit(left.popleft())
                    for file, message in pool.messages(at_most_s=0.2):
                        if isinstance(message, Lost):
                            message = Refused(file, message.reason, f"{file.place}: {message.detail}")
                        put((file, message))
            put(None)
        except BaseException as error:
            put(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stopped.set()
        thread.join()


def to_the_end(path: Path, **lengths: Any) -> Iterator[SoundStretch | float]:
    """What sounds in the recording at a `path`, nothing where it is silent, and then how long it is, in seconds.

    The `lengths` are those of `sound_stretches`.
    """
    ends_s: list[float] = []
    try:
        yield from sound_stretches(path, ended=ends_s.append, **lengths)
    except MediaError as error:
        if error.reason != _SILENT:
            raise
    yield from ends_s


def _messages(read: Callable[[Path], Iterator[Piece]], known: frozenset[str], file: File) -> Iterator[Message[Piece]]:
    place = file.place
    try:
        if os.path.exists(place) and not os.path.isfile(place):  # opening a pipe would wait for somebody to write
            raise MediaError("unreadable_file", f"{place} is not a file.")
        try:
            with open(place, "rb") as handle:
                sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
        except FileNotFoundError as error:
            raise MediaError("missing_file", f"{place} does not exist.") from error
        except OSError as error:
            raise MediaError("unreadable_file", f"{place} cannot be read: {error.strerror}.") from error
        if sha256 not in known:
            yield from read(place)
        yield replace(file, sha256=sha256)
    except MediaError as error:
        yield Refused(file, error.reason, error.detail)
