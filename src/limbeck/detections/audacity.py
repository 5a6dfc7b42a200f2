"""Label tracks of Audacity, one for each recording (`audacity`).

Source: https://manual.audacityteam.org/man/importing_and_exporting_labels.html
"""

from typing import final

from limbeck.detections._contract import Detected, FilePerRecording, one_line


@final
class Audacity(FilePerRecording):
    """Text with tabs between: beginning, end and label of each event, with seconds to six decimals."""

    ending = ".labels.txt"

    def text(self, recording: Detected) -> str:
        return "".join(f"{e.start_s:.6f}\t{e.end_s:.6f}\t{one_line(e.label)}\n" for e in recording.events)
