"""Worker processes that read ahead, and files that kill or stop them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from limbeck.errors import MediaError
from limbeck.index._prefetch import Message, prefetch
from limbeck.index._scan import File, Refused
from limbeck.media import SoundWindow


def read(path: Path) -> Iterator[SoundWindow]:
    """What a file's name says: a number of windows, or a misdeed after one."""
    yield SoundWindow(0.0, 1.0, np.zeros(8, np.float32))
    if path.stem == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if path.stem == "hang":
        time.sleep(60)
    if path.stem == "refuse":
        raise MediaError("nan_audio", "No numbers.")
    for i in range(1, int(path.stem)):
        yield SoundWindow(float(i), 1.0, np.full(100_000, i, np.float32))


def _files(folder: Path, *names: str) -> list[File]:
    for name in names:
        (folder / name).write_bytes(name.encode())
    return [File(str(folder), name, 1, 1) for name in names]


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))  # worker processes import `read` by its name


def _told(
    files: list[File], known: frozenset[str] = frozenset(), patience_s: float = 60.0
) -> dict[str, list[Message[SoundWindow]]]:
    told: dict[str, list[Message[SoundWindow]]] = {f.path: [] for f in files}
    for file, message in prefetch(files, read, known, workers=2, pieces=4, patience_s=patience_s):
        told[file.path].append(message)
    return told


def test_every_file_comes_whole_and_in_order(tmp_path: Path) -> None:
    told = _told(_files(tmp_path, "3.a", "1.b", "12.c", "5.d"))
    for name, messages in told.items():
        *windows, end = messages
        assert [w.start_s for w in windows if isinstance(w, SoundWindow)] == list(range(int(name.split(".")[0])))
        assert isinstance(end, File)
        assert len(end.sha256) == 64


def test_known_contents_are_not_decoded(tmp_path: Path) -> None:
    files = _files(tmp_path, "3.a", "4.b")
    end = _told(files)["3.a"][-1]
    assert isinstance(end, File)
    told = _told(files, known=frozenset([end.sha256]))
    assert told["3.a"] == [end]
    assert len(told["4.b"]) == 5


def test_files_that_kill_or_stop_a_worker_are_refused_and_the_rest_goes_on(tmp_path: Path) -> None:
    told = _told(_files(tmp_path, "crash.a", "2.b", "hang.c", "refuse.d", "3.e", "crash.f", "1.g"), patience_s=1.5)
    ends = {name: m[-1].reason if isinstance(m[-1], Refused) else len(m) - 1 for name, m in told.items()}
    assert ends == {
        "crash.a": "crashed",
        "2.b": 2,
        "hang.c": "timeout",
        "refuse.d": "nan_audio",
        "3.e": 3,
        "crash.f": "crashed",
        "1.g": 1,
    }


def test_what_cannot_be_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    told = _told([File(str(tmp_path), "pipe", 0, 0), File(str(tmp_path), "nothing", 0, 0)])
    reasons = [m.reason for messages in told.values() for m in messages if isinstance(m, Refused)]
    assert reasons == ["unreadable_file", "missing_file"]


def test_leaving_early_ends_the_workers_at_once(tmp_path: Path) -> None:
    files = _files(tmp_path, "hang.a", "500.b")
    messages = prefetch(files, read, frozenset(), workers=2, pieces=4)
    next(messages)
    begun = time.monotonic()
    messages.close()
    assert time.monotonic() - begun < 20
