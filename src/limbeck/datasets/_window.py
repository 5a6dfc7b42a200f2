"""Which part of a long recording is taken where nobody says: the loudest, the middle or the start."""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from limbeck.datasets._listing import duration_s, probed
from limbeck.datasets._sources import Stamp
from limbeck.errors import InputError, MediaError
from limbeck.media import ClipRecipe, Encoded, MelRecipe, RawClip, Recording, holder, mono_of, read_clip, read_sound

Window = Literal["loudest", "middle", "start"]

CUT = "--set cut=true"
"""How clips are made of all of a file, as the words of what is told of `Folder`'s parts of files have it."""
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


def read_part(
    audio: Recording | None, image: Recording | None, window: Window, recipe: ClipRecipe, *, advice: str = ""
) -> RawClip:
    """Decode that part of whole recordings that a window says; sound and picture are often of the same one.

    Of longer ones it is told which part was taken, and the `advice`.
    """
    audio, image = (one if track in recipe.tracks else None for track, one in (("audio", audio), ("image", image)))
    recording = audio or image
    if recording is None:
        return read_clip(audio, image, recipe=recipe)
    info = probed(recording)
    shown_s = (info.picture_seconds or 0.0) if info and image else 0.0
    most_s = shown_s if shown_s > recipe.mel.clip_seconds else math.inf  # one picture may stand for all of a sound
    window = "middle" if audio is None and window == "loudest" else window
    start_s, length_s, told = chosen(window, recording, 0.0, None, recipe.mel, most_s=most_s)
    try:
        raw = read_clip(audio, image, start_s=start_s, length_s=length_s, recipe=recipe)
    except MediaError as error:
        if error.reason != "beyond_end" or not told:
            raise
        return read_clip(audio, image, recipe=recipe)  # the picture ends before the sound is loudest
    return replace(raw, repairs=(*(f"{words}{advice}" for words in told), *raw.repairs))


def part_of(
    window: Window, waveform: npt.NDArray[Any], rate_hz: int, recipe: MelRecipe
) -> tuple[slice, tuple[str, ...]]:
    """Which samples of a waveform in memory, (channel, sample), a window says, and what is told of them."""
    count = waveform.shape[1]
    spare = count - round(recipe.clip_seconds * rate_hz)
    if not 0 < spare < count:
        return slice(0, count), ()
    at, words = _PLACES[window](waveform, spare), _WINDOWS[window][1]
    return slice(at, count - spare + at), (_told(words, at / rate_hz, recipe, count / rate_hz),)


def chosen(
    window: Window,
    path: Recording,
    start_s: float,
    length_s: float | None,
    recipe: MelRecipe,
    *,
    most_s: float = math.inf,
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
    whole_s = math.inf if ends is None else ends - start_s
    return at_s, recipe.clip_seconds, (_told(words, at_s, recipe, whole_s),)


def _told(words: str, at_s: float, recipe: MelRecipe, whole_s: float) -> str:
    of = f" of {round(whole_s, 1):g}" if math.isfinite(whole_s) else ""
    return f"longer than a clip: its {words} is taken, {recipe.clip_seconds:g}{of} s, from {at_s:.2f} s"


def check_window(window: str) -> None:
    if window not in _WINDOWS:
        raise InputError(f"window must be one of {', '.join(_WINDOWS)}, but is {window!r}.")


def _loudest(path: Recording, start_s: float, length_s: float | None, span_s: float, recipe: MelRecipe) -> float:
    if isinstance(path, Encoded) or (stamp := Stamp.of(holder(path))) is None:
        return _searched(path, start_s, length_s, span_s, recipe)
    return _searched_once(stamp, path, start_s, length_s, span_s, recipe)


def _searched(path: Recording, start_s: float, length_s: float | None, span_s: float, recipe: MelRecipe) -> float:
    long = recipe.model_copy(update={"clip_seconds": min(span_s, _SEARCHED_SECONDS)})
    waveform, _ = read_sound(path, start_s=start_s, length_s=length_s, recipe=long)
    return start_s + loudest_window(waveform, recipe.samples) / recipe.sample_rate_hz


@lru_cache(maxsize=4096)
def _searched_once(
    _stamp: Stamp, path: Recording, start_s: float, length_s: float | None, span_s: float, recipe: MelRecipe
) -> float:
    return _searched(path, start_s, length_s, span_s, recipe)


def _middle(path: Recording, start_s: float, length_s: float | None, span_s: float, recipe: MelRecipe) -> float:
    return start_s + (span_s - recipe.clip_seconds) / 2 if math.isfinite(span_s) else start_s


_Find = Callable[[Recording, float, float | None, float, MelRecipe], float]
_WINDOWS: dict[Window, tuple[_Find, str]] = {
    "loudest": (_loudest, "loudest part"),
    "middle": (_middle, "middle"),
    "start": (lambda path, start_s, *others: start_s, "start"),
}


def _loudest_at(waveform: npt.NDArray[Any], spare: int) -> int:
    heard = np.nan_to_num(mono_of(waveform), posinf=0.0, neginf=0.0)
    return loudest_window(heard - np.median(heard), waveform.shape[1] - spare)


_PLACES: dict[Window, Callable[[npt.NDArray[Any], int], int]] = {
    "loudest": _loudest_at,
    "middle": lambda waveform, spare: spare // 2,
    "start": lambda waveform, spare: 0,
}
