"""Sounds to names: recordings and what arrives, window by window through the encoder and the classifier."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any, Literal, Unpack, get_args

import numpy as np
import numpy.typing as npt

from limbeck.encoders import Encoder
from limbeck.engine import bar
from limbeck.errors import InputError, MediaError
from limbeck.index import embed_stretches, window_lengths
from limbeck.media import SoundStretch, files_below, sound_stretches
from limbeck.prototypes import PrototypeClassifier, SoundClassifier
from limbeck.sounds import _arrivals, _results
from limbeck.sounds._encoders import EncoderOptions, of_classifier
from limbeck.sounds._nature import Nature, is_silent, nature
from limbeck.sounds._predictions import Prediction, Unread

By = Literal["file", "window"]
MICROPHONE = "microphone"
_BATCH = 32


@dataclass(frozen=True)
class Window:
    """A piece of a recording."""

    path: Path
    start_s: float
    duration_s: float


Heard = tuple[Path, SoundStretch | Unread]
"""A stretch of a recording, or why it cannot be used."""
Halves = npt.NDArray[np.float16]
Scored = tuple[Window | Unread, npt.NDArray[Any], Nature | None]
"""A piece with its probabilities (class,) and what it is where it is none of the words."""


def stretches_of(
    paths: Iterable[Path], encoder: Encoder, window_s: float | None, hop_s: float | None
) -> Iterator[Heard]:
    """Windows of recordings in their order, by stretches; one that cannot be used ends with the reason."""
    window_s, hop_s = window_lengths(encoder, window_s, hop_s)
    for path in paths:
        try:
            for stretch in sound_stretches(path, sample_rate_hz=encoder.sample_rate, window_s=window_s, hop_s=hop_s):
                yield path, stretch
        except MediaError as error:
            yield path, Unread(path, str(error))


def name(
    pieces: Iterable[Heard],
    encoder: Encoder,
    classifier: SoundClassifier,
    *,
    top: int = 3,
    by: By = "window",
    always: bool = False,
    min_score: float | None = None,
    batch: int = _BATCH,
) -> Iterator[Prediction | Unread]:
    """Names of windows or of whole recordings, in the order of the pieces; those of a recording stand together.

    A word is given from its own least score on, or from `min_score` on where that is given.

    A recording's score for a word is the highest of its windows' that are one of the words (of all, where none is), so
    that a short event is not averaged away; the scores of a recording of several windows need not sum to 1.
    """
    if top < 1 or by not in get_args(By):
        raise InputError(f"top is at least 1 and by is one of {', '.join(get_args(By))}, but got {top} and {by!r}.")
    if min_score is not None and not 0 <= min_score <= 1:
        raise InputError(f"The least score must be from 0 to 1, but got {min_score:g}.")
    scored = (
        (piece, scores, None if always else what) for piece, scores, what in _scored(pieces, encoder, classifier, batch)
    )
    least = [classifier.thresholds.get(label, 0.0) if min_score is None else min_score for label in classifier.labels]
    rows = ([row] for row in scored)
    if by == "file":
        rows = (list(group) for _, group in itertools.groupby(scored, key=lambda row: row[0].path))
    return (_named(some, list(classifier.labels), [0.0] * len(least) if always else least, top) for some in rows)


def with_windows(
    learned: SoundClassifier, paths: Sequence[Path], *, progress: bool, **options: Unpack[EncoderOptions]
) -> Iterator[tuple[Prediction | Unread, list[Prediction]]]:
    """Each recording, named as a whole, and each of its windows by itself, with scores of all words; heard once."""
    model, words = of_classifier(learned, **options), list(learned.labels)
    least = [learned.thresholds.get(label, 0.0) for label in words]
    with bar("Naming", show=progress) as tell:
        pieces = stretches_of(paths, model, learned.window_s, learned.hop_s)
        scored = itertools.groupby(_scored(pieces, model, learned, _BATCH), key=lambda row: row[0].path)
        for done, (_, group) in enumerate(scored, start=1):
            rows = list(group)
            whole = _named(rows, words, least, len(words))
            windows = [_named([row], words, least, len(words)) for row in rows] if isinstance(whole, Prediction) else []
            tell(done, len(paths))
            yield whole, [one for one in windows if isinstance(one, Prediction)]


def _scored(pieces: Iterable[Heard], encoder: Encoder, classifier: SoundClassifier, batch: int) -> Iterator[Scored]:
    waiting, count = list[Heard](), 0
    for piece in pieces:
        waiting.append(piece)
        count += len(piece[1].windows) if isinstance(piece[1], SoundStretch) else 1
        if count >= batch:
            yield from _score(waiting, encoder, classifier, batch)
            waiting, count = [], 0
    yield from _score(waiting, encoder, classifier, batch)


def _score(heard: Sequence[Heard], encoder: Encoder, classifier: SoundClassifier, batch: int) -> Iterator[Scored]:
    """The pieces of what was `heard`. They have no sound, nor a view of it: a file's are kept until its last one."""
    named: Iterator[tuple[npt.NDArray[Any], bool]] = iter(())
    if stretches := [stretch for _, stretch in heard if isinstance(stretch, SoundStretch)]:
        made = embed_stretches(encoder, stretches, batch=batch)
        scores, accepted = predict(classifier.classifier, classifier.vectors(made))
        named = zip(scores, accepted.tolist(), strict=True)
    for path, stretch in heard:
        if isinstance(stretch, Unread):
            yield stretch, np.zeros(0), None
            continue
        for times, samples in zip(stretch.times_s(), stretch.waves(), strict=True):
            score, known = next(named)
            what = None if known and not is_silent(samples) else nature(samples)
            yield Window(path, *times), score, what


def predict(
    classifier: PrototypeClassifier, vectors: npt.NDArray[Any]
) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """Probabilities (row, class) of vectors (row, dim), and whether each row is one of the words at all (row,)."""
    return classifier.predict_proba(vectors), classifier.similarities(vectors).max(axis=1) >= classifier.threshold_


def halves(learned: SoundClassifier, vectors: npt.NDArray[Any]) -> Halves:
    """What detections keep of windows by their `vectors`: scores (row, class), 0 where it is none of the words.

    Vectors that are no numbers have NaN.
    """
    whole = np.isfinite(vectors).all(axis=1, keepdims=True)
    scores, known = predict(learned.classifier, np.where(whole, vectors, 0))
    return np.where(whole, np.where(known[:, None], scores, 0), np.nan).astype(np.float16)


def _named(rows: list[Scored], words: list[str], least: list[float], top: int) -> Prediction | Unread:
    """The word of a recording's windows, or of one window."""
    windows = []
    for piece, scores, what in rows:
        if isinstance(piece, Unread):
            return piece
        windows.append((piece, scores, what))
    natures = {what for *_, what in windows}
    found: Nature | None = next((what for what in (None, "unknown", "noise") if what in natures), "silence")
    scores = np.max([s for _, s, what in windows if found is not None or what is None], axis=0)
    first, last = windows[0][0], windows[-1][0]
    order = np.argsort(-scores, kind="stable")
    best = tuple((words[c], float(scores[c])) for c in order[:top])
    duration_s = last.start_s - first.start_s + last.duration_s
    if found is None and best[0][1] < least[order[0]]:
        found = "unsure"
    label = words[order[0]] if found is None else None
    return Prediction(first.path, first.start_s, duration_s, label, best, found)


def classify(
    classifier: Path | str | SoundClassifier,
    files: Path | str | Sequence[Path | str],
    *,
    by: By = "file",
    top: int = 3,
    always: bool = False,
    window: float | None = None,
    hop: float | None = None,
    min_score: float | None = None,
    append: Path | str | None = None,
    told: Callable[[str], None] = lambda what: None,
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
        min_score: Least score, 0 to 1, of a sound that gets a word; by default each word's own, if it has one
            (`sounds.check`), or none.
        append: A table (CSV) that rows are added to as recordings are done. Recordings that are in it, by their
            content, are not named again. Relative paths are written as seen from the table's folder.
        told: Told how many recordings were skipped, and how many rows were named by another classifier or otherwise.
        progress: Draw a bar on standard error.
        options: Which encoder is used and how it is loaded.

    Raises:
        InputError: There is no such classifier, no file, or a table of another kind.
        FingerprintError: The encoder is not the classifier's.
    """
    learned = _loaded(classifier)
    found: list[Path] = []
    for path in map(Path, [files] if isinstance(files, Path | str) else files):
        found += [below for _, below in files_below(path)] if path.is_dir() else [path]
    if not (paths := list(dict.fromkeys(found))):
        raise InputError("There is no recording to name: no file was given, or the folders hold none.")
    asked = {"by": by, "window": window, "hop": hop, "min_score": min_score, "always": always}
    table = None if append is None else _results.Table.open(Path(append), learned, asked, told)
    if table is not None:
        with bar("Comparing with the table", show=progress) as tell:
            paths = table.new(paths, tell)
        if not paths:
            return iter(())
    model = of_classifier(learned, **options)

    def names() -> Iterator[Prediction | Unread]:
        with bar("Naming", show=progress) as tell:

            def reported() -> Iterator[Path]:
                for done, path in enumerate(paths):
                    tell(done, len(paths))
                    yield path
                tell(len(paths), len(paths))

            pieces = stretches_of(reported(), model, *_windows(learned, window, hop))
            yield from name(pieces, model, learned, top=top, by=by, always=always, min_score=min_score)

    return names() if table is None else table.appended(names())


def watch(
    classifier: Path | str | SoundClassifier,
    source: Path | str,
    *,
    existing: bool = False,
    top: int = 3,
    always: bool = False,
    min_score: float | None = None,
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
        one = ((start, np.ascontiguousarray(heard)) for start, heard in stream)
        pieces = (
            (Path(MICROPHONE), SoundStretch(start / rate, rate, heard, ((0, len(heard)),))) for start, heard in one
        )
        return name(pieces, model, learned, top=top, always=always, min_score=min_score, batch=1)

    def names() -> Iterator[Prediction | Unread]:
        for path in arrived:
            pieces = stretches_of([path], model, window, hop)
            yield from name(pieces, model, learned, top=top, by="file", always=always, min_score=min_score)

    return names()


def _loaded(classifier: Path | str | SoundClassifier) -> SoundClassifier:
    return classifier if isinstance(classifier, SoundClassifier) else SoundClassifier.load(classifier)


def _windows(learned: SoundClassifier, window: float | None, hop: float | None) -> tuple[float | None, float | None]:
    """Length and hop asked for, or the classifier's; a hop that was not asked for never leaves sound out."""
    if window is None:
        return learned.window_s, learned.hop_s if hop is None else hop
    return window, window if hop is None else hop
