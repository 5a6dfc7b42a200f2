"""Sounds to names: windows of recordings, in batches through the encoder and the classifier, as they are decoded."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import torch

from limbeck.encoders import Encoder
from limbeck.errors import InputError, MediaError
from limbeck.media import sound_windows
from limbeck.media.stream import check_lengths
from limbeck.prototypes import PrototypeClassifier, SoundClassifier

By = Literal["file", "window"]
Wave = npt.NDArray[np.float32]
_BATCH = 32


@dataclass(frozen=True)
class Named:
    """What a sound was named.

    Attributes:
        path: The recording.
        start_s: Where the sound begins in it, in seconds.
        duration_s: How long it is.
        label: Its word; None for none of these.
        scores: The likeliest words with their scores from 0 to 1, best first, also where `label` is None.
    """

    path: Path
    start_s: float
    duration_s: float
    label: str | None
    scores: tuple[tuple[str, float], ...]

    def to_json(self) -> dict[str, Any]:
        """As JSON-able data."""
        return {
            "path": str(self.path),
            "start_s": round(self.start_s, 3),
            "duration_s": round(self.duration_s, 3),
            "label": self.label,
            "scores": [{"label": label, "score": round(score, 6)} for label, score in self.scores],
        }


@dataclass(frozen=True)
class Unread:
    """A recording that could not be used.

    Attributes:
        path: The file.
        reason: Why, in a sentence.
    """

    path: Path
    reason: str

    def told(self) -> str:
        """The file and the reason, in one sentence."""
        return self.reason if self.reason.startswith(str(self.path)) else f"{self.path}: {self.reason}"

    def to_json(self) -> dict[str, Any]:
        """As JSON-able data."""
        return {"path": str(self.path), "error": self.reason}


@dataclass(frozen=True)
class Window:
    """A piece of a recording, mono float32 samples at the encoder's rate."""

    path: Path
    start_s: float
    duration_s: float
    samples: Wave


def windows_of(
    paths: Iterable[Path], encoder: Encoder, window_s: float | None, hop_s: float | None
) -> Iterator[Window | Unread]:
    """Windows of recordings, one after the other; one that cannot be used ends with the reason, at times after windows.

    Args:
        paths: The recordings.
        encoder: What will hear them.
        window_s: Length of a window in seconds; None for the longest the encoder hears as a whole.
        hop_s: From one to the next; None for windows side by side.

    Raises:
        InputError: A window is longer than the encoder hears, or a length is not positive.
    """
    window_s, hop_s = lengths(encoder, window_s, hop_s)
    for path in paths:
        try:
            for window in sound_windows(path, sample_rate_hz=encoder.sample_rate, window_s=window_s, hop_s=hop_s):
                yield Window(path, window.start_s, window.duration_s, window.samples)
        except MediaError as error:
            yield Unread(path, str(error))


def lengths(encoder: Encoder, window_s: float | None, hop_s: float | None) -> tuple[float, float]:
    """Length of a window and seconds from one to the next, as asked for or by default.

    Args:
        encoder: What will hear them.
        window_s: Seconds; None for the longest the encoder hears as a whole.
        hop_s: Seconds; None for windows side by side.

    Raises:
        InputError: A window is longer than the encoder hears, or one of the two is less than a sample.
    """
    window_s = encoder.window_s if window_s is None else window_s
    hop_s = window_s if hop_s is None else hop_s
    if window_s > encoder.window_s:
        raise InputError(
            f"Windows of {window_s:g} s were asked for, but this encoder hears {encoder.window_s:g} s as a whole."
        )
    check_lengths(encoder.sample_rate, window_s, hop_s)
    return window_s, hop_s


def name(
    pieces: Iterable[Window | Unread],
    encoder: Encoder,
    classifier: SoundClassifier,
    *,
    top: int = 3,
    by: By = "window",
    always: bool = False,
    batch: int = _BATCH,
) -> Iterator[Named | Unread]:
    """Names of windows or of whole recordings, in the order they come.

    A recording's score for a word is the highest of its windows' that are one of the words (of all, where none is), so
    that a short event is not averaged away; the scores of a recording of several windows need not sum to 1.

    Args:
        pieces: From `windows_of`; windows of a recording stand together.
        encoder: The one the classifier was learned with.
        classifier: Learned.
        top: How many words with scores are given.
        by: What is named: each ``"window"``, or each ``"file"``.
        always: Name every sound by its likeliest word, also one that is none of them.
        batch: Windows embedded at a time.

    Raises:
        InputError: `top` is below 1, or `by` is neither.
    """
    if top < 1 or by not in get_args(By):
        raise InputError(f"top is at least 1 and by is one of {', '.join(get_args(By))}, but {top} and {by!r} came.")
    return _names(pieces, encoder, classifier, top, by, always, batch)


def _names(
    pieces: Iterable[Window | Unread],
    encoder: Encoder,
    classifier: SoundClassifier,
    top: int,
    by: By,
    always: bool,
    batch: int,
) -> Iterator[Named | Unread]:
    words = list(classifier.labels)
    heard = ((piece, scores, always or known) for piece, scores, known in _scored(pieces, encoder, classifier, batch))
    if by == "window":
        for piece, scores, accepted in heard:
            yield piece if isinstance(piece, Unread) else _named(piece, piece.duration_s, scores, accepted, words, top)
        return
    for _, group in itertools.groupby(heard, key=lambda row: row[0].path):
        yield _whole(list(group), words, top)


def _scored(
    pieces: Iterable[Window | Unread], encoder: Encoder, classifier: SoundClassifier, batch: int
) -> Iterator[tuple[Window | Unread, npt.NDArray[Any], bool]]:
    """Each piece with its probabilities (class,) and whether it is one of the words."""
    nothing = np.zeros(0)
    for some in _batches(pieces, batch):
        windows = [piece for piece in some if isinstance(piece, Window)]
        rows = iter(_probabilities([w.samples for w in windows], encoder, classifier))
        for piece in some:
            if isinstance(piece, Unread):
                yield piece, nothing, False
            else:
                scores, accepted = next(rows)
                # What is kept of a file until its last window must not be its sound, nor a view of it.
                yield replace(piece, samples=np.zeros(0, np.float32)), scores, accepted


def _batches(pieces: Iterable[Window | Unread], size: int) -> Iterator[list[Window | Unread]]:
    rest = iter(pieces)
    while some := list(itertools.islice(rest, size)):
        yield some


def _probabilities(
    waves: Sequence[Wave], encoder: Encoder, classifier: SoundClassifier
) -> list[tuple[npt.NDArray[Any], bool]]:
    if not waves:
        return []
    embedded = encoder.embed_audio([torch.from_numpy(np.ascontiguousarray(wave)) for wave in waves])
    scores, accepted = judged(classifier.classifier, classifier.vectors(embedded))
    return list(zip(scores, accepted.tolist(), strict=True))


def judged(
    classifier: PrototypeClassifier, vectors: npt.NDArray[Any]
) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """Probabilities (row, class), and whether each row is one of the words at all (row,).

    Args:
        classifier: Learned.
        vectors: In its space, (row, dim).
    """
    return classifier.predict_proba(vectors), classifier.similarities(vectors).max(axis=1) >= classifier.threshold_


def _whole(rows: list[tuple[Window | Unread, npt.NDArray[Any], bool]], known: list[str], top: int) -> Named | Unread:
    windows = []
    for piece, scores, accepted in rows:
        if isinstance(piece, Unread):
            return piece
        windows.append((piece, scores, accepted))
    named = any(accepted for *_, accepted in windows)
    scores = np.max([s for _, s, accepted in windows if accepted or not named], axis=0)
    first, last = windows[0][0], windows[-1][0]
    return _named(first, last.start_s + last.duration_s - first.start_s, scores, named, known, top)


def _named(
    piece: Window, duration_s: float, scores: npt.NDArray[Any], accepted: bool, known: list[str], top: int
) -> Named:
    order = np.argsort(-scores, kind="stable")
    told = tuple((known[c], float(scores[c])) for c in order[:top])
    return Named(piece.path, piece.start_s, duration_s, known[order[0]] if accepted else None, told)
