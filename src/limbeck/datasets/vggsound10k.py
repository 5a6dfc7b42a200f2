"""VGGS-10K: the ten classes of VGGSound on which audio-visual distillation is usually compared.

Layout and protocol are those of `vggsound`; clips of other classes in the table are passed over. The published subset
counts 8,808 training and 443 or 444 test clips: those whose videos were still to be had.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, final

from limbeck.datasets import vggsound
from limbeck.datasets._contract import ClipRef, Dataset
from limbeck.media import TRACKS, Track

CLASSES = (
    "basketball bounce",
    "chicken crowing",
    "child speech, kid speaking",
    "driving buses",
    "fireworks banging",
    "ocean burbling",
    "playing acoustic guitar",
    "playing piano",
    "police radio chatter",
    "toilet flushing",
)


@final
@dataclass(kw_only=True, eq=False)
class VGGSound10k(Dataset):
    """Ten classes of VGGSound, from the full table and any folder that holds their videos.

    Args:
        root: Folder with the table and the folder of videos.
        csv: VGGSound's table, relative to `root`.
        videos: Folder of the videos, relative to `root`; folders within it are searched too.
        second: Where the clip starts in each ten-second video, in seconds, 0 to 9.

    Example:
        >>> len(CLASSES), VGGSound10k(root="vggsound").name
        (10, 'vggsound10k')
    """

    title: ClassVar[str] = "VGGS-10K: ten classes of VGGSound, one second of each clip"
    licence: ClassVar[str] = vggsound.LICENCE
    homepage: ClassVar[str] = vggsound.HOMEPAGE
    citation: ClassVar[str] = vggsound.CITATION

    root: str | Path
    csv: str = "vggsound.csv"
    videos: str = "videos"
    second: float = 4

    def clips(self) -> Sequence[ClipRef]:
        """One clip a row of the table with one of the ten labels, ordered by id.

        Raises:
            InputError: As for `vggsound`, or the table has none of the ten classes.
        """
        return self.clips_with(TRACKS)

    def clips_with(self, tracks: Collection[Track]) -> Sequence[ClipRef]:
        """The same of files that have the tracks; see `Dataset.clips_with`."""
        return vggsound.clips_of_table(
            Path(self.root), csv_name=self.csv, videos=self.videos, second=self.second, tracks=tracks, only=CLASSES
        )
