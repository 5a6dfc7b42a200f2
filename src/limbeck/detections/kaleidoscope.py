"""A table that the viewer of Kaleidoscope opens, for all recordings (`kaleidoscope`).

Source: https://www.wildlifeacoustics.com, Kaleidoscope Pro user guide, "cluster.csv and meta.csv"; a viewer's row is
    known by INDIR, FOLDER, IN FILE, OFFSET and DURATION.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import final

from limbeck.detections._contract import Detected, Table


@final
class Kaleidoscope(Table):
    """The file kaleidoscope.csv. Offsets and durations are in seconds with three decimals.

    TOP1MATCH is the word, TOP1DIST how far its score is from 1; MANUAL ID is empty, for whoever looks through them.
    """

    file = "kaleidoscope.csv"
    columns = (
        "INDIR", "FOLDER", "IN FILE", "CHANNEL", "OFFSET", "DURATION", "DATE", "TIME", "HOUR", "TOP1MATCH", "TOP1DIST",
        "MANUAL ID",
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
