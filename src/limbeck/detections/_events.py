"""From scores of overlapping windows to events: hysteresis, merging, a shortest length, thresholds for each word."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from pydantic import Field

from limbeck._config import Config
from limbeck.detections._contract import Event
from limbeck.errors import InputError

_HALF_A_MS = 5e-4
"""Times that are the same to the millisecond are the same, whatever a step is."""
Floats = npt.NDArray[np.floating]


class EventSettings(Config):
    """When scores make an event.

    Attributes:
        threshold: Score in (0, 1] that a window of an event must reach.
        thresholds: The same for some words, in place of it.
        release: An event goes on while scores are at least this fraction of its threshold, in (0, 1]; 1 for no
            hysteresis.
        merge_s: Events of a word with no more than so many seconds between them are one; None means the step from one
            window to the next, so that a single weak window does not cut an event in two.
        min_s: Shorter events are left out, in seconds.
    """

    threshold: float = Field(default=0.5, gt=0, le=1)
    thresholds: dict[str, float] = Field(default_factory=dict)
    release: float = Field(default=0.7, gt=0, le=1)
    merge_s: float | None = Field(default=None, ge=0)
    min_s: float = Field(default=0.0, ge=0)

    def check(self, labels: Sequence[str]) -> None:
        """Refuse thresholds for words that are none of these, or that no score can have.

        Raises:
            InputError: There is one.
        """
        for label, level in self.thresholds.items():
            if label not in labels:
                raise InputError(f"There is no word {label!r} to set a threshold for; known: {', '.join(labels)}.")
            if not 0 < level <= 1:
                raise InputError(f"The threshold of {label!r} must be above 0 and at most 1, but got {level:g}.")


def events(
    scores: Floats,
    starts_s: Floats,
    *,
    window_s: float,
    hop_s: float,
    end_s: float,
    labels: Sequence[str],
    settings: EventSettings | None = None,
) -> tuple[Event, ...]:
    """Events of a recording, by their beginnings.

    What a window says holds around its middle, half a step to both sides; of the first and the last one to the end of
    the recording. So an event that is shorter than a window is off by half a window at most at either end.

    Args:
        scores: Of each word in each window, in [0, 1], (window, word).
        starts_s: Where windows begin, in seconds, ascending, (window,); those that are missing have no sound.
        window_s: Length of a window in seconds.
        hop_s: From one window to the next, in seconds.
        end_s: Where the recording ends, in seconds.
        labels: The words.
        settings: When scores make an event.

    Example:
        >>> scores = np.array([[0.1], [0.4], [0.9], [0.4], [0.1]])
        >>> events(scores, np.arange(5.0), window_s=2, hop_s=1, end_s=6, labels=["rain"])
        (Event(label='rain', start_s=1.5, end_s=4.5, score=0.9),)
    """
    chosen = settings or EventSettings()
    if not len(starts_s):
        return ()
    steps = np.rint(np.asarray(starts_s) / hop_s).astype(np.int64)
    dense = np.zeros((int(steps[-1]) + 1, len(labels)), np.float64)
    dense[steps] = scores
    half = min(window_s, hop_s) / 2
    middles = np.arange(len(dense)) * hop_s + window_s / 2
    begins, ends = np.maximum(middles - half, 0.0), np.minimum(middles + half, end_s)
    begins[0] = 0.0
    # Less than a step after the last window has no window of its own; more was silence, which has none either.
    if end_s < starts_s[-1] + window_s + hop_s:
        ends[-1] = end_s
    merge_s = hop_s if chosen.merge_s is None else chosen.merge_s
    found: list[Event] = []
    for label, column in zip(labels, dense.T, strict=True):
        own: list[Event] = []
        for first, after in _stretches(column, chosen.thresholds.get(label, chosen.threshold), chosen.release):
            score = float(column[first:after].max())
            start, end = float(begins[first]), float(ends[after - 1])
            if own and start - own[-1].end_s <= merge_s + _HALF_A_MS:
                start, score = own[-1].start_s, max(own.pop().score, score)
            own.append(Event(label, start, end, score))
        found += [
            Event(label, round(event.start_s, 3), round(event.end_s, 3), round(event.score, 4))
            for event in own
            if event.end_s - event.start_s >= chosen.min_s - _HALF_A_MS
        ]
    return tuple(sorted(found, key=lambda event: event.start_s))


def _stretches(scores: Floats, threshold: float, release: float) -> list[tuple[int, int]]:
    """First window, and the one after the last, of each stretch above the release level that reaches the threshold."""
    above = np.concatenate([[False], scores >= threshold * release, [False]])
    edges = np.flatnonzero(above[1:] != above[:-1]).reshape(-1, 2)
    return [(int(first), int(after)) for first, after in edges if scores[first:after].max() >= threshold]
