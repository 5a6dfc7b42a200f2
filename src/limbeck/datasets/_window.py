"""Which part of a long recording is taken where nobody says: the loudest, the middle or the start."""

import math
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from limbeck.datasets._listing import duration_s
from limbeck.errors import InputError
from limbeck.media import MelRecipe, read_sound

Window = Literal["loudest", "middle", "start"]

_SEARCHED_SECONDS = 600.0


def loudest_window(waveform: npt.NDArray[np.float32], samples: int) -> int:
    """First sample of the window of `samples` (>= 1) with the most energy; the earliest where several have the same.

    Example:
        >>> loudest_window(np.array([0, 0.1, 0, 0.5, -0.5, 0], dtype=np.float32), 2)
        3
    """
    energy = np.concatenate([[0.0], np.cumsum(np.square(waveform, dtype=np.float64))])
    if len(waveform) <= samples:
        return 0
    return int(np.argmax(energy[samples:] - energy[:-samples]))


def chosen(
    window: Window, path: Path, start_s: float, length_s: float | None, recipe: MelRecipe, *, most_s: float = math.inf
) -> tuple[float, float | None, tuple[str, ...]]:
    """Start and length of the part that is taken, in seconds, and what is told of it.

    What is not longer than the recipe's clip is taken as it is; a length of None means to the end of the sound, and
    nothing later than `most_s` is taken.
    """
    ends = duration_s(path) if length_s is None else start_s + length_s
    span_s = math.inf if ends is None else min(ends, most_s) - start_s
    if span_s <= recipe.clip_seconds:
        return start_s, length_s, ()
    find, words = _WINDOWS[window]
    at_s = find(path, start_s, length_s, span_s, recipe)
    if span_s == math.inf and at_s == start_s:  # its length is not known: it may be as short as a clip
        return start_s, length_s, ()
    return at_s, recipe.clip_seconds, (f"longer than a clip: its {words} is taken, from {at_s:.2f} s",)


def check_window(window: str) -> None:
    if window not in _WINDOWS:
        raise InputError(f"window must be one of {', '.join(_WINDOWS)}, but is {window!r}.")


@lru_cache(maxsize=4096)
def _loudest(path: Path, start_s: float, length_s: float | None, span_s: float, recipe: MelRecipe) -> float:
    long = recipe.model_copy(update={"clip_seconds": min(span_s, _SEARCHED_SECONDS)})
    waveform, _ = read_sound(path, start_s=start_s, length_s=length_s, recipe=long)
    return start_s + loudest_window(waveform, recipe.samples) / recipe.sample_rate_hz


def _middle(path: Path, start_s: float, length_s: float | None, span_s: float, recipe: MelRecipe) -> float:
    return start_s + (span_s - recipe.clip_seconds) / 2 if math.isfinite(span_s) else start_s


_Find = Callable[[Path, float, float | None, float, MelRecipe], float]
_WINDOWS: dict[Window, tuple[_Find, str]] = {
    "loudest": (_loudest, "loudest part"),
    "middle": (_middle, "middle"),
    "start": (lambda path, start_s, *others: start_s, "start"),
}
