"""ESC-10: the ten easiest classes of ESC-50, 400 recordings in the same five folds, freely licensed (`esc10`).

Source: Piczak, ESC: Dataset for Environmental Sound Classification, ACM Multimedia 2015,
https://github.com/karolpiczak/ESC-50; the rows of ESC-50 that its table marks as ESC-10.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Self, final

from limbeck.datasets.sounds._contract import SoundDataset
from limbeck.datasets.sounds.esc50 import CITATION, recordings


@final
class ESC10(SoundDataset):
    """ESC-10 out of a copy of ESC-50; see `SoundDataset`."""

    title: ClassVar[str] = "ESC-10: 10 classes of environmental sounds, five folds"
    licence: ClassVar[str] = "CC BY 3.0"
    citation: ClassVar[str] = CITATION
    homepage: ClassVar[str] = "https://github.com/karolpiczak/ESC-50"

    @classmethod
    def open(cls, root: Path | str, *, download: bool = False) -> Self:
        """Read ``meta/esc50.csv``.

        Args:
            root: The folder ``ESC-50-master``, or the one it lies in.
            download: Fetch ESC-50 to `root` (0.6 GB) if it is not there.

        Raises:
            InputError: It is not there.
        """
        return cls(recordings(root, esc10=True, download=download))
