"""Reading recordings in worker processes ahead of the encoder."""

from __future__ import annotations

import contextlib
import hashlib
import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from limbeck.engine import Lost, WorkerPool
from limbeck.errors import MediaError
from limbeck.index._scan import File, Refused
from limbeck.media import SoundWindow

_PATIENCE_S = 600.0
_SLOWEST_BYTES_PER_SECOND = 2**20
_LOOK_UP_S = 0.2

Read = Callable[[Path], Iterator[SoundWindow]]


@dataclass(frozen=True)
class Whole:
    """A recording was read to its end; if its content was known already (by its SHA-256), without any window."""

    sha256: str


Message = SoundWindow | Whole | Refused


def prefetch(
    files: Sequence[File],
    read: Read,
    known: frozenset[str],
    *,
    workers: int,
    windows: int,
    patience_s: float = _PATIENCE_S,
) -> Generator[tuple[File, Message], None, None]:
    """Windows of many files, those of one in order, of several mixed; each file ends with `Whole` or `Refused`.

    Workers import `read` by name; contents with a `known` hash are not decoded, and at most `windows` wait for the
    caller. After `patience_s` without a message, and a second more for every MiB of the file, a worker counts as hung;
    its file is refused as ``timeout``, and as ``crashed`` if the process died of it. Close it when leaving early: that
    ends the processes.
    """
    ready: queue.Queue[tuple[File, Message] | BaseException | None] = queue.Queue(windows)
    stopped = threading.Event()

    def put(item: tuple[File, Message] | BaseException | None) -> None:
        while not stopped.is_set():
            with contextlib.suppress(queue.Full):
                ready.put(item, timeout=0.1)
                return

    def run() -> None:
        pool: WorkerPool[File, Message] = WorkerPool(
            partial(_messages, read, known),
            workers=workers,
            patience_s=lambda file: patience_s + file.size / _SLOWEST_BYTES_PER_SECOND,
            preload=(__name__,),
        )
        left = deque(files)
        try:
            with pool:
                while (left or pool.is_busy) and not stopped.is_set():
                    while left and pool.has_room:
                        pool.submit(left.popleft())
                    for file, message in pool.messages(at_most_s=_LOOK_UP_S):
                        put((file, _refused(file, message) if isinstance(message, Lost) else message))
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


def _refused(file: File, lost: Lost) -> Refused:
    return Refused(file, lost.reason, f"{file.place}: {lost.detail}")


def _messages(read: Read, known: frozenset[str], file: File) -> Iterator[Message]:
    try:
        sha256 = _hashed(file.place)
        if sha256 not in known:
            yield from read(file.place)
        yield Whole(sha256)
    except MediaError as error:
        yield Refused(file, error.reason, error.detail)


def _hashed(path: Path) -> str:
    if os.path.exists(path) and not os.path.isfile(path):  # opening a pipe would wait for somebody to write
        raise MediaError("unreadable_file", f"{path} is not a file.")
    try:
        with open(path, "rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise MediaError("missing_file", f"{path} does not exist.") from error
    except OSError as error:
        raise MediaError("unreadable_file", f"{path} cannot be read: {error.strerror}.") from error
