"""Reading recordings ahead in worker processes, which may die or hang on one without taking the others along."""

from __future__ import annotations

import contextlib
import hashlib
import multiprocessing
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import ModuleType
from typing import Any

from limbeck import _machine
from limbeck.errors import LimbeckError, MediaError
from limbeck.index._places import File, Refused
from limbeck.media import SoundWindow

_PATIENCE_S = 600.0
_SLOWEST_BYTES_A_SECOND = 2**20
_START_S = 120.0
_LOOK_UP_S = 0.2

Read = Callable[[Path], Iterator[SoundWindow]]


@dataclass(frozen=True)
class Whole:
    """A recording was read to its end; if its content was known already, without any window.

    Attributes:
        sha256: Of its bytes.
    """

    sha256: str


Message = SoundWindow | Whole | Refused


def read_ahead(
    files: Sequence[File],
    read: Read,
    known: frozenset[str],
    *,
    workers: int,
    ahead: int,
    patience_s: float = _PATIENCE_S,
) -> Generator[tuple[File, Message], None, None]:
    """Windows of many files, those of one in order, of several mixed; each file ends with `Whole` or `Refused`.

    Close it when leaving early: that ends the processes.

    Args:
        files: What to read.
        read: Windows of one file; a function that worker processes can import by name.
        known: Hashes of contents that need not be decoded.
        workers: Processes; 0 will do for no files.
        ahead: Windows that may wait to be taken.
        patience_s: Seconds without a word, and one more for every MiB of the file, after which a worker counts as
            hung; its file is refused as ``timeout``, and as ``crashed`` if the process died of it.
    """
    ready: queue.Queue[tuple[File, Message] | BaseException | None] = queue.Queue(ahead)
    todo: queue.SimpleQueue[File] = queue.SimpleQueue()
    for file in files:
        todo.put(file)
    stopped = threading.Event()

    def give(item: tuple[File, Message] | BaseException | None) -> None:
        while not stopped.is_set():
            with contextlib.suppress(queue.Full):
                ready.put(item, timeout=0.1)
                return

    def run() -> None:
        try:
            with contextlib.closing(_Worker(read, known, patience_s, stopped)) as worker:
                while not stopped.is_set():
                    file = todo.get_nowait()
                    for message in worker.messages(file):
                        give((file, message))
        except queue.Empty:
            give(None)
        except BaseException as error:
            give(error)

    threads = [threading.Thread(target=run, daemon=True) for _ in range(workers)]
    for thread in threads:
        thread.start()
    try:
        running = workers
        while running:
            item = ready.get()
            if isinstance(item, BaseException):
                raise item
            if item is None:
                running -= 1
            else:
                yield item
    finally:
        stopped.set()
        for thread in threads:
            thread.join()


class _Worker:
    """A process that reads one file after the other; a new one takes its place when it dies or hangs."""

    def __init__(self, read: Read, known: frozenset[str], patience_s: float, stopped: threading.Event) -> None:
        self._task = (read, known)
        self._patience_s = patience_s
        self._stopped = stopped
        self._start()

    def messages(self, file: File) -> Iterator[Message]:
        """What comes of a file; nothing more once all is stopped."""
        patience = self._patience_s + file.size / _SLOWEST_BYTES_A_SECOND
        try:
            self._connection.send(file)
            while self._speaks(patience):
                message: Message = self._connection.recv()
                yield message
                if not isinstance(message, SoundWindow):
                    return
            if self._stopped.is_set():
                return
            reason, detail = "timeout", f"{file.place}: nothing came of it for {patience:.0f} s."
        except (EOFError, OSError):
            self._process.join(_START_S)
            code = self._process.exitcode
            reason, detail = "crashed", f"{file.place}: the process that decoded it ended with exit code {code}."
        self.close()
        self._start()
        yield Refused(file, reason, detail)

    def _speaks(self, patience_s: float) -> bool:
        deadline = time.monotonic() + patience_s
        while not self._stopped.is_set() and time.monotonic() < deadline:
            if self._connection.poll(min(_LOOK_UP_S, patience_s)):
                return True
        return False

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()
        self._connection.close()

    def _start(self) -> None:
        # Forked off a process that has imported what is needed but holds none of the caller's threads, locks or files.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([__name__])
        self._connection, theirs = context.Pipe()
        with _STARTING, _machine.considerate_children(), _script_stays_out():
            self._process: Any = context.Process(target=_work, args=(theirs, *self._task), daemon=True)
            self._process.start()
        theirs.close()
        try:
            self._connection.recv()
        except (EOFError, OSError):
            self._process.join(_START_S)
            raise LimbeckError(
                f"A process to decode sound in could not start (exit code {self._process.exitcode}); "
                "what it printed above says why."
            ) from None


_STARTING = threading.Lock()


@contextlib.contextmanager
def _script_stays_out() -> Iterator[None]:
    """Start a process without running the user's script in it, which would start itself again and again."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _work(connection: Connection, read: Read, known: frozenset[str]) -> None:
    """Life of a worker process: files in, messages out, until the other end is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(EOFError, OSError):
        connection.send(None)
        while True:
            for message in _messages(connection.recv(), read, known):
                connection.send(message)


def _messages(file: File, read: Read, known: frozenset[str]) -> Iterator[Message]:
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
