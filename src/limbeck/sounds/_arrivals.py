"""Sound that arrives: files in a folder, each once it has stopped growing, and a microphone's, in windows."""

import contextlib
import queue
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import numpy.typing as npt

from limbeck.errors import InputError, package
from limbeck.media import could_be_media, files_below

SETTLE_S = 0.5
"""A file whose size and time have not changed for so long counts as complete."""
_Stamp = tuple[int, int]
Wave = npt.NDArray[np.float32]
_BLOCK_S = 0.1
_BEHIND_S = 30.0
"""Sound that may wait to be named; beyond that the oldest is dropped, and times fall behind by as much."""


def arrivals(
    folder: Path, *, existing: bool = False, stop: Event | None = None, settle_s: float = SETTLE_S
) -> Iterator[Path]:
    """Files that come to lie in a folder or below it, as they become complete; one written again is reported again.

    What is new is new since the call, however late the first file is asked for; `existing` ones come first, sorted. A
    file is complete when it was left alone for `settle_s`. Hidden files and kinds that are known not to be media are
    skipped, as everywhere. `stop` ends the watch when set.
    """
    watch = package("sounds", "watchfiles").watch
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder that could be watched; make it first, or give another --input.")
    folder, step = folder.resolve(), max(1, round(settle_s * 1000))
    # Without a filter: that of the package leaves out folders by their names, and all below them.
    changed = watch(folder, watch_filter=None, stop_event=stop, rust_timeout=step, debounce=step, yield_on_timeout=True)
    return _arriving(folder, {} if existing else {path: _stamp(path) for path in _files(folder)}, changed)


def _arriving(
    folder: Path, known: Mapping[Path, _Stamp | None], changed: Iterator[Iterable[tuple[int, str]]]
) -> Iterator[Path]:
    """Files that differ from the known ones, then those that change."""
    from watchfiles import Change

    waiting: dict[Path, _Stamp | None] = {}
    for turn, changes in enumerate(changed):
        # Listed once the watch stands, so that nothing slips between the two.
        there = [path for path in _files(folder) if _stamp(path) != known.get(path)] if not turn else []
        for change, path in sorted((change, Path(name)) for change, name in changes if change != Change.deleted):
            if not path.is_dir():
                there.append(path)
            elif change == Change.added:
                # Of a folder that is moved in, or filled at once, nothing else is told.
                there += _files(path)
        for path in filter(could_be_media, there):
            hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
            if not hidden and path.suffix.lower() != ".crdownload":
                waiting[path] = None
        for path, before in list(waiting.items()):
            if (now := _stamp(path)) is None:
                del waiting[path]
            elif now == before and now[0]:
                del waiting[path]
                yield path
            else:
                waiting[path] = now
        if not folder.is_dir():
            raise InputError(f"{folder} is no longer there, so nothing can arrive in it. Bring it back, watch again.")


def _files(folder: Path) -> list[Path]:
    return [path for _, path in files_below(folder)]


def _stamp(path: Path) -> _Stamp | None:
    """Size and time of a file; None where it is gone."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


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
        sounddevice = package("sounds", "sounddevice")
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
