"""Worker processes that decode clips and may die or hang on one without taking the others along."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import torch

from limbeck.datasets._contract import ClipRef, Dataset
from limbeck.engine import Lost, WorkerPool
from limbeck.errors import LimbeckError, MediaError
from limbeck.media import ClipRecipe, RawClip
from limbeck.modalities import Modality, Moments


@dataclass(frozen=True)
class Unit:
    """Clips to decode, by position; one `alone` was in a process that died or hung, and the second time is refused."""

    positions: tuple[int, ...]
    alone: bool = False


@dataclass(frozen=True)
class Decoded:
    """A clip as it is stored: by modality its array (channel, height, width), moments and SHA-256; SHA-256 of all."""

    arrays: dict[str, npt.NDArray[Any]]
    moments: dict[str, Moments]
    digests: dict[str, str]
    sha256: str
    repairs: tuple[str, ...]


@dataclass(frozen=True)
class Refused:
    """A clip that cannot be used: the reason in a word, the detail in a sentence."""

    reason: str
    detail: str


class DecodingPool:
    """Decodes units in worker processes; to be used in a ``with`` statement.

    A unit whose worker dies or hangs is tried again, clip by clip; a clip that is alone in a worker when that dies or
    hangs, too, is refused as ``"crashed"`` or ``"timeout"``.
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
        decoder = Decoder(dataset, recipe, modalities)
        self.workers: WorkerPool[_Task, list[Decoded | Refused]] = WorkerPool(
            decoder,
            workers=workers,
            patience_s=lambda task: timeout_s,
            begin=decoder.warm_up,
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


@dataclass(frozen=True)
class Decoder:
    """Makes arrays of a dataset's clips, one for each modality."""

    dataset: Dataset
    recipe: ClipRecipe
    modalities: Mapping[str, Modality]

    def warm_up(self) -> None:
        """Begin a worker's life: one thread, and filters made, so that no clip's time is charged with it."""
        torch.set_num_threads(1)
        with contextlib.suppress(MediaError):
            self._arrays(RawClip.blank(self.recipe))

    def __call__(self, task: _Task) -> Iterator[list[Decoded | Refused]]:
        """All of a task at once; see `decoded`."""
        yield self.decoded(task.clips)

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
