"""The page of a classifier learned from words: what each word stands for, a map of the sounds, what to check.

One HTML file that opens from disk and asks the network for nothing. What is wrong can be marked in it; the page then
shows the command, or saves the file, that `limbeck sounds correct` takes.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from limbeck import _machine
from limbeck._words import number, plural, size
from limbeck.errors import InputError, MediaError
from limbeck.report import _kit, sound_map, sound_window
from limbeck.report.sound_map import HEIGHT, WIDTH

Progress = Callable[[int, int], None]

SIZE_LIMIT_BYTES = 40_000_000
"""Largest sum of the sounds of a page: a browser opens this without trouble."""
NONE = -1
"""In `Windows.named`: none of the words."""
_PLAYERS_PER_WORD = 36
_AT_ONCE = 32


@dataclass(frozen=True)
class Word:
    """A word and what stands for it.

    The `description` is what was said of it beside the word; may be empty. Its prototype is the mean of the
    `neighbours`, positions in `Windows`, nearest first.
    """

    label: str
    description: str
    neighbours: Sequence[int]


@dataclass(frozen=True)
class Windows:
    """The windows of an index, and what the classifier predicts of each.

    Attributes:
        paths: Recording of each window.
        start_s: Where it begins in the recording, seconds, (window,).
        duration_s: How long it is, seconds, (window,).
        features: Its vector in the space prototypes live in, float32, (window, dim).
        scores: How sure the classifier is of each word, 0 to 1, (window, word).
        named: Position of its word, or `NONE`; (window,).
    """

    paths: Sequence[Path]
    start_s: npt.NDArray[np.floating]
    duration_s: npt.NDArray[np.floating]
    features: npt.NDArray[np.floating]
    scores: npt.NDArray[np.floating]
    named: npt.NDArray[np.integer]


class Cell(NamedTuple):
    """A window to look at and listen to: addresses of a PNG and an MP3; or else why it could not be read."""

    image: str = ""
    sound: str = ""
    trouble: str = ""


def page(
    words: Sequence[Word],
    windows: Windows,
    out: Path | str,
    *,
    command: str = "limbeck sounds correct classifier/",
    title: str | None = None,
    about: Mapping[str, Any] | None = None,
    remarks: Sequence[str] = (),
    recording: Callable[[int], Path] | None = None,
    points: int = 1500,
    size_limit_bytes: int = SIZE_LIMIT_BYTES,
    seed: int = 0,
    on_progress: Progress = lambda done, total: None,
    log: Callable[[str], None] = lambda sentence: None,
) -> Path:
    """Write ``index.html`` into the folder `out`, which is made if need be, and give its path back.

    The page shows the `words`, in the order of the columns of `windows.scores`; a map of at most so many `points`, of
    which those that stand for words and those to check come first, drawn by the `seed`; windows for checking, with the
    beginning of the `command` that corrects this classifier; and what else is known `about` it. The `title` is made
    from the number of words by default; the `remarks`, a sentence each, are what a reader must know.

    Where the `recording` of a window lies now is told by position, or `MediaError` raised; by default it is at its
    path in `windows`. Players beyond `size_limit_bytes` of sounds are left out, and the page says so. `on_progress` is
    called with recordings read, done and total; `log` with a sentence where recordings cannot be heard on the page.

    Raises:
        InputError: The arrays do not fit each other, or there is no window.
        MissingExtraError: jinja2, matplotlib or Pillow is not installed.
    """
    _kit.require()
    _check(words, windows)
    about = about or {}
    doubts = to_check(words, windows, 24)
    shown = [[int(i) for i in word.neighbours][:_PLAYERS_PER_WORD] for word in words]
    pictured = list(dict.fromkeys([i for row in shown for i in row] + [i for i, _ in doubts]))
    wanted = [*pictured, *(int(i) for word in words for i in word.neighbours)]
    drawn = sound_map.chosen(len(windows.paths), wanted, max(points, 1), seed=seed).tolist()
    spots = dict(zip(drawn, sound_map.places(windows.features[drawn], seed=seed) * (WIDTH, HEIGHT), strict=True))
    cells, complete = _cells(
        windows, recording or (lambda i: Path(windows.paths[i])), pictured, drawn, size_limit_bytes, on_progress
    )
    unheard = _unheard(windows, cells)
    data = _points(words, windows, sorted({*drawn, *pictured}))
    named = {c: int((windows.named == c).sum()) for c in range(NONE, len(words))}
    index = _kit.write(
        Path(out),
        "sounds",
        title=title or f"{plural(len(words), 'word')} and what they sound like",
        verdict=_verdict(words, windows, len(doubts)),
        facts=[
            ("words", number(len(words))),
            ("recordings", number(len({str(path) for path in windows.paths}))),
            ("windows", number(len(windows.paths))),
            ("none of the words", number(named[NONE])),
            *([("encoder", str(about["encoder"]))] if about.get("encoder") else []),
        ],
        remarks=[*remarks, *unheard],
        words=words,
        shown=shown,
        named=named,
        points=data,
        map=[(i, round(float(x), 1), round(float(y), 1)) for i, (x, y) in spots.items()],
        names=sound_map.names([(word.label, word.neighbours) for word in words], spots),
        width=WIDTH,
        height=HEIGHT,
        left_out=len(windows.paths) - len(drawn),
        check=doubts,
        cells=cells,
        complete=complete,
        limit=size(size_limit_bytes),
        data={
            "command": command,
            "labels": [word.label for word in words],
            "points": data,
            "sounds": {i: c.sound for i, c in cells.items() if c.sound},
        },
        provenance=_kit.flat(about),
    )
    for sentence in unheard:
        log(sentence)
    return index


def to_check(words: Sequence[Word], windows: Windows, most: int) -> list[tuple[int, str]]:
    """Windows worth a person's ear, with the reason.

    First those a prototype leans on although the classifier names them otherwise; then those between two words, the
    smallest lead first; at most so many (`most`) of the `windows`, with `words` as in `page`.
    """
    found: dict[int, str] = {}
    for c, word in enumerate(words):
        for i in map(int, word.neighbours):
            if windows.named[i] != c and i not in found:
                name = "none of the words" if windows.named[i] == NONE else f"“{words[windows.named[i]].label}”"
                found[i] = f"stands for “{word.label}”, but is named {name}"
    doubtful = sorted(found, key=lambda i: float(windows.scores[i].max()))[:most]
    kept = {i: found[i] for i in doubtful}
    if windows.scores.shape[1] > 1:
        best = np.partition(windows.scores, -2, axis=1)[:, -2:]
        close = np.argsort(best[:, 1] - best[:, 0], kind="stable")[: 2 * most].tolist()
        between = [i for i in close if i not in kept and windows.named[i] != NONE][: most - len(kept)]
        kept |= dict.fromkeys(between, "scores of two words hardly differ")
    return list(kept.items())


def _check(words: Sequence[Word], windows: Windows) -> None:
    count = len(windows.paths)
    if not count or not words:
        raise InputError(f"A page needs windows and words, but {count} and {len(words)} came; index recordings first.")
    dim = np.shape(windows.features)[1:2]
    shapes = {"start_s": (), "duration_s": (), "features": dim or (0,), "scores": (len(words),), "named": ()}
    came = {name: np.shape(getattr(windows, name)) for name in shapes}
    if wrong := [f"{name} {shape}" for name, shape in came.items() if shape != (count, *shapes[name])]:
        raise InputError(
            f"{count} windows and {len(words)} words came, but these shapes do not fit: {', '.join(wrong)}."
        )
    if any(not 0 <= int(i) < count for word in words for i in word.neighbours):
        raise InputError(f"A word has neighbours outside of the {count} windows that came; learn it from this index.")


def _points(words: Sequence[Word], windows: Windows, places: Sequence[int]) -> dict[int, dict[str, Any]]:
    """What is shown of each window, JSON-able: recording, likeliest words with scores, and words it stands for."""
    near = [set(map(int, word.neighbours)) for word in words]
    try:
        root = os.path.commonpath({str(Path(path).parent) for path in windows.paths})
    except ValueError:  # some are absolute, some are not
        root = ""
    return {
        i: {
            "name": _name(Path(windows.paths[i]), root, float(windows.start_s[i])),
            "path": str(windows.paths[i]),
            "start": round(float(windows.start_s[i]), 3),
            "word": int(windows.named[i]),
            "likeliest": [
                [words[c].label, round(float(windows.scores[i, c]), 3)]
                for c in np.argsort(-windows.scores[i], kind="stable")[:3]
            ],
            "stands": [c for c, own in enumerate(near) if i in own],
        }
        for i in places
    }


def _name(path: Path, root: str, start_s: float) -> str:
    """The recording below the folder all are in, and where in it.

    Example:
        >>> _name(Path("/a/b/rain.wav"), "/a", 0.0), _name(Path("/a/b/rain.wav"), "/a", 75.5)
        ('b/rain.wav', 'b/rain.wav at 1:15.5')
    """
    name = os.path.relpath(path, root) if root and str(path).startswith(root) else str(path)
    if start_s <= 0:
        return name
    minutes, seconds = divmod(round(start_s, 1), 60)
    return f"{name} at {int(minutes)}:{seconds:04.1f}".removesuffix(".0")


def _cells(
    windows: Windows,
    recording: Callable[[int], Path],
    pictured: Sequence[int],
    drawn: Sequence[int],
    limit: int,
    on_progress: Progress,
) -> tuple[dict[int, Cell], bool]:
    """What can be heard, with images first, then other points of the map while there is room; and whether all is."""
    with_image = set(pictured)

    def read(i: int) -> Cell:
        """Read a window again and code it; of long ones the first ten seconds."""
        try:
            waveform = sound_window.read(recording(i), float(windows.start_s[i]), float(windows.duration_s[i]))
        except MediaError as error:
            return Cell(trouble=str(error))
        image = _kit.image_uri(sound_window.picture(waveform)) if i in with_image else ""
        return Cell(image, _kit.data_uri(sound_window.sound(waveform), "audio/mpeg"))

    queue = list(dict.fromkeys([*pictured, *drawn]))
    cells: dict[int, Cell] = {}
    with ThreadPoolExecutor(_machine.cores()) as pool:
        for at in range(0, len(queue), _AT_ONCE):
            on_progress(at, len(queue))
            if sum(len(c.sound) + len(c.image) for c in cells.values()) > limit:
                break
            some = queue[at : at + _AT_ONCE]
            cells |= zip(some, pool.map(read, some), strict=True)
    on_progress(len(queue), len(queue))
    return {i: cells.get(i, Cell()) for i in queue}, len(cells) == len(queue)


def _unheard(windows: Windows, cells: Mapping[int, Cell]) -> list[str]:
    """That recordings cannot be heard, in a sentence; nothing where all can."""
    if not (lost := {str(windows.paths[i]): cell.trouble for i, cell in cells.items() if cell.trouble}):
        return []
    first = min(lost)
    why = lost[first] if first in lost[first] else f"{first}: {lost[first]}"
    return [
        f"{plural(len(lost), 'recording')} cannot be heard on the page. The first: {why} If they were moved, "
        "name the folder they are in now with --root. If they have changed, bring the index up to date and learn again."
    ]


def _verdict(words: Sequence[Word], windows: Windows, doubts: int) -> str:
    counts = sorted({len(word.neighbours) for word in words})
    nearest = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    rejected = int((windows.named == NONE).sum())
    none = f" {plural(rejected, 'window is', 'windows are')} none of the words." if rejected else ""
    unlabelled = number(len(windows.paths))
    return (
        f"The {nearest} windows nearest to a word, of {unlabelled} that nobody has labelled, stand for it. "
        f"A sound is named by the nearest of their means.{none} {plural(doubts, 'window is', 'windows are')} "
        "worth a check by ear below."
    )
