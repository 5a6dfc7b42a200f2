"""Files that arrive in a folder, each reported once it has stopped growing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from threading import Event

from limbeck.errors import InputError, MissingExtraError
from limbeck.media import could_be_media, files_below

SETTLE_S = 0.5
"""A file whose size and time have not changed for so long counts as complete."""
_DOWNLOADING = ".crdownload"
_Stamp = tuple[int, int]


def arrivals(
    folder: Path, *, existing: bool = False, stop: Event | None = None, settle_s: float = SETTLE_S
) -> Iterator[Path]:
    """Files that come to lie in a folder or below it, as they become complete; one written again is reported again.

    What is new is new since the call, however late the first file is asked for; `existing` ones come first, sorted. A
    file is complete when it was left alone for `settle_s`. Hidden files and kinds that are known not to be media are
    skipped, as everywhere. `stop` ends the watch when set.
    """
    try:
        from watchfiles import watch
    except ImportError as error:
        raise MissingExtraError("sounds", "watchfiles") from error
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
        waiting |= {path: None for path in there if _wanted(path.relative_to(folder))}
        for path, before in list(waiting.items()):
            now = _stamp(path)
            if now is None:
                del waiting[path]
            elif now == before and now[0]:
                del waiting[path]
                yield path
            else:
                waiting[path] = now
        if not folder.is_dir():
            raise InputError(f"{folder} is no longer there, so nothing can arrive in it. Bring it back, watch again.")


def _wanted(path: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.parts)
    return could_be_media(path) and not hidden and path.suffix.lower() != _DOWNLOADING


def _files(folder: Path) -> list[Path]:
    return [path for _, path in files_below(folder)]


def _stamp(path: Path) -> _Stamp | None:
    """Size and time of a file; None where it is gone."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns
