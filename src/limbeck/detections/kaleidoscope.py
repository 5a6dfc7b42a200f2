"""A table that the viewer of Kaleidoscope opens, for all recordings (`kaleidoscope`).

Source: https://www.wildlifeacoustics.com, Kaleidoscope Pro user guide, "cluster.csv and meta.csv"; a viewer's row is
    known by INDIR, FOLDER, IN FILE, OFFSET and DURATION.
"""

import csv
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import final

from limbeck._files import atomic
from limbeck.detections._contract import Detected, Table

_EVENT = ("INDIR", "FOLDER", "IN FILE", "TOP1MATCH", "OFFSET", "DURATION")
_MANUAL = "MANUAL ID"


@final
class Kaleidoscope(Table):
    """The file kaleidoscope.csv. Offsets and durations are in seconds with three decimals.

    TOP1MATCH is the word, TOP1DIST how far its score is from 1; MANUAL ID is empty, for whoever looks through them.
    What somebody wrote there goes over into a new table, where it has the same event.
    """

    file = "kaleidoscope.csv"
    columns = (
        "INDIR", "FOLDER", "IN FILE", "CHANNEL", "OFFSET", "DURATION", "DATE", "TIME", "HOUR", "TOP1MATCH", "TOP1DIST",
        _MANUAL,
    )  # fmt: skip

    def rows(self, recording: Detected) -> Iterator[Sequence[object]]:
        inside, file = os.path.split(recording.path)
        base = Path(str(recording.place)[: -len(recording.path)])
        for event in recording.events:
            clock = recording.clock(event.start_s)
            yield (
                base,
                inside.replace("/", os.sep),
                file,
                0,
                f"{event.start_s:.3f}",
                f"{event.end_s - event.start_s:.3f}",
                *(("", "", "") if clock is None else (f"{clock:%Y-%m-%d}", f"{clock:%H:%M:%S}", f"{clock:%H}")),
                event.label,
                f"{1 - event.score:.4f}",
                "",
            )

    def carry(self, before: Path, now: Path) -> bool:
        try:
            with open(before, encoding="utf-8-sig", newline="") as handle:
                said = {_event(row): row[_MANUAL] for row in csv.DictReader(handle) if row[_MANUAL]}
        except (csv.Error, KeyError, TypeError, ValueError):  # it was saved in another form
            return False
        if not said:
            return True
        with (
            open(now, encoding="utf-8", newline="") as handle,
            atomic(now) as part,
            open(part, "w", encoding="utf-8", newline="") as made,
        ):
            writer = csv.DictWriter(made, self.columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(row | {_MANUAL: said.pop(_event(row), "")} for row in csv.DictReader(handle))
        return not said


def _event(row: Mapping[str, str]) -> tuple[str, ...]:
    """What tells the event of a row from all others, however its numbers were written."""
    *names, offset, duration = (row[name] for name in _EVENT)
    return *names, f"{float(offset):.3f}", f"{float(duration):.3f}"
