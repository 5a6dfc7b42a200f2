"""Tasks for executors: small ones that end well, and others that do not; and an executor for any."""

from __future__ import annotations

import contextlib
import os
import pickle
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from limbeck._runtime import threads
from limbeck.engine.executor import AnyTask, Executor, Here
from limbeck.errors import BusyError, InputError


@dataclass(frozen=True, eq=False)
class Writes:
    """Writes a file; or fails, is busy the first time, or dies."""

    file: Path
    needs: tuple[Writes, ...] = ()
    kind: str = ""

    def run(self) -> None:
        assert all(need.file.exists() for need in self.needs)
        if self.kind == "busy" and not self.file.with_suffix(".seen").exists():
            self.file.with_suffix(".seen").touch()
            raise BusyError("Another process is at it.")
        if self.kind == "fails":
            raise InputError("No.")
        if self.kind == "fault":
            raise ZeroDivisionError("by zero")
        if self.kind == "dies":
            os._exit(3)
        self.file.write_text(str(os.getpid()))


@dataclass(frozen=True, eq=False)
class Counts:
    """Appends to a file a line when it begins and one when it ends; waits in between until another file exists."""

    file: Path
    gate: Path
    needs: tuple[Counts, ...] = ()

    def run(self) -> None:
        self._say("begins")
        while not self.gate.exists():
            time.sleep(0.05)
        self._say("ends")

    def _say(self, word: str) -> None:
        with open(self.file, "a") as file:
            file.write(f"{word}\n")


class Elsewhere(Executor):
    """Runs tasks in another folder and with another number of threads, as a machine of a cluster does."""

    def run(self, tasks: Iterable[AnyTask]) -> Iterator[tuple[AnyTask, str | None]]:
        sent = pickle.dumps([*tasks])
        assert len(sent) < 30_000, "data is found, not sent"
        with contextlib.chdir("/"), threads(3 - torch.get_num_threads()):
            yield from Here().run(pickle.loads(sent))
