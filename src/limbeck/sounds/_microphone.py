"""Sound as it comes in, cut into overlapping windows; the sound card itself is one function."""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Iterable, Iterator
from threading import Event
from typing import Any

import numpy as np
import numpy.typing as npt

from limbeck.errors import InputError, MissingExtraError

Wave = npt.NDArray[np.float32]
_BLOCK_S = 0.1
_BEHIND_S = 30.0
"""Sound that may wait to be named; beyond that the oldest is dropped, and times fall behind by as much."""


def windows(blocks: Iterable[Wave], *, window: int, hop: int) -> Iterator[tuple[int, Wave]]:
    """The last `window` samples of a stream, every `hop` samples, and where they begin; in the beginning what there is.

    Example:
        >>> stream = [np.arange(0, 3), np.arange(3, 7)]
        >>> [(start, piece.astype(int).tolist()) for start, piece in windows(stream, window=4, hop=2)]
        [(0, [0, 1]), (0, [0, 1, 2, 3]), (2, [2, 3, 4, 5])]
    """
    kept = np.zeros(0, dtype=np.float32)
    received, due = 0, hop
    for block in blocks:
        kept = np.concatenate([kept, block])
        received += len(block)
        while received >= due:
            end = len(kept) - (received - due)
            piece = kept[max(0, end - window) : end]
            yield due - len(piece), piece
            due += hop
        kept = kept[max(0, len(kept) - (received - due) - window - hop) :]


def microphone(rate_hz: int, *, stop: Event | None = None) -> Iterator[Wave]:
    """Blocks of the default microphone's sound, mono float32 (sample,); the newest where the reader is too slow."""
    try:
        import sounddevice
    except ImportError as error:
        raise MissingExtraError("sounds", "sounddevice") from error
    except OSError as error:
        raise InputError(
            f"No microphone can be used here: {error}. Install PortAudio (on Debian: apt install libportaudio2), or "
            "let a recorder write files and watch its folder with --input FOLDER."
        ) from error
    blocks: queue.Queue[Wave] = queue.Queue(round(_BEHIND_S / _BLOCK_S))

    def collect(data: npt.NDArray[np.float32], frames: int, time: Any, status: Any) -> None:
        if blocks.full():
            with contextlib.suppress(queue.Empty):
                blocks.get_nowait()
        blocks.put_nowait(data[:, 0].copy())

    try:
        with sounddevice.InputStream(
            samplerate=rate_hz, channels=1, dtype="float32", blocksize=round(rate_hz * _BLOCK_S), callback=collect
        ):
            while stop is None or not stop.is_set():
                try:
                    yield blocks.get(timeout=1.0)
                except queue.Empty:
                    continue
    except sounddevice.PortAudioError as error:
        raise InputError(f"The microphone cannot be opened: {error}. Watch a folder with --input FOLDER.") from error
