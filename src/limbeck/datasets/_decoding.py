"""Clips decoded in worker processes: what becomes of one, also of one that its process dies or hangs on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt
import torch

from limbeck.datasets._contract import ClipRef, Dataset
from limbeck.datasets._statistics import Moments
from limbeck.engine import Lost, WorkerPool
from limbeck.errors import LimbeckError, MediaError
from limbeck.media import ClipRecipe, RawClip, log_mel


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
        repairs: What was repaired on the way.
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


class DecodingPool:
    """Decodes units in worker processes; to be used in a ``with`` statement.

    A unit whose worker dies or hangs is tried again, clip by clip; a clip that is alone in a worker when that dies or
    hangs, too, is refused as ``"crashed"`` or ``"timeout"``.

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
        self._clips = clips
        self.workers: WorkerPool[_Task, list[Decoded | Refused]] = WorkerPool(
            partial(_decode, dataset, recipe),
            workers=workers,
            patience_s=lambda task: timeout_s,
            begin=partial(_begin, recipe),
            preload=(__name__, "librosa.filters", "librosa.util.utils"),
            needs_script=type(dataset).__module__ == "__main__",
        )

    def __enter__(self) -> Self:
        self.workers.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.workers.__exit__(kind, error, trace)

    def submit(self, *units: Unit) -> None:
        """Queue units at the workers with the least to do."""
        self.workers.submit(*(_Task(unit, [self._clips[p] for p in unit.positions]) for unit in units))

    def results(self) -> list[tuple[int, Decoded | Refused]]:
        """Wait for something to happen; positions and what became of them (possibly none).

        Raises:
            LimbeckError: The dataset itself, not a clip, is at fault, or workers cannot start.
        """
        found: list[tuple[int, Decoded | Refused]] = []
        for (unit, _), outcome in self.workers.messages():
            if not isinstance(outcome, Lost):
                found += zip(unit.positions, outcome, strict=True)
            elif unit.alone:
                found.append((unit.positions[0], Refused(outcome.reason, outcome.detail)))
            else:
                self.submit(*(Unit((p,), alone=True) for p in unit.positions))
        return found


class _Task(NamedTuple):
    unit: Unit
    clips: list[ClipRef]


def _begin(recipe: ClipRecipe) -> None:
    torch.set_num_threads(1)
    log_mel(torch.zeros(recipe.mel.samples), recipe.mel)  # makes the filters, so that no clip's time is charged with it


def _decode(dataset: Dataset, recipe: ClipRecipe, task: _Task) -> Iterator[list[Decoded | Refused]]:
    try:
        raw: Sequence[RawClip | Exception] = dataset.read_many(task.clips, recipe)
    except Exception:  # one by one, to learn which
        raw = [_read(dataset, clip, recipe) for clip in task.clips]
    yield [_finished(r, recipe) for r in raw]


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
