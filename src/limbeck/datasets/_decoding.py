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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from types import ModuleType, TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch

from limbeck import _machine
from limbeck.datasets._contract import ClipRef, Dataset
from limbeck.datasets._statistics import Moments
from limbeck.errors import LimbeckError, MediaError
from limbeck.media import ClipRecipe, RawClip, log_mel

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
        audio: Log-mel, float32, (1, mel, frame), dB re 1.0.
        frame: RGB, uint8, (3, height, width).
        repairs: What was mended on the way.
        sha256: Of the bytes of both arrays.
        audio_moments: Of dB per mel band.
        frame_moments: Of pixel values (0-255) per channel.
    """

    audio: npt.NDArray[np.float32]
    frame: npt.NDArray[np.uint8]
    repairs: tuple[str, ...]
    sha256: str
    audio_moments: Moments
    frame_moments: Moments


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
        recipe: How a recording becomes arrays.
        workers: Number of processes.
        timeout_s: Seconds after which a worker that returns nothing counts as hung.
    """

    def __init__(
        self, dataset: Dataset, clips: Sequence[ClipRef], recipe: ClipRecipe, *, workers: int, timeout_s: float
    ) -> None:
        self._dataset = dataset
        self._clips = clips
        self._recipe = recipe
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
        process = context.Process(target=_work, args=(theirs, self._dataset, self._recipe), daemon=True)
        with _machine.considerate_children(), _script_stays_out(self._dataset):
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


def _work(connection: Connection, dataset: Dataset, recipe: ClipRecipe) -> None:
    """Life of a worker process: units in, outcomes out, until the other end is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(1)
    log_mel(torch.zeros(recipe.mel.samples), recipe.mel)  # makes the filters, so that no clip's time is charged with it
    with contextlib.suppress(EOFError, OSError):
        connection.send(_READY)
        while True:
            clips = connection.recv()
            try:
                answer: Any = _decode(dataset, clips, recipe)
            except LimbeckError as error:
                answer = str(error)
            connection.send(answer)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _decode(dataset: Dataset, clips: list[ClipRef], recipe: ClipRecipe) -> list[Decoded | Refused]:
    try:
        raw: Sequence[RawClip | Exception] = dataset.read_many(clips, recipe)
    except Exception:  # one by one, to learn which
        raw = [_read(dataset, clip, recipe) for clip in clips]
    return [_finished(r, recipe) for r in raw]


def _read(dataset: Dataset, clip: ClipRef, recipe: ClipRecipe) -> RawClip | Exception:
    try:
        return dataset.read(clip, recipe)
    except MediaError as error:
        return error
    except LimbeckError:
        raise
    except Exception as error:
        return error


def _finished(raw: RawClip | Exception, recipe: ClipRecipe) -> Decoded | Refused:
    if isinstance(raw, MediaError):
        return Refused(raw.reason, raw.detail)
    if isinstance(raw, Exception):
        return Refused("unreadable", f"{type(raw).__name__}: {raw}")
    size = recipe.image_size
    if raw.waveform.shape != (recipe.mel.samples,) or raw.frame.shape != (size, size, 3):
        return Refused(
            "unreadable",
            f"The reader returned sound {raw.waveform.shape} and picture {raw.frame.shape} "
            f"instead of {(recipe.mel.samples,)} and {(size, size, 3)}.",
        )
    if not np.isfinite(raw.waveform).all():
        return Refused("not_finite", "The sound holds NaN or infinity.")
    audio = np.ascontiguousarray(log_mel(torch.from_numpy(raw.waveform), recipe.mel)[None].numpy())
    frame = np.ascontiguousarray(raw.frame.transpose(2, 0, 1))
    content = hashlib.sha256(audio.data)
    content.update(frame.data)
    return Decoded(
        audio=audio,
        frame=frame,
        repairs=raw.repairs,
        sha256=content.hexdigest(),
        audio_moments=Moments.of(audio[0]),
        frame_moments=Moments.of(frame.reshape(3, -1)),
    )
