"""The table that BirdNET-Analyzer writes, for all recordings (`birdnet`).

Source: https://github.com/birdnet-team/BirdNET-Analyzer, ``--rtype csv``.
"""

from collections.abc import Iterator, Sequence
from typing import final

from limbeck.detections._contract import Detected, Table


@final
class BirdNetCsv(Table):
    """The file birdnet.csv: both names are the word, seconds have three decimals."""

    file = "birdnet.csv"
    columns = ("Start (s)", "End (s)", "Scientific name", "Common name", "Confidence", "File")

    def rows(self, recording: Detected) -> Iterator[Sequence[object]]:
        for event in recording.events:
            times = f"{event.start_s:.3f}", f"{event.end_s:.3f}"
            yield (*times, event.label, event.label, f"{event.score:.4f}", recording.place)
