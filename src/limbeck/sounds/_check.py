"""How well a classifier names recordings of one's own: accuracy, confusions, and from which score on to believe it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Unpack

import numpy as np
from scipy.stats import binomtest

from limbeck._files import exclusive
from limbeck._text import portable, read_table
from limbeck.errors import InputError
from limbeck.prototypes import Confidence, SoundClassifier
from limbeck.sounds import _labels
from limbeck.sounds._encoders import EncoderOptions
from limbeck.sounds._naming import with_windows
from limbeck.sounds._predictions import Prediction, Unread

PATH_COLUMNS = ("path", "file", "filename", "recording")
"""What the column of recordings in a table may be called; the first that is there is used."""
_ENOUGH = 3
Named = tuple[Prediction, list[Prediction]]
"""A recording, named, and its windows, each named by itself."""


@dataclass(frozen=True)
class WordCheck:
    """How well one word is given.

    Attributes:
        label: The word.
        recordings: How many recordings are of it.
        precision: Of those named so the fraction that are it; None where none was.
        recall: Of those that are it the fraction named so; None where none is.
        curve: Score from which on windows are believed, ascending, with precision and recall from there on: of windows
            named so the fraction in recordings of the word, and of these recordings the fraction with such a window.
        threshold: The score of the curve with the largest F1, half-way to what lies below; None where less than three
            recordings are of the word.
    """

    label: str
    recordings: int
    precision: float | None
    recall: float | None
    curve: tuple[tuple[float, float, float], ...]
    threshold: float | None


@dataclass(frozen=True)
class Check:
    """How well a classifier names labelled recordings.

    Attributes:
        recordings: How many were named.
        right: How many rightly: by their word, or by none where they are none of the words.
        accuracy: The fraction, 0 to 1.
        interval: Its 95 % interval (Wilson).
        words: Each word of the classifier.
        confusions: What a recording is (None for none of the words), what it was named, and how often; most first.
        foreign: Labels of recordings that were named that are no word of the classifier, so that these recordings
            should be named by none, and how many there are; most first.
        windows: How many windows the recordings have, which thresholds and confidence are measured on.
        unread: Recordings that could not be used.
        confidence: How scores become probabilities, and the reliability curve; None where the recordings are too few.
        kept: Whether the thresholds and the confidence are kept with the classifier.
    """

    recordings: int
    right: int
    accuracy: float
    interval: tuple[float, float]
    words: tuple[WordCheck, ...]
    confusions: tuple[tuple[str | None, str | None, int], ...]
    foreign: tuple[tuple[str, int], ...]
    windows: int
    unread: tuple[Unread, ...]
    confidence: Confidence | None = None
    kept: bool = False

    def to_json(self) -> dict[str, Any]:
        """As JSON-able data."""
        said = {name: value for name, value in asdict(self).items() if name not in ("unread", "confidence")}
        confidence = None if self.confidence is None else self.confidence.to_json()
        return said | {"confidence": confidence, "unread": [one.to_json() for one in self.unread]}


def check(
    classifier: Path | str,
    labels: Path | str,
    *,
    keep: bool = False,
    progress: bool = False,
    **options: Unpack[EncoderOptions],
) -> Check:
    """Measure how well a classifier names recordings that somebody has labelled.

    Accuracy is of recordings. From which score on a word is believed, and which probability a score is, is measured on
    the windows that recordings are cut into, since it is used on windows. No label says which windows it is of: a
    window named so in a recording of the word counts as right; for the confidence only the best one does.

    Args:
        classifier: Folder of a classifier.
        labels: CSV file with a column of recordings (``path``, ``file``, ...), relative to the file, and one of labels
            (``label``, ``category``, ...). A label that is none of the classifier's, or is empty, is none of the words.
        keep: Keep the suggested thresholds with the classifier: from then on sounds below are named by none. What
            the labels say of its confidence is kept, too: `sounds.detect` then means probabilities.
        progress: Draw a bar on standard error.
        options: Which encoder is used and how it is loaded.

    Raises:
        InputError: The folder is no classifier, the table lacks columns or rows, or no recording of it can be read.
    """
    learned = SoundClassifier.load(classifier)
    truth, foreign = _read(Path(labels), learned.labels)
    # As it names by rejection alone: thresholds from an earlier check would hide what lies below them.
    heard, unread = _listened(replace(learned, thresholds={}), truth, labels, progress=progress, **options)
    named, windows = [whole for whole, _ in heard], [window for _, own in heard for window in own]
    words = tuple(_word(label, named, windows, truth) for label in learned.labels)
    confidence = _confidence(learned, heard, truth)
    if keep:
        with exclusive(Path(classifier)):
            found = {word.label: word.threshold for word in words if word.threshold is not None}
            now = SoundClassifier.load(classifier)
            thresholds = dict(now.thresholds) | found
            replace(now, thresholds=thresholds, confidence=confidence or now.confidence).save(classifier)
    right = _right(named, truth)
    confused = Counter((truth[row.path], row.label) for row in named if row.label != truth[row.path])
    return Check(
        recordings=len(named),
        right=right,
        accuracy=right / len(named),
        interval=_interval(right, len(named)),
        words=words,
        confusions=tuple((true, named_so, count) for (true, named_so), count in confused.most_common()),
        foreign=tuple(Counter(foreign[row.path] for row in named if row.path in foreign).most_common()),
        windows=len(windows),
        unread=unread,
        confidence=confidence,
        kept=keep,
    )


def measured(
    learned: SoundClassifier, labels: Path | str, *, progress: bool = False, **options: Unpack[EncoderOptions]
) -> tuple[int, int, int, tuple[float, float]]:
    """How many recordings a classifier names rightly with its own thresholds, of how many, and the 95 % interval.

    In between stands how many of them are none of its words. `labels` and `options` are those of `check`.
    """
    truth, _ = _read(Path(labels), learned.labels)
    heard, _ = _listened(learned, truth, labels, progress=progress, **options)
    named = [whole for whole, _ in heard]
    right = _right(named, truth)
    none = sum(truth[row.path] is None for row in named)
    return right, len(named), none, _interval(right, len(named))


def _listened(
    learned: SoundClassifier,
    truth: dict[Path, str | None],
    labels: Path | str,
    *,
    progress: bool,
    **options: Unpack[EncoderOptions],
) -> tuple[list[Named], tuple[Unread, ...]]:
    """The recordings of a table `labels`, named, with their windows, and those that cannot be."""
    rows = list(with_windows(learned, list(truth), progress=progress, **options))
    heard = [(whole, windows) for whole, windows in rows if isinstance(whole, Prediction)]
    unread = tuple(whole for whole, _ in rows if isinstance(whole, Unread))
    if not heard:
        raise InputError(
            f"None of the {len(rows)} recordings of {labels} can be read, the first: {unread[0].sentence()}"
        )
    return heard, unread


def _right(named: Sequence[Prediction], truth: dict[Path, str | None]) -> int:
    return sum(row.label == truth[row.path] for row in named)


def _interval(right: int, recordings: int) -> tuple[float, float]:
    between = binomtest(right, recordings).proportion_ci(method="wilson")
    return float(between.low), float(between.high)


def _read(table: Path, labels: Sequence[str]) -> tuple[dict[Path, str | None], dict[Path, str]]:
    """Recordings with their label, None where it is none of the classifier's, and what the table says of these."""
    if not table.is_file():
        raise InputError(f"There is no table {table}; give a CSV file with a column path and a column label.")
    columns, rows = read_table(table)
    path = next((name for name in PATH_COLUMNS if name in columns), None)
    label = next((name for name in _labels.LABEL_COLUMNS if name in columns), None)
    if path is None or label is None or not rows:
        raise InputError(
            f"{table} needs a header that names a column of recordings ({', '.join(PATH_COLUMNS)}) and one of labels "
            f"({', '.join(_labels.LABEL_COLUMNS)}), and a line for each recording; got {', '.join(columns)} and "
            f"{len(rows)} lines."
        )
    known = {word.casefold(): word for word in labels}
    found: dict[Path, str | None] = {}
    foreign: dict[Path, str] = {}
    for line, row in rows:
        place = table.parent / row[path]
        said = portable(" ".join(row[label].split())).casefold()
        word = known.get(said, known.get(said.replace("_", " ")))
        if found.setdefault(place, word) != word:
            raise InputError(f"{table}, line {line}: {row[path]} has two labels; a recording is named by one word.")
        if said and word is None:
            foreign[place] = row[label]
    return found, foreign


def _confidence(learned: SoundClassifier, heard: Sequence[Named], truth: dict[Path, str | None]) -> Confidence | None:
    """How scores become probabilities; words of windows that are not rejected are cases.

    Of a recording of a word it is known that one window at least is of it: the best is a case, the others are none.
    """
    cases = []
    for place, (whole, windows) in enumerate(heard):
        known = [dict(window.scores) for window in windows if window.label is not None]
        for label in learned.labels if known else ():
            own, it_is = [of[label] for of in known], truth[whole.path] == label
            cases += [(score, it_is, place) for score in ([max(own)] if it_is else own)]
    scores, right, places = (np.array(part) for part in (zip(*cases, strict=True) if cases else ((), (), ())))
    made = Confidence.of(scores, right.astype(bool), places.astype(np.int64), "labels")
    return made and made.model_copy(update={"classifier": learned.fingerprint})


def _word(
    label: str, rows: Sequence[Prediction], windows: Sequence[Prediction], truth: dict[Path, str | None]
) -> WordCheck:
    of_word = sum(truth[row.path] == label for row in rows)
    named = [truth[row.path] == label for row in rows if row.label == label]
    right = sum(named)
    own = [
        (window.scores[0][1], truth[window.path] == label, window.path) for window in windows if window.label == label
    ]
    score, correct = np.array([value for value, *_ in own]), np.array([it_is for _, it_is, _ in own], bool)
    best: dict[Path, float] = {}
    for value, it_is, path in own:
        if it_is:
            best[path] = max(best.get(path, 0.0), value)
    reached = np.array(list(best.values()))
    curve = []
    for level in np.unique(score).tolist():
        precision = float(correct[score >= level].mean())
        curve.append((float(level), precision, int((reached >= level).sum()) / of_word if of_word else 0.0))
    return WordCheck(
        label=label,
        recordings=of_word,
        precision=right / len(named) if named else None,
        recall=right / of_word if of_word else None,
        curve=tuple(curve),
        threshold=_suggested(curve) if of_word >= _ENOUGH and best else None,
    )


def _suggested(curve: Sequence[tuple[float, float, float]]) -> float:
    """The score with the largest F1, of equals the lowest, half-way down to the next; 0 where nothing lies below.

    Example:
        >>> _suggested([(0.2, 0.5, 1.0), (0.6, 1.0, 1.0), (0.9, 1.0, 0.5)])
        0.4
    """
    f1 = [2 * precision * recall / max(precision + recall, 1e-12) for _, precision, recall in curve]
    best = int(np.argmax(np.round(f1, 12)))
    return round((curve[best - 1][0] + curve[best][0]) / 2, 6) if best else 0.0
