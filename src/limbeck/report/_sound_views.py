"""What a page of a classifier shows of it: words, windows, which of them to check, and where words stand on the map."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from limbeck.errors import InputError
from limbeck.report import _sound_map

WIDTH, HEIGHT = 1000, 620
"""Of the map, in units of its drawing."""
NONE = -1
"""In `Heard.named`: none of the words."""
_LETTER, _LINE = 9.6, 21.0
_TOP = 0.1
_TOLD = 3


@dataclass(frozen=True)
class Word:
    """A word and what stands for it.

    Attributes:
        label: The word.
        description: What was said of it beside the word; may be empty.
        neighbours: Windows its prototype is the mean of, positions in `Heard`, nearest first.
    """

    label: str
    description: str
    neighbours: Sequence[int]


@dataclass(frozen=True)
class Heard:
    """The windows of an index, and what the classifier says of each.

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


@dataclass(frozen=True)
class Point:
    """A window as the page shows it.

    Attributes:
        place: Its position in `Heard`.
        name: The recording, short, and where in it.
        path: The recording.
        start_s: Where the window begins, in seconds.
        word: Position of the word it is named, or `NONE`.
        told: Its likeliest words with scores.
        doubt: Why it should be checked; empty if it need not be.
        x: Where it stands on the map, from the left.
        y: Likewise from the top.
        stands: Words it stands for, by position.
    """

    place: int
    name: str
    path: str
    start_s: float
    word: int
    told: tuple[tuple[str, float], ...]
    doubt: str = ""
    x: float = 0.0
    y: float = 0.0
    stands: tuple[int, ...] = ()


def to_check(words: Sequence[Word], heard: Heard, most: int) -> list[tuple[int, str]]:
    """Windows worth a person's ear, with the reason.

    First those a prototype leans on although the classifier names them otherwise; then those between two words, the
    smallest lead first.

    Args:
        words: As in `page`.
        heard: As in `page`.
        most: At most so many.
    """
    found: dict[int, str] = {}
    for c, word in enumerate(words):
        for i in map(int, word.neighbours):
            if heard.named[i] != c and i not in found:
                other = "none of the words" if heard.named[i] == NONE else f"“{words[heard.named[i]].label}”"
                found[i] = f"stands for “{word.label}”, but is named {other}"
    doubtful = sorted(found, key=lambda i: float(heard.scores[i].max()))[:most]
    kept = {i: found[i] for i in doubtful}
    if heard.scores.shape[1] > 1:
        best = np.partition(heard.scores, -2, axis=1)[:, -2:]
        for i in np.argsort(best[:, 1] - best[:, 0], kind="stable")[: 2 * most].tolist():
            if len(kept) >= most:
                break
            if i not in kept and heard.named[i] != NONE:
                kept[i] = "hardly told from another word"
    return list(kept.items())


class Shower:
    """Makes what is shown of a window."""

    def __init__(self, words: Sequence[Word], heard: Heard, spots: Mapping[int, Sequence[float]]) -> None:
        self._words, self._heard, self._spots = words, heard, spots
        self._stands: dict[int, tuple[int, ...]] = {}
        for c, word in enumerate(words):
            for i in map(int, word.neighbours):
                self._stands[i] = (*self._stands.get(i, ()), c)
        self._root = _root(heard.paths)

    def __call__(self, i: int, word: int | None = None, *, doubt: str = "") -> Point:
        heard = self._heard
        named = int(heard.named[i])
        if word is not None and named != word:
            doubt = f"named {'none of the words' if named == NONE else self._words[named].label}"
        order = np.argsort(-heard.scores[i], kind="stable")[:_TOLD]
        path = Path(heard.paths[i])
        x, y = self._spots.get(i, (0.0, 0.0))
        return Point(
            place=i,
            name=_name(path, self._root, float(heard.start_s[i])),
            path=str(path),
            start_s=float(heard.start_s[i]),
            word=named,
            told=tuple((self._words[c].label, float(heard.scores[i, c])) for c in order),
            doubt=doubt,
            x=round(x * WIDTH, 1),
            y=round(y * HEIGHT, 1),
            stands=self._stands.get(i, ()),
        )


def check(words: Sequence[Word], heard: Heard) -> None:
    count = len(heard.paths)
    shapes = {
        "start_s": heard.start_s.shape == (count,),
        "duration_s": heard.duration_s.shape == (count,),
        "features": heard.features.ndim == 2 and len(heard.features) == count,
        "scores": heard.scores.shape == (count, len(words)),
        "named": heard.named.shape == (count,),
    }
    wrong = [f"{name} {np.shape(getattr(heard, name))}" for name, fits in shapes.items() if not fits]
    if not count or not words:
        raise InputError(f"A page needs windows and words, but {count} and {len(words)} came; index recordings first.")
    if wrong:
        raise InputError(
            f"{count} windows and {len(words)} words came, but these shapes do not fit: {', '.join(wrong)}."
        )
    if any(not 0 <= int(i) < count for word in words for i in word.neighbours):
        raise InputError(f"A word has neighbours outside of the {count} windows that came; learn it from this index.")


def names(words: Sequence[Word], spots: Mapping[int, Sequence[float]]) -> list[tuple[int, str, float, float]]:
    """Word, its text, and where on the map it stands: above its neighbours, beside the other words."""
    there: list[int] = []
    middles: list[tuple[float, float]] = []
    for c, word in enumerate(words):
        own = np.array([spots[int(i)] for i in word.neighbours if int(i) in spots]) * (WIDTH, HEIGHT)
        if len(own):
            there.append(c)
            middles.append((float(np.median(own[:, 0])), float(np.quantile(own[:, 1], _TOP)) - 1.2 * _LINE))
    if not there:
        return []
    widths = np.array([_LETTER * len(words[c].label) + 8 for c in there])
    moved = _sound_map.apart(np.array(middles), widths, _LINE)
    moved[:, 0] = np.clip(moved[:, 0], widths / 2, np.maximum(WIDTH - widths / 2, widths / 2))
    moved[:, 1] = np.clip(moved[:, 1], _LINE, HEIGHT - _LINE / 2)
    at = moved.round(1).tolist()
    return [(c, words[c].label, x, y) for c, (x, y) in zip(there, at, strict=True)]


def told(point: Point) -> dict[str, Any]:
    return {
        "name": point.name,
        "path": point.path,
        "start": round(point.start_s, 3),
        "told": [[label, round(score, 3)] for label, score in point.told],
        "word": point.word,
        "stands": point.stands,
    }


def _root(paths: Iterable[Path]) -> str:
    folders = {str(Path(path).parent) for path in paths}
    try:
        return os.path.commonpath(folders)
    except ValueError:
        return ""


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
