"""What a classifier is for: naming recordings, and what arrives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from threading import Event

from limbeck.encoders import Encoder
from limbeck.engine import bar
from limbeck.errors import InputError
from limbeck.index import window_lengths
from limbeck.media import files_below
from limbeck.prototypes import SoundClassifier
from limbeck.sounds import _arrivals, _microphone, _naming
from limbeck.sounds._encoders import of_classifier
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
    weights: Path | str | None = None,
    offline: bool = False,
    device: str = "auto",
    progress: bool = False,
) -> Iterator[Prediction | Unread]:
    """Name recordings, one after the other, as they are read.

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
        weights: As in `index`.
        offline: As in `index`.
        device: As in `index`.
        progress: Draw a bar on standard error.

    Returns:
        What each sound is named, or why a recording cannot be used, in the order of the files.

    Raises:
        InputError: There is no such classifier, or no file.
        FingerprintError: The encoder is not the classifier's.
    """
    learned = _loaded(classifier)
    paths = _files_of(files)
    model = of_classifier(learned, encoder, weights=weights, offline=offline, device=device)

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
    weights: Path | str | None = None,
    offline: bool = False,
    device: str = "auto",
    stop: Event | None = None,
) -> Iterator[Prediction | Unread]:
    """Name what arrives: each file that is written into a folder, once it is complete, or what a microphone model.

    What arrives after the call is named, also if the first name is asked for later.

    Args:
        classifier: A classifier or its folder.
        source: A folder, or ``"microphone"``.
        existing: Begin with the files that are in the folder already.
        top: Words with scores that are given, >= 1.
        always: Name every sound by its likeliest word, also one that is none of them.
        window: Length of a window in seconds; that of the index the classifier was learned from by default.
        hop: Seconds from one window to the next; for a microphone, how often a name is given.
        encoder: The classifier's, if it is available.
        weights: As in `index`.
        offline: As in `index`.
        device: As in `index`.
        stop: Ends the watch when set.

    Returns:
        Names as they are found, without end.

    Raises:
        InputError: There is no such classifier or folder, or no microphone.
        MissingExtraError: Package watchfiles or sounddevice is not installed.
    """
    learned = _loaded(classifier)
    listening = str(source) == MICROPHONE
    # From here on nothing that arrives is missed, however long the encoder takes to load.
    arrived = iter(()) if listening else _arrivals.arrivals(Path(source), existing=existing, stop=stop)
    model = of_classifier(learned, encoder, weights=weights, offline=offline, device=device)
    window, hop = _windows(learned, window, hop)
    if listening:
        blocks = _microphone.microphone(model.sample_rate, stop=stop)
        pieces = _stream_windows(blocks, model.sample_rate, *window_lengths(model, window, hop))
        return _naming.name(pieces, model, learned, top=top, always=always, batch=1)

    def names() -> Iterator[Prediction | Unread]:
        for path in arrived:
            pieces = _naming.windows_of([path], model, window, hop)
            yield from _naming.name(pieces, model, learned, top=top, by="file", always=always)

    return names()


def _stream_windows(blocks: Iterable[_naming.Wave], rate: int, window_s: float, hop_s: float) -> Iterator[Window]:
    """The last `window_s` seconds of a stream, every `hop_s`."""
    for start, samples in _microphone.windows(blocks, window=round(window_s * rate), hop=round(hop_s * rate)):
        yield Window(Path(MICROPHONE), start / rate, len(samples) / rate, samples)


def _loaded(classifier: Path | str | SoundClassifier) -> SoundClassifier:
    return classifier if isinstance(classifier, SoundClassifier) else SoundClassifier.load(classifier)


def _windows(learned: SoundClassifier, window: float | None, hop: float | None) -> tuple[float | None, float | None]:
    """Length and hop asked for, or the classifier's; a hop that was not asked for never leaves sound out."""
    if window is None:
        return learned.window_s, learned.hop_s if hop is None else hop
    return window, window if hop is None else hop


def _files_of(files: Path | str | Sequence[Path | str]) -> list[Path]:
    given = [files] if isinstance(files, Path | str) else files
    found: list[Path] = []
    for path in map(Path, given):
        found += [below for _, below in files_below(path)] if path.is_dir() else [path]
    if not found:
        raise InputError("There is no recording to name: no file was given, or the folders hold none.")
    return list(dict.fromkeys(found))
