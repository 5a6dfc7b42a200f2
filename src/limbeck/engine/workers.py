"""Worker processes that may die or hang on a task without taking the others along."""

import contextlib
import math
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from multiprocessing.connection import Connection, wait
from types import ModuleType
from typing import Any, Generic, Self, TypeVar

from limbeck import _machine
from limbeck.errors import LimbeckError

_QUEUED = 2
_LAST_WORDS_S = 120.0
_STARTING = threading.Lock()
_IMPORTED = [
    __name__,
    "limbeck.datasets._decoding",
    "limbeck.index._prefetch",
    "limbeck.playground.clips",
    "librosa.filters",
    "librosa.util.utils",
]
"""What workers of any pool begin with: they are forked off one process, which imports when the first pool is made."""

Task = TypeVar("Task")
Message = TypeVar("Message")


class _Signal(Enum):
    """What a worker says beside its messages."""

    READY = "ready"
    DONE = "done"


@dataclass(frozen=True)
class Lost:
    """A task whose worker died or hung: the `reason`, ``"crashed"`` or ``"timeout"``, and a sentence of `detail`."""

    reason: str
    detail: str


@dataclass
class _Worker(Generic[Task]):
    process: Any
    connection: Connection
    queue: deque[Task] = field(default_factory=deque)
    is_ready: bool = False
    heard_at: float = 0.0


class WorkerPool(Generic[Task, Message]):
    """Works on tasks in processes; to be used in a ``with`` statement, which ends them at once.

    A worker that dies, or says nothing for too long, is replaced; its task is given back as `Lost`, and those that
    waited behind it go to others. Workers end when this process does, however it ends, and leave Ctrl-C to it.

    Args:
        work: Gives the messages of a task; worker processes import it by its name. A `LimbeckError` ends all work.
        workers: Number of processes.
        patience_s: Seconds without a message after which a task's worker counts as hung.
        begin: Called in each process before its first task, on no task's time.
        needs_script: Whether `work` holds things defined in the user's script, which processes then run, too.
    """

    def __init__(
        self,
        work: Callable[[Task], Iterable[Message]],
        *,
        workers: int,
        patience_s: Callable[[Task], float],
        begin: Callable[[], object] | None = None,
        needs_script: bool = False,
    ) -> None:
        self._life = (work, begin)
        self._patience_s = patience_s
        self._needs_script = needs_script
        self._count = workers
        self._workers: list[_Worker[Task]] = []
        self._waiting: deque[Task] = deque()

    def __enter__(self) -> Self:
        try:
            for _ in range(self._count):
                self._workers.append(self._start())
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self._stop()

    @property
    def has_room(self) -> bool:
        """Whether a worker would begin with another task soon."""
        return not self._waiting and any(len(w.queue) < _QUEUED for w in self._workers)

    @property
    def is_busy(self) -> bool:
        """Whether messages are to come."""
        return bool(self._waiting) or any(w.queue for w in self._workers)

    def submit(self, *tasks: Task) -> None:
        """Queue tasks: at the workers with the least to do, or until one has room."""
        self._waiting.extend(tasks)
        while self._waiting and any(len(w.queue) < _QUEUED for w in self._workers):
            worker, task = min(self._workers, key=lambda w: len(w.queue)), self._waiting.popleft()
            if not worker.queue:
                worker.heard_at = time.monotonic()
            worker.queue.append(task)
            with contextlib.suppress(OSError):  # a dead worker is noticed when its answer is awaited
                worker.connection.send(task)

    def messages(self, at_most_s: float = math.inf) -> list[tuple[Task, Message | Lost]]:
        """Wait `at_most_s`; messages with their tasks (possibly none), those of one task in order.

        Raises:
            LimbeckError: The work itself, not a task, is at fault, or workers cannot start.
        """
        if not self.is_busy:
            return []
        left_s = max(0.0, min(at_most_s, *map(self._left_s, self._workers)))
        ready = wait([w.connection for w in self._workers], None if math.isinf(left_s) else left_s + 0.01)
        found: list[tuple[Task, Message | Lost]] = []
        for place, worker in enumerate(self._workers):
            if worker.connection in ready:
                found += self._receive(place, worker)
            elif self._left_s(worker) < 0:
                seconds = self._patience_s(worker.queue[0])
                found += self._lose(place, worker, "timeout", f"Decoding it gave nothing for {seconds:.0f} s.")
        self.submit()
        return found

    def _left_s(self, worker: _Worker[Task]) -> float:
        """Time until a worker counts as hung."""
        if not (worker.is_ready and worker.queue):
            return math.inf
        return worker.heard_at + self._patience_s(worker.queue[0]) - time.monotonic()

    def _receive(self, place: int, worker: _Worker[Task]) -> list[tuple[Task, Message | Lost]]:
        try:
            message = worker.connection.recv()
        except (EOFError, OSError):
            worker.process.join(_LAST_WORDS_S)
            code = worker.process.exitcode
            if not worker.is_ready:
                raise LimbeckError(
                    f"A worker process could not start (exit code {code}); what it printed above says why. "
                    "A script that hands over a class of its own needs if __name__ == '__main__' around what it "
                    "runs, and the class outside of that."
                ) from None
            return self._lose(place, worker, "crashed", f"The process that decoded it ended with exit code {code}.")
        worker.heard_at = time.monotonic()
        match message:
            case _Signal.READY:
                worker.is_ready = True
            case _Signal.DONE:
                worker.queue.popleft()
            case LimbeckError():
                raise message
            case _:
                return [(worker.queue[0], message)]
        return []

    def _lose(self, place: int, worker: _Worker[Task], reason: str, detail: str) -> list[tuple[Task, Message | Lost]]:
        """Replace a worker that died or hung; its task is at fault, those behind it are not."""
        _end(worker)
        self._workers[place] = self._start()
        if not worker.queue:
            return []
        culprit, *innocent = worker.queue
        self._waiting.extend(innocent)
        return [(culprit, Lost(reason, detail))]

    def _start(self) -> _Worker[Task]:
        # Workers are forked off a process that has imported everything but holds none of the caller's threads or files.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(_IMPORTED)
        ours, theirs = context.Pipe()
        process = context.Process(target=_live, args=(theirs, *self._life), daemon=True)
        with _STARTING, _machine.considerate_children(), _script(runs=self._needs_script):
            process.start()
        theirs.close()
        return _Worker(process, ours)

    def _stop(self) -> None:
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            _end(worker)


class InlinePool(Generic[Task, Message]):
    """Works on tasks in this very process, for `work` that no other one can be given; see `WorkerPool`.

    Nothing stands between a task that hangs or dies and this process.
    """

    def __init__(self, work: Callable[[Task], Iterable[Message]]) -> None:
        self._work = work
        self._waiting: deque[Task] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._waiting.clear()

    @property
    def has_room(self) -> bool:
        """Whether nothing waits."""
        return not self._waiting

    @property
    def is_busy(self) -> bool:
        """Whether messages are to come."""
        return bool(self._waiting)

    def submit(self, *tasks: Task) -> None:
        """Queue tasks."""
        self._waiting.extend(tasks)

    def messages(self) -> list[tuple[Task, Message | Lost]]:
        """The messages of the next task, with the task; none where no task waits."""
        if not self._waiting:
            return []
        task = self._waiting.popleft()
        return [(task, message) for message in self._work(task)]


def _end(worker: _Worker[Any]) -> None:
    worker.process.kill()
    worker.process.join()
    worker.process.close()
    worker.connection.close()


@contextlib.contextmanager
def _script(*, runs: bool) -> Iterator[None]:
    """Start a process with or without running the user's script in it.

    A script without ``if __name__ == "__main__"`` that is run would start itself again and again.
    """
    main = sys.modules["__main__"]
    if not runs:
        sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _live(connection: Connection, work: Callable[[Any], Iterable[Any]], begin: Callable[[], object] | None) -> None:
    """Life of a worker process: tasks in, messages out, until the other end is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    if begin is not None:
        begin()
    with contextlib.suppress(EOFError, OSError):
        connection.send(_Signal.READY)
        while True:
            task = connection.recv()
            try:
                for message in work(task):
                    connection.send(message)
                connection.send(_Signal.DONE)
            except LimbeckError as error:
                connection.send(LimbeckError(str(error)))


def end_with_parent() -> None:
    """Have this process end when the one that started it does; of a killed one it would wait forever."""
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
