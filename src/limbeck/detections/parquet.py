"""One table of all events with sites and clock times, as Parquet (`parquet`)."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, final

from limbeck._files import atomic
from limbeck.detections._contract import Detected, Form

_GROUP = 50_000
"""Events that are held until they are written."""


@final
class Parquet(Form):
    """The file events.parquet, with the columns of `csv`; clock times are local where names give no zone.

    Where names give one, `clock_start` and `clock_end` are in it; `clock_zone` says which, as ``+0100``.
    """

    def write(self, recordings: Iterable[Detected], folder: Path) -> Path:
        import pyarrow as pa
        import pyarrow.parquet as pq

        time = pa.timestamp("ms")
        schema = pa.schema(
            [
                ("site", pa.string()), ("path", pa.string()), ("start_s", pa.float64()), ("end_s", pa.float64()),
                ("label", pa.string()), ("score", pa.float32()), ("clock_start", time), ("clock_end", time),
                ("clock_zone", pa.string()),
            ]
        )  # fmt: skip
        # An open file: pyarrow takes no path that is not UTF-8.
        with (
            atomic(folder / "events.parquet") as part,
            open(part, "wb") as handle,
            pq.ParquetWriter(handle, schema) as writer,
        ):
            rows: list[dict[str, Any]] = []
            for recording in recordings:
                rows += _rows(recording)
                if len(rows) >= _GROUP:
                    writer.write_table(pa.Table.from_pylist(rows, schema))
                    rows = []
            writer.write_table(pa.Table.from_pylist(rows, schema))
        return folder / "events.parquet"


def _rows(recording: Detected) -> list[dict[str, Any]]:
    zone = "" if recording.begins is None else f"{recording.begins:%z}"
    rows = []
    for event in recording.events:
        start, end = recording.clock(event.start_s), recording.clock(event.end_s)
        rows.append(
            {
                "site": recording.site,
                "path": recording.path,
                "start_s": event.start_s,
                "end_s": event.end_s,
                "label": event.label,
                "score": event.score,
                "clock_start": None if start is None else start.replace(tzinfo=None),
                "clock_end": None if end is None else end.replace(tzinfo=None),
                "clock_zone": zone,
            }
        )
    return rows
