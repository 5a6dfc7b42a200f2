"""Selection tables of Raven, one for each recording (`raven`).

Source: https://www.ravensoundsoftware.com, Raven Pro user's guide, "Selection tables"; the columns after the annotation
    are those that BirdNET-Analyzer writes, which its readers look for.
"""

from typing import final

from limbeck.detections._contract import Detected, FilePerRecording, one_line

COLUMNS = (
    "Selection", "View", "Channel", "Begin Time (s)", "End Time (s)", "Low Freq (Hz)", "High Freq (Hz)", "Annotation",
    "Common Name", "Confidence", "Begin Path", "File Offset (s)",
)  # fmt: skip


@final
class Raven(FilePerRecording):
    """Text with tabs between: a line for each event, seconds with three decimals, the whole range of frequencies."""

    ending = ".Table.1.selections.txt"

    def text(self, recording: Detected) -> str:
        lines = [COLUMNS]
        for number, event in enumerate(recording.events, start=1):
            start, end, label = f"{event.start_s:.3f}", f"{event.end_s:.3f}", one_line(event.label)
            lines.append(
                (
                    str(number), "Spectrogram 1", "1", start, end, "0", f"{recording.highest_hz:.0f}", label,
                    label, f"{event.score:.4f}", one_line(str(recording.place)), start,
                )
            )  # fmt: skip
        return "".join("\t".join(line) + "\n" for line in lines)
