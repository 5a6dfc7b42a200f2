"""What was found, counted: events of each word by site, day and hour, and how long was listened there and then."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple, Self

from limbeck._files import atomic
from limbeck.detections._contract import Detected

_HOUR = timedelta(hours=1)


class When(NamedTuple):
    """A site, a day (``2024-01-31``) and an hour of it (``00`` to ``23``); empty where names do not tell."""

    site: str
    day: str
    hour: str


@dataclass
class Summary:
    """Events and listening, counted.

    Attributes:
        events: How many of each word began at a site in an hour of a day.
        milliseconds: How long they are together.
        heard: How many milliseconds were listened to there and then, with or without events.
        recordings: How many recordings there are.
    """

    events: Counter[tuple[When, str]] = field(default_factory=Counter)
    milliseconds: Counter[tuple[When, str]] = field(default_factory=Counter)
    heard: Counter[When] = field(default_factory=Counter)
    recordings: int = 0

    @classmethod
    def of(cls, recordings: Iterable[Detected]) -> Self:
        """Count what was found in some recordings, which come one by one and are not kept."""
        made = cls()
        for recording in recordings:
            made.recordings += 1
            for when, milliseconds in _listened(recording):
                made.heard[when] += milliseconds
            for event in recording.events:
                key = _when(recording, event.start_s), event.label
                made.events[key] += 1
                made.milliseconds[key] += round(1000 * (event.end_s - event.start_s))
        return made

    @property
    def seconds(self) -> float:
        """How long was listened, in seconds."""
        return self.heard.total() / 1000

    def words(self) -> Counter[str]:
        """How many events each word has that has any."""
        counts: Counter[str] = Counter()
        for (_, label), count in self.events.items():
            counts[label] += count
        return counts

    def write(self, events: Path, heard: Path) -> None:
        """Write two tables (CSV): `events` by site, day, hour and word, and what was `heard` by site, day and hour."""
        rows = [
            (*when, label, self.events[when, label], _s(self.milliseconds[when, label]))
            for when, label in sorted(self.events)
        ]
        _write(events, ("site", "day", "hour", "label", "events", "seconds"), rows)
        _write(
            heard, ("site", "day", "hour", "seconds"), [(*when, _s(self.heard[when])) for when in sorted(self.heard)]
        )


def _s(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.3f}"


def _write(file: Path, columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    with atomic(file) as part, open(part, "w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def _when(recording: Detected, second: float) -> When:
    clock = recording.clock(second)
    return When(recording.site, *(("", "") if clock is None else (f"{clock:%Y-%m-%d}", f"{clock:%H}")))


def _listened(recording: Detected) -> Iterator[tuple[When, int]]:
    """Milliseconds of a recording in each hour by the clock."""
    left = round(1000 * recording.duration_s)
    if recording.begins is None:
        yield _when(recording, 0.0), left
        return
    clock = recording.begins
    while left > 0:
        after = clock.replace(minute=0, second=0, microsecond=0) + _HOUR
        part = min(left, max(1, round((after - clock) / timedelta(milliseconds=1))))
        yield When(recording.site, f"{clock:%Y-%m-%d}", f"{clock:%H}"), part
        left, clock = left - part, after
