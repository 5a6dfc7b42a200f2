"""Worker processes, and tasks that kill, stop or fail them."""

from __future__ import annotations

import os
import signal
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from limbeck.engine import Lost, WorkerPool
from limbeck.errors import InputError, LimbeckError


def work(task: str) -> Iterator[str]:
    """Two messages; a task's name says what happens between them."""
    yield f"{task} begins"
    if task == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if task == "hang":
        time.sleep(60)
    if task == "fail":
        raise InputError("The work itself is at fault.")
    yield f"{task} ends"


def refuse_to_begin() -> None:
    """A process that cannot start."""
    os._exit(3)


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))  # worker processes import `work` by its name


def _pool(workers: int = 2, patience_s: float = 60.0) -> WorkerPool[str, str]:
    return WorkerPool(work, workers=workers, patience_s=lambda task: patience_s)


def _messages(pool: WorkerPool[str, str], *tasks: str) -> dict[str, list[str]]:
    found = defaultdict(list)
    pool.submit(*tasks)
    while pool.is_busy:
        for task, message in pool.messages():
            found[task].append(message.reason if isinstance(message, Lost) else message)
    return found


def test_messages_come_in_order_and_tasks_behind_a_lost_one_are_done() -> None:
    with _pool(patience_s=1.5) as pool:
        found = _messages(pool, "crash", "a", "b", "hang", "c", "d")
    whole = {task: [f"{task} begins", f"{task} ends"] for task in "abcd"}
    assert found == whole | {"crash": ["crash begins", "crashed"], "hang": ["hang begins", "timeout"]}


def test_there_is_room_for_two_tasks_a_worker() -> None:
    with _pool(workers=1) as pool:
        assert pool.has_room
        pool.submit("a")
        assert pool.has_room
        pool.submit("b")
        assert not pool.has_room
    with _pool() as pool:
        assert pool.messages() == []


def test_work_that_is_at_fault_itself_ends_all() -> None:
    with _pool() as pool, pytest.raises(LimbeckError, match="work itself"):
        _messages(pool, "a", "fail", "b")


def test_a_process_that_cannot_start_is_an_error() -> None:
    pool = WorkerPool(work, workers=1, patience_s=lambda task: 60.0, begin=refuse_to_begin)
    with pool, pytest.raises(LimbeckError, match="exit code 3"):
        _messages(pool, "a")


def test_leaving_ends_the_processes_at_once() -> None:
    begun = time.monotonic()
    with _pool() as pool:
        pool.submit("hang", "hang")
        pool.messages()
        processes = [worker.process.pid for worker in pool._workers]
    assert time.monotonic() - begun < 20
    assert not any(Path(f"/proc/{pid}").exists() for pid in processes)
