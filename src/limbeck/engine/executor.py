"""Where tasks are run: here, or in local processes; on a cluster see `limbeck.engine.on_ray`."""

import time
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import get_context
from multiprocessing.queues import SimpleQueue
from typing import Generic, Protocol, TypeVar, final

from limbeck import _machine
from limbeck._runtime import bind
from limbeck.engine.workers import end_with_parent
from limbeck.errors import BusyError, LimbeckError, explained

RETRY_SECONDS = 5.0
"""Time after which a task that another process was busy with is tried again, where there is nothing else to do."""


class Task(Protocol):
    """Something to do that knows all of itself, and leaves its result where it says."""

    @property
    def needs(self) -> "Sequence[Task]":
        """Tasks whose results it takes."""

    def run(self) -> None:
        """Do it, or what is left of it.

        Raises:
            BusyError: Another process is doing it.
        """


AnyTask = TypeVar("AnyTask", bound=Task)


class Executor(ABC):
    """Runs tasks in an order in which what a task needs comes before it."""

    @abstractmethod
    def run(self, tasks: Iterable[AnyTask]) -> Iterator[tuple[AnyTask, str | None]]:
        """Tasks as they end, each with what went wrong; what one needs stands before it, or is done.

        One that fails stops only those that need it, which are left out.

        Raises:
            LimbeckError: A process died.
        """

    @property
    def room(self) -> int:
        """Tasks that are done at once, at least 1."""
        return 1


@final
class Here(Executor):
    """One task after another, in this process."""

    def run(self, tasks: Iterable[AnyTask]) -> Iterator[tuple[AnyTask, str | None]]:
        queue = Queue(tasks)
        while task := queue.next():
            yield from queue.settled(task, partial(attempt, task))


@final
class LocalProcesses(Executor):
    """Several tasks at once, each in a process of this machine, where `begin`, which is sent, is called at first.

    Each process is bound to one of the `devices`, as many as there are processes, if any: what runs on ``"cuda"`` there
    runs on that one.
    """

    def __init__(self, count: int, begin: Callable[[], object] | None = None, *, devices: Sequence[str] = ()) -> None:
        self.count, self._begin, self._devices = count, begin, devices

    @property
    def room(self) -> int:
        return self.count

    def run(self, tasks: Iterable[AnyTask]) -> Iterator[tuple[AnyTask, str | None]]:
        queue, context = Queue(tasks), get_context("spawn")
        devices = context.SimpleQueue()  # of which each process takes one
        for number in range(self.count):
            devices.put(self._devices[number] if self._devices else None)
        with ProcessPoolExecutor(self.count, context, _begin, (self._begin, devices)) as pool:
            running: dict[Future[str | None], AnyTask] = {}
            try:
                while True:
                    while len(running) < self.count and (task := queue.next()):
                        with _machine.considerate_children():  # a process starts with the first task it gets
                            running[pool.submit(attempt, task)] = task
                    if not running:
                        return
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        yield from queue.settled(running.pop(future), future.result)
            except BrokenProcessPool as error:
                raise LimbeckError(
                    "A working process died (out of memory, or killed). What was finished is kept: give the same "
                    "command again, with fewer --processes if memory was short."
                ) from error
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise


def local(processes: int, begin: Callable[[], object] | None = None) -> Executor:
    """The executor for `processes` tasks at once (>= 1), one in this process; for `begin` see `LocalProcesses`."""
    return Here() if processes == 1 else LocalProcesses(processes, begin)


def on_devices(devices: Sequence[str], begin: Callable[[], object] | None = None) -> Executor:
    """The executor of a process for each of the `devices`, ``"cuda:0"``, ``"cuda:1"``; see `LocalProcesses`."""
    return LocalProcesses(len(devices), begin, devices=devices)


class Queue(Generic[AnyTask]):
    """Tasks that wait, in order: those first that need none that waits."""

    def __init__(self, tasks: Iterable[AnyTask]) -> None:
        self._waiting = list(tasks)
        self._open = {id(task) for task in self._waiting}
        self._failed, self._busy = set[int](), set[int]()

    def next(self) -> AnyTask | None:
        """Take the next task that can be done now; None where there is none."""
        while lost := [t for t in self._waiting if self._failed & {id(need) for need in t.needs}]:
            for task in lost:
                self._waiting.remove(task)
                self._end(task, "what it needs failed")
        found = next(iter(self._ready()), None)
        if found is not None:
            self._waiting.remove(found)
        return found

    def settled(self, task: AnyTask, result: Callable[[], str | None]) -> Iterator[tuple[AnyTask, str | None]]:
        """A task and what went wrong in it, which `result` tells.

        Nothing comes of one that another process is busy with. It is tried again after the others, and after a while
        where there is nothing else to do.
        """
        try:
            error = result()
        except BusyError:
            self._waiting.append(task)
            self._busy.add(id(task))
            if all(id(other) in self._busy for other in self._ready()):
                time.sleep(RETRY_SECONDS)
                self._busy.clear()
            return
        self._end(task, error)
        yield task, error

    def _end(self, task: AnyTask, error: str | None) -> None:
        self._open.discard(id(task))
        if error:
            self._failed.add(id(task))

    def _ready(self) -> list[AnyTask]:
        return [task for task in self._waiting if not self._open & {id(need) for need in task.needs}]


def attempt(task: Task) -> str | None:
    """Do a task; what goes wrong in it is its result, so that the others go on."""
    try:
        task.run()
    except BusyError:
        raise
    except Exception as error:
        if told := explained(error):
            return told
        traceback.print_exc()
        return f"a fault in Limbeck, please report the lines above ({type(error).__name__}: {error})"
    return None


def _begin(begin: Callable[[], object] | None, devices: "SimpleQueue[str | None]") -> None:
    if device := devices.get():
        bind(device)
    if begin:
        begin()
    end_with_parent()
