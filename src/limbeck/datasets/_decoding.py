"""Worker processes that decode clips and may die or hang on one without taking the others along."""

import ast
import contextlib
import hashlib
import pickle
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from limbeck._runtime import threads
from limbeck.datasets._contract import ClipRef, Dataset
from limbeck.engine import InlinePool, Lost, WorkerPool, note
from limbeck.errors import LimbeckError, MediaError
from limbeck.media import ClipRecipe, RawClip
from limbeck.modalities import Modality, Moments

_MAIN, _GUARD = b"__main__", b"__name__"


@dataclass(frozen=True)
class Unit:
    """Clips to decode, with their positions; one `alone` was in a process that died or hung."""

    positions: tuple[int, ...]
    clips: tuple[ClipRef, ...]
    alone: bool = False


@dataclass(frozen=True)
class Decoded:
    """A clip as it is stored: by modality its array, its moments and their SHA-256; SHA-256 of all."""

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


DecodingPool = WorkerPool[Unit, list[Decoded | Refused]] | InlinePool[Unit, list[Decoded | Refused]]


def decoding_pool(decoder: "Decoder", *, workers: int, timeout_s: float, show: bool = False) -> DecodingPool:
    """Processes that decode units, each unit within `timeout_s`; to be used in a ``with`` statement.

    A dataset that they cannot be given is read in this process; people are told if `show`.
    """
    pickled, why = _pickled(decoder.dataset)
    if why:
        note(f"Clips are read in this process alone: {why}.", show=show)
        return InlinePool(decoder.in_one_thread)
    return WorkerPool(
        decoder,
        workers=workers,
        patience_s=lambda unit: timeout_s,
        begin=decoder.warm_up,
        needs_script=_MAIN in pickled,
    )


def _pickled(dataset: Dataset) -> tuple[bytes, str]:
    """A dataset as other processes are given it, and why they cannot be, if so."""
    try:
        pickled = pickle.dumps(dataset)
    except Exception as error:  # whatever a user's own class may raise
        return b"", f"the dataset cannot be given to others ({error})"
    script = Path(getattr(sys.modules["__main__"], "__file__", None) or "")
    if _MAIN in pickled and not script.is_file():
        return b"", "a part of the dataset is defined in no file"
    if _MAIN in pickled and _GUARD not in script.read_bytes():
        return b"", f"a part of the dataset is defined in {script.name}, which has no if __name__ == '__main__'"
    if hidden := [name for name in _guarded(script) if _MAIN in pickled and _as_pickled(name) in pickled]:
        return b"", f"{hidden[0]} is defined inside of if __name__ == '__main__' in {script.name}; define it outside"
    return pickled, ""


def _guarded(script: Path) -> list[str]:
    """Names of classes and functions that a script defines only where it is run itself."""
    if not script.is_file():
        return []
    blocks = [node for node in ast.parse(script.read_bytes()).body if isinstance(node, ast.If)]
    guarded = [node for block in blocks if _GUARD.decode() in ast.dump(block.test) for node in block.body]
    return [node.name for node in guarded if isinstance(node, ast.ClassDef | ast.FunctionDef)]


def _as_pickled(name: str) -> bytes:
    return pickle.SHORT_BINUNICODE + bytes([len(name.encode())]) + name.encode()


def results(pool: DecodingPool) -> list[tuple[int, Decoded | Refused]]:
    """Wait for something to happen in a pool; positions and what became of them (possibly none).

    A unit whose worker dies or hangs is tried again, clip by clip; a clip that is alone in a worker when that dies or
    hangs, too, is refused as ``"crashed"`` or ``"timeout"``.
    """
    found: list[tuple[int, Decoded | Refused]] = []
    for unit, outcome in pool.messages():
        if not isinstance(outcome, Lost):
            found += zip(unit.positions, outcome, strict=True)
        elif unit.alone:
            found.append((unit.positions[0], Refused(outcome.reason, outcome.detail)))
        else:
            pool.submit(*(Unit((p,), (c,), alone=True) for p, c in zip(unit.positions, unit.clips, strict=True)))
    return found


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

    def in_one_thread(self, unit: Unit) -> Iterator[list[Decoded | Refused]]:
        """The arrays of a unit's clips, with the bits that worker processes make."""
        with threads(1):
            yield from self(unit)

    def __call__(self, unit: Unit) -> Iterator[list[Decoded | Refused]]:
        """The arrays of a unit's clips, or why there are none, all at once."""
        try:
            raw: Sequence[RawClip | Exception] = self.dataset.read_many(unit.clips, self.recipe)
        except Exception:  # one by one, to learn which
            raw = [self._read(clip) for clip in unit.clips]
        yield [self._finished(r) for r in raw]

    def _read(self, clip: ClipRef) -> RawClip | Exception:
        try:
            return self.dataset.read(clip, self.recipe)
        except Exception as error:
            return _of_clip(error)

    def _finished(self, raw: RawClip | Exception) -> Decoded | Refused:
        if isinstance(raw, Exception):
            return _refused(raw)
        wanted, came = RawClip.blank(self.recipe).shapes, raw.shapes
        if any(came.get(part) not in (shape, shape[1:]) for part, shape in wanted.items()):  # a still has no time
            return Refused("unreadable", f"The reader returned arrays of {came} instead of {wanted}.")
        if raw.waveform is not None and not np.isfinite(raw.waveform).all():
            return Refused("not_finite", "The sound holds NaN or infinity.")
        try:
            arrays = self._arrays(raw)
        except Exception as error:
            return _refused(_of_clip(error))
        return Decoded(
            arrays=arrays,
            moments={name: self.modalities[name].moments(array) for name, array in arrays.items()},
            digests={name: hashlib.sha256(array.data).hexdigest() for name, array in arrays.items()},
            sha256=hashlib.sha256(b"".join(array.tobytes() for array in arrays.values())).hexdigest(),
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


def _of_clip(error: Exception) -> Exception:
    """The error itself, unless the dataset or a modality is at fault."""
    if isinstance(error, LimbeckError) and not isinstance(error, MediaError):
        raise error
    return error


def _refused(error: Exception) -> Refused:
    if isinstance(error, MediaError):
        return Refused(error.reason, error.detail)
    return Refused("unreadable", f"{type(error).__name__}: {error}")
