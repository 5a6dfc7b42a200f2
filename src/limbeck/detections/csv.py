"""One table of all events with sites and clock times (`csv`)."""

from collections.abc import Iterator, Sequence
from typing import final

from limbeck.detections._contract import Detected, Table


@final
class Csv(Table):
    """The file events.csv: a row for each event. Seconds have three decimals, clock times are ISO 8601."""

    file = "events.csv"
    columns = ("site", "path", "start_s", "end_s", "label", "score", "clock_start", "clock_end")

    def rows(self, recording: Detected) -> Iterator[Sequence[object]]:
        for event in recording.events:
            clocks = [recording.clock(second) for second in (event.start_s, event.end_s)]
            yield (
                recording.site,
                recording.path,
                f"{event.start_s:.3f}",
                f"{event.end_s:.3f}",
                event.label,
                f"{event.score:.4f}",
                *("" if clock is None else clock.isoformat(timespec="milliseconds") for clock in clocks),
            )
