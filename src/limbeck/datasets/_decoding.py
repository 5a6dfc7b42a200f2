"""Worker processes that decode clips and may die or hang on one without taking the others along."""

from __future__ import annotations

import contextlib
import hashlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from types import ModuleType, TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch

from limbeck import _machine
from limbeck.datasets._contract import ClipRef, Dataset
from limbeck.errors import LimbeckError, MediaError
from limbeck.media import ClipRecipe, RawClip
from limbeck.modalities import Modality, Moments

_READY = "ready"
_QUEUED = 2
_LAST_WORDS_S = 5.0


@dataclass(frozen=True)
class Unit:
    """A piece of work.

    Attributes:
        positions: Clips to decode, by position in the dataset's list.
        alone: A single clip that already was in a process that died or hung; a second time it is refused.
    """

    positions: tuple[int, ...]
    alone: bool = False


@dataclass(frozen=True)
class Decoded:
    """A clip as it is stored.

    Attributes:
        arrays: By modality, (channel, height, width).
        moments: Of the arrays, by modality.
        digests: SHA-256 of each array's bytes, by modality.
        sha256: Of the bytes of all arrays.
        repairs: What was mended on the way.
    """

    arrays: dict[str, npt.NDArray[Any]]
    moments: dict[str, Moments]
    digests: dict[str, str]
    sha256: str
    repairs: tuple[str, ...]


@dataclass(frozen=True)
class Refused:
    """A clip that cannot be used.

    Attributes:
        reason: One word.
        detail: A sentence.
    """

    reason: str
    detail: str


@dataclass
class _Worker:
    process: Any
    connection: Connection
    queue: deque[Unit] = field(default_factory=deque)
    is_ready: bool = False
    started: float = 0.0


class DecodingPool:
    """Decodes units in worker processes; to be used in a ``with`` statement.

    A worker that dies or hangs is replaced. Its unit is tried again, clip by clip; a clip that is alone in a worker
    when that dies or hangs, too, is refused as ``"crashed"`` or ``"timeout"``.

    Args:
        dataset: Reads the clips.
        clips: All clips; units name them by position.
        recipe: How recordings are decoded.
        modalities: What arrays are made of them.
        workers: Number of processes.
        timeout_s: Seconds after which a worker that returns nothing counts as hung.
    """

    def __init__(
        self,
        dataset: Dataset,
        clips: Sequence[ClipRef],
        recipe: ClipRecipe,
        modalities: Mapping[str, Modality],
        *,
        workers: int,
        timeout_s: float,
    ) -> None:
        self._clips = clips
        self._decoder = Decoder(dataset, recipe, modalities)
        self._timeout_s = timeout_s
        self._count = workers
        self._workers: list[_Worker] = []
        self._again: deque[Unit] = deque()

    def __enter__(self) -> Self:
        try:
            for _ in range(self._count):
                self._workers.append(self._start())
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    @property
    def has_room(self) -> bool:
        """Whether a worker would begin with another unit soon."""
        return not self._again and any(len(w.queue) < _QUEUED for w in self._workers)

    @property
    def busy(self) -> bool:
        """Whether results are to come."""
        return bool(self._again) or any(w.queue for w in self._workers)

    def submit(self, unit: Unit) -> None:
        """Queue a unit at the worker with the least to do."""
        self._send(min(self._workers, key=lambda w: len(w.queue)), unit)

    def results(self) -> list[tuple[int, Decoded | Refused]]:
        """Wait for something to happen; positions and what became of them (possibly none).

        Raises:
            LimbeckError: The dataset itself, not a clip, is at fault, or workers cannot start.
        """
        if not self.busy:
            return []
        came = wait([w.connection for w in self._workers], timeout=self._patience())
        results: list[tuple[int, Decoded | Refused]] = []
        for index, worker in enumerate(self._workers):
            if worker.connection in came:
                results += self._receive(index, worker)
            elif worker.is_ready and worker.queue and time.monotonic() - worker.started > self._timeout_s:
                results += self._lose(index, worker, "timeout", f"Decoding it took longer than {self._timeout_s:g} s.")
        while self._again and any(len(w.queue) < _QUEUED for w in self._workers):
            self.submit(self._again.popleft())
        return results

    def _patience(self) -> float:
        waits = [w.started + self._timeout_s - time.monotonic() for w in self._workers if w.is_ready and w.queue]
        return max(min(waits, default=self._timeout_s), 0.0) + 0.01

    def _receive(self, index: int, worker: _Worker) -> list[tuple[int, Decoded | Refused]]:
        try:
            message = worker.connection.recv()
        except (EOFError, OSError):
            worker.process.join(_LAST_WORDS_S)
            code = worker.process.exitcode
            if not worker.is_ready:
                raise LimbeckError(
                    f"A worker process could not start (exit code {code}); what it printed above says why. "
                    "A script that calls prepare with a dataset class of its own needs: if __name__ == '__main__'."
                ) from None
            return self._lose(index, worker, "crashed", f"The process that decoded it ended with exit code {code}.")
        worker.started = time.monotonic()
        if message == _READY:
            worker.is_ready = True
            return []
        if isinstance(message, str):
            raise LimbeckError(message)
        unit = worker.queue.popleft()
        return list(zip(unit.positions, message, strict=True))

    def _lose(self, index: int, worker: _Worker, reason: str, detail: str) -> list[tuple[int, Decoded | Refused]]:
        """Replace a worker that died or hung; its unit is at fault until shown otherwise."""
        _end(worker)
        self._workers[index] = self._start()
        if not worker.queue:
            return []
        culprit, *innocent = worker.queue
        self._again.extend(innocent)
        if culprit.alone:
            return [(culprit.positions[0], Refused(reason, detail))]
        self._again.extend(Unit((p,), alone=True) for p in culprit.positions)
        return []

    def _send(self, worker: _Worker, unit: Unit) -> None:
        if not worker.queue:
            worker.started = time.monotonic()
        worker.queue.append(unit)
        with contextlib.suppress(OSError):  # a dead worker is noticed when its answer is awaited
            worker.connection.send([self._clips[p] for p in unit.positions])

    def _start(self) -> _Worker:
        # Workers are forked off a process that has imported everything but holds none of the caller's threads or files.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([__name__, "librosa.filters", "librosa.util.utils"])
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs, self._decoder), daemon=True)
        with _machine.considerate_children(), _script_stays_out(self._decoder.dataset):
            process.start()
        theirs.close()
        return _Worker(process, ours)

    def _stop(self) -> None:
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            _end(worker)


def _end(worker: _Worker) -> None:
    worker.process.kill()
    worker.process.join()
    worker.process.close()
    worker.connection.close()


@contextlib.contextmanager
def _script_stays_out(dataset: Dataset) -> Iterator[None]:
    """Start a process without running the user's script in it, which needs nothing of it.

    Otherwise a script without ``if __name__ == "__main__"`` would start itself again and again.
    """
    main = sys.modules["__main__"]
    if type(dataset).__module__ != "__main__":
        sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _work(connection: Connection, decoder: Decoder) -> None:
    """Life of a worker process: units in, outcomes out, until the other end is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(1)
    decoder.warm_up()
    with contextlib.suppress(EOFError, OSError):
        connection.send(_READY)
        while True:
            clips = connection.recv()
            try:
                answer: Any = decoder.decoded(clips)
            except LimbeckError as error:
                answer = str(error)
            connection.send(answer)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@dataclass(frozen=True)
class Decoder:
    """Makes arrays of clips.

    Attributes:
        dataset: Reads the clips.
        recipe: How recordings are decoded.
        modalities: What arrays are made of them.
    """

    dataset: Dataset
    recipe: ClipRecipe
    modalities: Mapping[str, Modality]

    def warm_up(self) -> None:
        """Make filters and the like, so that no clip's time is charged with it."""
        with contextlib.suppress(MediaError):
            self._arrays(RawClip.blank(self.recipe))

    def decoded(self, clips: list[ClipRef]) -> list[Decoded | Refused]:
        """The clips' arrays, or why there are none.

        Raises:
            LimbeckError: The dataset itself, not a clip, is at fault.
        """
        try:
            raw: Sequence[RawClip | Exception] = self.dataset.read_many(clips, self.recipe)
        except Exception:  # one by one, to learn which
            raw = [self._read(clip) for clip in clips]
        return [self._finished(r) for r in raw]

    def _read(self, clip: ClipRef) -> RawClip | Exception:
        try:
            return self.dataset.read(clip, self.recipe)
        except MediaError as error:
            return error
        except LimbeckError:
            raise
        except Exception as error:
            return error

    def _finished(self, raw: RawClip | Exception) -> Decoded | Refused:
        if isinstance(raw, Exception):
            return _refused(raw)
        wanted, came = RawClip.blank(self.recipe).shapes, raw.shapes
        if any(came.get(part) != shape for part, shape in wanted.items()):
            return Refused("unreadable", f"The reader returned arrays of {came} instead of {wanted}.")
        if raw.waveform is not None and not np.isfinite(raw.waveform).all():
            return Refused("not_finite", "The sound holds NaN or infinity.")
        try:
            arrays = self._arrays(raw)
        except Exception as error:
            if isinstance(error, LimbeckError) and not isinstance(error, MediaError):
                raise
            return _refused(error)
        content = hashlib.sha256()
        for array in arrays.values():
            content.update(array.data)
        return Decoded(
            arrays=arrays,
            moments={name: self.modalities[name].moments(array) for name, array in arrays.items()},
            digests={name: hashlib.sha256(array.data).hexdigest() for name, array in arrays.items()},
            sha256=content.hexdigest(),
            repairs=raw.repairs,
        )

    def _arrays(self, raw: RawClip) -> dict[str, npt.NDArray[Any]]:
        arrays = {name: np.ascontiguousarray(modality.array(raw)) for name, modality in self.modalities.items()}
        for name, array in arrays.items():
            wanted, dtype = self.modalities[name].shape, str(self.modalities[name].dtype).removeprefix("torch.")
            if array.shape != wanted or array.dtype != dtype:
                raise LimbeckError(
                    f"The modality {name!r} made {array.dtype} {array.shape} of a clip, but says {dtype} {wanted}: "
                    "mend its shape, its dtype or its array."
                )
        return arrays


def _refused(error: Exception) -> Refused:
    if isinstance(error, MediaError):
        return Refused(error.reason, error.detail)
    return Refused("unreadable", f"{type(error).__name__}: {error}")
