"""Sounds to names: windows of recordings, in batches through the encoder and the classifier, as they are decoded."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import torch

from limbeck.encoders import Encoder
from limbeck.errors import InputError, MediaError
from limbeck.index import window_lengths
from limbeck.media import sound_windows
from limbeck.prototypes import PrototypeClassifier, SoundClassifier

By = Literal["file", "window"]
Wave = npt.NDArray[np.float32]
_BATCH = 32


@dataclass(frozen=True)
class Prediction:
    """The word predicted for a sound.

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

    def sentence(self) -> str:
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

    A window is as long as the encoder models as a whole, and the next one begins where it ends, where seconds are None.
    """
    window_s, hop_s = window_lengths(encoder, window_s, hop_s)
    for path in paths:
        try:
            for window in sound_windows(path, sample_rate_hz=encoder.sample_rate, window_s=window_s, hop_s=hop_s):
                yield Window(path, window.start_s, window.duration_s, window.samples)
        except MediaError as error:
            yield Unread(path, str(error))


def name(
    pieces: Iterable[Window | Unread],
    encoder: Encoder,
    classifier: SoundClassifier,
    *,
    top: int = 3,
    by: By = "window",
    always: bool = False,
    batch: int = _BATCH,
) -> Iterator[Prediction | Unread]:
    """Names of windows or of whole recordings, in the order of the pieces; those of a recording stand together.

    A recording's score for a word is the highest of its windows' that are one of the words (of all, where none is), so
    that a short event is not averaged away; the scores of a recording of several windows need not sum to 1. `always`
    names every sound by its likeliest word, also one that is none of them.
    """
    if top < 1 or by not in get_args(By):
        raise InputError(f"top is at least 1 and by is one of {', '.join(get_args(By))}, but got {top} and {by!r}.")
    words = list(classifier.labels)
    scored = ((piece, scores, always or known) for piece, scores, known in _scored(pieces, encoder, classifier, batch))
    if by == "window":
        return (
            piece if isinstance(piece, Unread) else _prediction(piece, piece.duration_s, scores, accepted, words, top)
            for piece, scores, accepted in scored
        )
    groups = itertools.groupby(scored, key=lambda row: row[0].path)
    return (_whole(list(group), words, top) for _, group in groups)


def _scored(
    pieces: Iterable[Window | Unread], encoder: Encoder, classifier: SoundClassifier, batch: int
) -> Iterator[tuple[Window | Unread, npt.NDArray[Any], bool]]:
    """Each piece with its probabilities (class,) and whether it is one of the words."""
    nothing, rest = np.zeros(0), iter(pieces)
    while some := list(itertools.islice(rest, batch)):
        waves = [torch.from_numpy(np.ascontiguousarray(piece.samples)) for piece in some if isinstance(piece, Window)]
        named: Iterator[tuple[npt.NDArray[Any], bool]] = iter(())
        if waves:
            scores, accepted = predict(classifier.classifier, classifier.vectors(encoder.embed_audio(waves)))
            named = zip(scores, accepted.tolist(), strict=True)
        for piece in some:
            if isinstance(piece, Unread):
                yield piece, nothing, False
            else:
                # What is kept of a file until its last window must not be its sound, nor a view of it.
                yield replace(piece, samples=np.zeros(0, np.float32)), *next(named)


def predict(
    classifier: PrototypeClassifier, vectors: npt.NDArray[Any]
) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """Probabilities (row, class) of vectors (row, dim), and whether each row is one of the words at all (row,)."""
    return classifier.predict_proba(vectors), classifier.similarities(vectors).max(axis=1) >= classifier.threshold_


def _whole(
    rows: list[tuple[Window | Unread, npt.NDArray[Any], bool]], known: list[str], top: int
) -> Prediction | Unread:
    windows = []
    for piece, scores, accepted in rows:
        if isinstance(piece, Unread):
            return piece
        windows.append((piece, scores, accepted))
    any_word = any(accepted for *_, accepted in windows)
    scores = np.max([s for _, s, accepted in windows if accepted or not any_word], axis=0)
    first, last = windows[0][0], windows[-1][0]
    return _prediction(first, last.start_s + last.duration_s - first.start_s, scores, any_word, known, top)


def _prediction(
    piece: Window, duration_s: float, scores: npt.NDArray[Any], accepted: bool, known: list[str], top: int
) -> Prediction:
    order = np.argsort(-scores, kind="stable")
    best = tuple((known[c], float(scores[c])) for c in order[:top])
    return Prediction(piece.path, piece.start_s, duration_s, known[order[0]] if accepted else None, best)
