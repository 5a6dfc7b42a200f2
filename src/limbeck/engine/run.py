"""A run folder: what was asked, how far it got, and how to go on.

``run.json`` holds the settings, versions and machine; ``events.jsonl`` a row per step; ``checkpoint.safetensors`` the
state. Killed at any moment, the same command goes on from the checkpoint and ends with the same bits.
"""

import contextlib
import json
import platform
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch import Tensor

from limbeck import _code, _files, _machine
from limbeck._code import Code
from limbeck._config import differences
from limbeck._runtime import Runtime, choose_runtime
from limbeck.errors import FingerprintError

CHECKPOINT_SECONDS = 15.0
CHECKPOINT = "checkpoint.safetensors"
RUN = "run"
"""Name of the folder, inside that of a distilled set, of the run that made it."""


class RunCheckpoint:
    """Saves the state to the file `path` every so many seconds, and at once when the user asks to stop."""

    def __init__(self, path: Path, every_seconds: float = CHECKPOINT_SECONDS) -> None:
        self.path = path
        self._every = every_seconds
        self._saved_at = self._began = time.monotonic()
        self._before = 0.0
        self.stop_asked = False

    @property
    def seconds(self) -> float:
        """Time since the beginning, with that of earlier processes as far as their work was saved."""
        return self._before + time.monotonic() - self._began

    @property
    def exists(self) -> bool:
        """Whether a state was saved."""
        return self.path.exists()

    def load(self) -> tuple[int, dict[str, Tensor]] | None:
        """Steps done and the state; None when there is none yet."""
        if not self.exists:
            return None
        tensors, note = _files.read_tensors(self.path)
        self._before = note["seconds"]
        return note["step"], tensors

    def offer(self, step: int, tensors: Callable[[], dict[str, Tensor]]) -> None:
        """Save the state that `tensors` gives after `step` steps when it is time, or when a stop was asked for.

        Raises:
            KeyboardInterrupt: A stop was asked for; the state is safe.
        """
        if self.stop_asked or time.monotonic() - self._saved_at >= self._every:
            _files.write_tensors(self.path, tensors(), {"step": step, "seconds": self.seconds})
            self._saved_at = time.monotonic()
        if self.stop_asked:
            raise KeyboardInterrupt


@dataclass(frozen=True)
class RunRecord:
    """What a run left in its `folder`, read without holding it."""

    folder: Path

    @classmethod
    def find(cls, folder: Path | str) -> "RunRecord | None":
        """The record of the run in a folder, or of the run that made the set there; None where there is none."""
        places = (Path(folder), Path(folder) / RUN)
        return next((cls(place) for place in places if (place / "run.json").is_file()), None)

    @property
    def facts(self) -> dict[str, Any]:
        """What was known when the run began: what was asked, code, versions, machine."""
        return _files.read_record(self.folder / "run.json")

    @property
    def finished(self) -> bool:
        """Whether the run has ended."""
        return (self.folder / "done.json").is_file()

    @property
    def begun(self) -> bool:
        """Whether something is kept that could be gone on from, of the run or of one in a folder inside."""
        return any(next(self.folder.rglob(name), None) for name in ("done.json", CHECKPOINT))

    @property
    def cost(self) -> dict[str, Any]:
        """What a finished run took, and what else was said when it ended; empty before."""
        return _files.read_record(self.folder / "done.json") if self.finished else {}

    @property
    def events(self) -> list[dict[str, Any]]:
        """A row for every step; those that were cut short or damaged are left out."""
        rows = []
        with contextlib.suppress(FileNotFoundError):
            for line in (self.folder / "events.jsonl").read_bytes().splitlines():
                with contextlib.suppress(ValueError):
                    row = json.loads(line)
                    if isinstance(row, dict) and isinstance(row.get("step"), int):
                        rows.append(row)
        return rows

    def summary(self) -> dict[str, Any]:
        """What the run is and how far it got, JSON-able."""
        events = self.events
        return {"kind": "run", "finished": self.finished, "step": events[-1]["step"] if events else 0, **self.facts}


class Run(RunRecord):
    """A run folder held by this process, with a `checkpoint`. Open it with `Run.open`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.checkpoint = RunCheckpoint(folder / CHECKPOINT)

    @classmethod
    @contextlib.contextmanager
    def open(
        cls,
        folder: Path,
        asked: dict[str, Any],
        code: Code | None = None,
        *,
        about: dict[str, Any] | None = None,
        has_checkpoint: bool = True,
    ) -> "Iterator[Run]":
        """Hold a run folder, new or to be continued.

        Args:
            folder: Where it is.
            asked: What decides the result: method, settings, seed, dataset fingerprint, number formats. JSON-able.
            code: What else does: the code behind them, see `limbeck._code`.
            about: What is worth knowing of a new run, and decides nothing. JSON-able.
            has_checkpoint: Whether it saves its state, for which the first Ctrl-C waits; not where its parts do.

        Raises:
            BusyError: Another process holds the folder.
            FingerprintError: The folder belongs to a run with other settings, other data or other code.
        """
        with _files.exclusive(folder):
            run = cls(folder)
            run._agree(json.loads(json.dumps(asked)), code or {}, about or {})
            run._forget_unsaved_events()
            with run._stop_on_interrupt() if has_checkpoint else contextlib.nullcontext():
                yield run

    def log(self, event: dict[str, Any]) -> None:
        """Append a row to ``events.jsonl``."""
        path = self.folder / "events.jsonl"
        with _files.naming(path), open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(event) + "\n")

    def finish(self, cost: dict[str, Any]) -> None:
        """Mark the run as ended, with its cost (JSON-able), and remove its checkpoint."""
        _files.write_record(self.folder / "done.json", cost)
        self.checkpoint.path.unlink(missing_ok=True)

    def _agree(self, asked: dict[str, Any], code: Code, about: dict[str, Any]) -> None:
        file = self.folder / "run.json"
        # Without either nothing is kept that a run could go on from, or be mistaken for the result of another question.
        if not (file.exists() and self.begun):
            facts = {"asked": asked, "code": code, "versions": versions(), "machine": machine()}
            _files.write_record(file, about | facts)
            return
        found = _files.read_record(file)
        if differ := differences(found["asked"], asked):
            lines = "\n".join(f"  {line}" for line in differ)
            raise FingerprintError(
                f"{self.folder.parent} holds another run, which had:\n{lines}\n"
                "Choose another output folder, or delete this one."
            )
        if other := _code.differences(found["code"], code):
            raise FingerprintError(
                f"{self.folder.parent} was made by other code than is installed now: {'; '.join(other)}. What it holds "
                "may not be what would be made now. Choose another output folder; or delete this one to make it anew."
            )

    def _forget_unsaved_events(self) -> None:
        """Drop rows of steps that will be done again, and a last row that was cut short."""
        file = self.folder / "events.jsonl"
        if not file.exists() or self.finished:
            return
        saved = self.checkpoint.load()
        done = saved[0] if saved else 0
        _files.write_text(file, "".join(json.dumps(row) + "\n" for row in self.events if row["step"] <= done))

    @contextlib.contextmanager
    def _stop_on_interrupt(self) -> Iterator[None]:
        """The first Ctrl-C saves at the end of the step; a second one ends at once."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def ask(number: int, frame: FrameType | None) -> None:
            if self.checkpoint.stop_asked:
                raise KeyboardInterrupt
            self.checkpoint.stop_asked = True

        before = signal.signal(signal.SIGINT, ask)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


def runtime_of(folder: Path | None, device: str, dtype: str) -> Runtime:
    """Device and number formats to go on with, see `choose_runtime`: by default those of the run that made a set.

    That is so on a device of the same kind, where `dtype` is ``"auto"`` and `folder` is the set's.
    """
    chosen = choose_runtime(device, dtype)
    run = RunRecord.find(folder) if folder and dtype == "auto" else None
    asked = run.facts["asked"] if run else {}
    if asked.get("device") != chosen.device.type:
        return chosen
    formats = {name: getattr(torch, asked[name]) for name in ("real_dtype", "synthetic_dtype")}
    return replace(chosen, **formats, reason=f"{chosen.reason}; number formats as the set was distilled")


def versions() -> dict[str, str]:
    """Versions of Limbeck, Python and the packages that decide numbers.

    Example:
        >>> sorted(versions())
        ['av', 'librosa', 'limbeck', 'numpy', 'python', 'soxr', 'torch']
    """
    packages = ("limbeck", "torch", "numpy", "av", "librosa", "soxr")
    return {"python": platform.python_version()} | {package: version(package) for package in packages}


def machine() -> dict[str, str | int]:
    """Processor, cores and memory this process may use, accelerator, to read results by; no host name, no user."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": _machine.cores(),
        "threads": torch.get_num_threads(),
        "memory_gib": round(_machine.memory_bytes() / 2**30),
        "accelerator": torch.cuda.get_device_name() if torch.cuda.is_available() else "none",
    }


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"
