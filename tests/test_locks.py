"""Folders held by leases: by one process, until it ends, or is not heard of any more."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from limbeck import _files
from limbeck.errors import BusyError, InputError

LEASE_S = 2.5
HOLDER = """
import socket, sys, time
from pathlib import Path
machine, folder = sys.argv[1:]
if machine != "here":
    socket.gethostname = lambda: machine
from limbeck import _files
_files.LEASE_SECONDS = float({lease_s})
with _files.exclusive(Path(folder)):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(autouse=True)
def _leases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(_files.LOCKS, "lease")
    monkeypatch.setattr(_files, "LEASE_SECONDS", LEASE_S)


@pytest.fixture
def holder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process, of this machine or of another one, that holds a folder until a line comes."""
    words = [sys.executable, "-c", HOLDER.replace("{lease_s}", str(LEASE_S)), request.param, str(tmp_path)]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(words, text=True, **pipes) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "held\n"
        yield program
        program.kill()


def hold(folder: Path) -> None:
    with _files.exclusive(folder):
        pass


def test_it_is_for_one_at_a_time_and_leaves_nothing(tmp_path: Path) -> None:
    for _ in range(2):
        with _files.exclusive(tmp_path), pytest.raises(BusyError, match="Another process is at work"):
            hold(tmp_path)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("holder", ["here"], indirect=True)
def test_that_of_a_killed_process_is_taken_at_once(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    with pytest.raises(BusyError):
        hold(tmp_path)
    holder.kill()
    holder.wait()
    hold(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("holder", ["elsewhere"], indirect=True)
def test_that_of_a_machine_that_is_silent_is_taken_after_its_time(
    holder: subprocess.Popen[str], tmp_path: Path
) -> None:
    until = time.monotonic() + 2 * LEASE_S
    while time.monotonic() < until:  # longer than a lease: it is renewed
        with pytest.raises(BusyError):
            hold(tmp_path)
        time.sleep(0.1)
    os.kill(holder.pid, signal.SIGSTOP)
    silent = time.monotonic()
    with _files.exclusive(tmp_path, wait=True):
        assert time.monotonic() - silent > LEASE_S / 2
        os.kill(holder.pid, signal.SIGCONT)
        time.sleep(2 * LEASE_S)  # it notices that it has lost it
        _, told = holder.communicate("end\n")
        assert "Another process took over" in told
        with pytest.raises(BusyError, match="at work"):  # and has not taken away what is another's
            hold(tmp_path)


def test_a_word_that_says_nothing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(_files.LOCKS, "leases")
    with pytest.raises(InputError, match=r"LIMBECK_LOCKS is system or lease, but it is set to 'leases'"):
        hold(tmp_path)
