"""Sounds to names: recordings and what arrives, window by window through the encoder and the classifier."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import Any, Literal, Unpack, get_args

import numpy as np
import numpy.typing as npt
import torch

from limbeck.encoders import Encoder
from limbeck.engine import bar
from limbeck.errors import InputError, MediaError
from limbeck.index import window_lengths
from limbeck.media import files_below, sound_windows
from limbeck.prototypes import PrototypeClassifier, SoundClassifier
from limbeck.sounds import _arrivals
from limbeck.sounds._arrivals import Wave
from limbeck.sounds._encoders import EncoderOptions, of_classifier

By = Literal["file", "window"]
MICROPHONE = "microphone"


@dataclass(frozen=True)
class Prediction:
    """The word predicted for a sound, which begins at a second of a recording and lasts so many.

    Attributes:
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
    """A recording that could not be used, and the reason in a sentence."""

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


Scored = tuple[Window | Unread, npt.NDArray[Any], bool]
"""A piece with its probabilities (class,) and whether it is one of the words."""


def windows_of(
    paths: Iterable[Path], encoder: Encoder, window_s: float | None, hop_s: float | None
) -> Iterator[Window | Unread]:
    """Windows of recordings in their order; one that cannot be used ends with the reason, at times after windows."""
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
    batch: int = 32,
) -> Iterator[Prediction | Unread]:
    """Names of windows or of whole recordings, in the order of the pieces; those of a recording stand together.

    A recording's score for a word is the highest of its windows' that are one of the words (of all, where none is), so
    that a short event is not averaged away; the scores of a recording of several windows need not sum to 1.
    """
    if top < 1 or by not in get_args(By):
        raise InputError(f"top is at least 1 and by is one of {', '.join(get_args(By))}, but got {top} and {by!r}.")
    scored = ((piece, scores, always or known) for piece, scores, known in _scored(pieces, encoder, classifier, batch))
    rows = ([row] for row in scored)
    if by == "file":
        rows = (list(group) for _, group in itertools.groupby(scored, key=lambda row: row[0].path))
    return (_named(some, list(classifier.labels), top) for some in rows)


def _scored(
    pieces: Iterable[Window | Unread], encoder: Encoder, classifier: SoundClassifier, batch: int
) -> Iterator[Scored]:
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


def _named(rows: list[Scored], words: list[str], top: int) -> Prediction | Unread:
    """The word of a recording's windows, or of one window."""
    windows = []
    for piece, scores, accepted in rows:
        if isinstance(piece, Unread):
            return piece
        windows.append((piece, scores, accepted))
    any_word = any(accepted for *_, accepted in windows)
    scores = np.max([s for _, s, accepted in windows if accepted or not any_word], axis=0)
    first, last = windows[0][0], windows[-1][0]
    order = np.argsort(-scores, kind="stable")
    best = tuple((words[c], float(scores[c])) for c in order[:top])
    duration_s = last.start_s - first.start_s + last.duration_s
    return Prediction(first.path, first.start_s, duration_s, words[order[0]] if any_word else None, best)


def classify(
    classifier: Path | str | SoundClassifier,
    files: Path | str | Sequence[Path | str],
    *,
    by: By = "file",
    top: int = 3,
    always: bool = False,
    window: float | None = None,
    hop: float | None = None,
    progress: bool = False,
    **options: Unpack[EncoderOptions],
) -> Iterator[Prediction | Unread]:
    """Name recordings in their order, as they are read, or say why one cannot be used.

    A recording of several windows has for each word the score of the window that has most of it, and is none of these
    only if all its windows are: a short event counts.

    Args:
        classifier: A classifier or its folder.
        files: Recordings, or folders of them.
        by: What is named: each ``"file"``, or each ``"window"``.
        top: Words with scores that are given, >= 1.
        always: Name every sound by its likeliest word, also one that is none of them.
        window: Length of a window in seconds; that of the index it was learned from by default.
        hop: Seconds from one window to the next; likewise.
        progress: Draw a bar on standard error.
        options: Which encoder is used and how it is loaded.

    Raises:
        InputError: There is no such classifier, or no file.
        FingerprintError: The encoder is not the classifier's.
    """
    learned = _loaded(classifier)
    found: list[Path] = []
    for path in map(Path, [files] if isinstance(files, Path | str) else files):
        found += [below for _, below in files_below(path)] if path.is_dir() else [path]
    if not (paths := list(dict.fromkeys(found))):
        raise InputError("There is no recording to name: no file was given, or the folders hold none.")
    model = of_classifier(learned, **options)

    def names() -> Iterator[Prediction | Unread]:
        with bar("Naming", show=progress) as tell:

            def reported() -> Iterator[Path]:
                for done, path in enumerate(paths):
                    tell(done, len(paths))
                    yield path
                tell(len(paths), len(paths))

            pieces = windows_of(reported(), model, *_windows(learned, window, hop))
            yield from name(pieces, model, learned, top=top, by=by, always=always)

    return names()


def watch(
    classifier: Path | str | SoundClassifier,
    source: Path | str,
    *,
    existing: bool = False,
    top: int = 3,
    always: bool = False,
    window: float | None = None,
    hop: float | None = None,
    stop: Event | None = None,
    **options: Unpack[EncoderOptions],
) -> Iterator[Prediction | Unread]:
    """Name what arrives: each file that is written into a folder, once it is complete, or what a microphone hears.

    What arrives after the call is named, also if the first name is asked for later. There is no end to it before `stop`
    is set. The `source` is a folder, with the files that are in it already if `existing`, or ``"microphone"``, which is
    named every `hop` seconds. For other keywords see `classify`.

    Raises:
        InputError: There is no such classifier or folder, or no microphone.
        MissingExtraError: Package watchfiles or sounddevice is not installed.
    """
    learned = _loaded(classifier)
    listening = str(source) == MICROPHONE
    # From here on nothing that arrives is missed, however long the encoder takes to load.
    arrived = iter(()) if listening else _arrivals.arrivals(Path(source), existing=existing, stop=stop)
    model = of_classifier(learned, **options)
    window, hop = _windows(learned, window, hop)
    if listening:
        rate = model.sample_rate
        window_s, hop_s = window_lengths(model, window, hop)
        blocks = _arrivals.microphone(rate, stop=stop)
        stream = _arrivals.windows(blocks, window=round(window_s * rate), hop=round(hop_s * rate))
        pieces = (Window(Path(MICROPHONE), start / rate, len(heard) / rate, heard) for start, heard in stream)
        return name(pieces, model, learned, top=top, always=always, batch=1)

    def names() -> Iterator[Prediction | Unread]:
        for path in arrived:
            yield from name(windows_of([path], model, window, hop), model, learned, top=top, by="file", always=always)

    return names()


def _loaded(classifier: Path | str | SoundClassifier) -> SoundClassifier:
    return classifier if isinstance(classifier, SoundClassifier) else SoundClassifier.load(classifier)


def _windows(learned: SoundClassifier, window: float | None, hop: float | None) -> tuple[float | None, float | None]:
    """Length and hop asked for, or the classifier's; a hop that was not asked for never leaves sound out."""
    if window is None:
        return learned.window_s, learned.hop_s if hop is None else hop
    return window, window if hop is None else hop
