"""What a classifier is for: naming recordings, and what arrives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import Unpack

from limbeck.encoders import Encoder
from limbeck.engine import bar
from limbeck.errors import InputError
from limbeck.index import window_lengths
from limbeck.media import files_below
from limbeck.prototypes import SoundClassifier
from limbeck.sounds import _arrivals, _microphone, _naming
from limbeck.sounds._encoders import EncoderOptions, of_classifier
from limbeck.sounds._naming import By, Prediction, Unread, Window

MICROPHONE = "microphone"


def classify(
    classifier: Path | str | SoundClassifier,
    files: Path | str | Sequence[Path | str],
    *,
    by: By = "file",
    top: int = 3,
    always: bool = False,
    window: float | None = None,
    hop: float | None = None,
    encoder: Encoder | None = None,
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
        encoder: The classifier's, if it is available.
        progress: Draw a bar on standard error.
        options: How it is loaded otherwise.

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
    model = of_classifier(learned, encoder, **options)

    def names() -> Iterator[Prediction | Unread]:
        with bar("Naming", show=progress) as tell:

            def reported() -> Iterator[Path]:
                for done, path in enumerate(paths):
                    tell(done, len(paths))
                    yield path
                tell(len(paths), len(paths))

            pieces = _naming.windows_of(reported(), model, *_windows(learned, window, hop))
            yield from _naming.name(pieces, model, learned, top=top, by=by, always=always)

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
    encoder: Encoder | None = None,
    stop: Event | None = None,
    **options: Unpack[EncoderOptions],
) -> Iterator[Prediction | Unread]:
    """Name what arrives: each file that is written into a folder, once it is complete, or what a microphone hears.

    What arrives after the call is named, also if the first name is asked for later. There is no end to it.

    Args:
        classifier: A classifier or its folder.
        source: A folder, or ``"microphone"``.
        existing: Begin with the files that are in the folder already.
        top: Words with scores that are given, >= 1.
        always: Name every sound by its likeliest word, also one that is none of them.
        window: Length of a window in seconds; that of the index the classifier was learned from by default.
        hop: Seconds from one window to the next; for a microphone, how often a name is given.
        encoder: The classifier's, if it is available.
        stop: Ends the watch when set.
        options: How it is loaded otherwise.

    Raises:
        InputError: There is no such classifier or folder, or no microphone.
        MissingExtraError: Package watchfiles or sounddevice is not installed.
    """
    learned = _loaded(classifier)
    listening = str(source) == MICROPHONE
    # From here on nothing that arrives is missed, however long the encoder takes to load.
    arrived = iter(()) if listening else _arrivals.arrivals(Path(source), existing=existing, stop=stop)
    model = of_classifier(learned, encoder, **options)
    window, hop = _windows(learned, window, hop)
    if listening:
        rate = model.sample_rate
        window_s, hop_s = window_lengths(model, window, hop)
        blocks = _microphone.microphone(rate, stop=stop)
        stream = _microphone.windows(blocks, window=round(window_s * rate), hop=round(hop_s * rate))
        pieces = (Window(Path(MICROPHONE), start / rate, len(heard) / rate, heard) for start, heard in stream)
        return _naming.name(pieces, model, learned, top=top, always=always, batch=1)

    def names() -> Iterator[Prediction | Unread]:
        for path in arrived:
            pieces = _naming.windows_of([path], model, window, hop)
            yield from _naming.name(pieces, model, learned, top=top, by="file", always=always)

    return names()


def _loaded(classifier: Path | str | SoundClassifier) -> SoundClassifier:
    return classifier if isinstance(classifier, SoundClassifier) else SoundClassifier.load(classifier)


def _windows(learned: SoundClassifier, window: float | None, hop: float | None) -> tuple[float | None, float | None]:
    """Length and hop asked for, or the classifier's; a hop that was not asked for never leaves sound out."""
    if window is None:
        return learned.window_s, learned.hop_s if hop is None else hop
    return window, window if hop is None else hop
