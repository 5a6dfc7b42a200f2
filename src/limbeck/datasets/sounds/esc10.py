"""ESC-10: the ten easiest classes of ESC-50, 400 recordings in the same five folds, freely licensed (`esc10`).

Source: Piczak, ESC: Dataset for Environmental Sound Classification, ACM Multimedia 2015,
https://github.com/karolpiczak/ESC-50; the rows of ESC-50 that its table marks as ESC-10.
"""

from pathlib import Path
from typing import Any, ClassVar, Self, final

from limbeck.datasets.sounds.esc50 import ESC
from limbeck.errors import InputError


@final
class ESC10(ESC):
    """ESC-10 out of a copy of ESC-50; see `SoundDataset`."""

    title: ClassVar[str] = "ESC-10: 10 classes of environmental sounds, five folds"
    licence: ClassVar[str] = "CC BY 3.0"

    @classmethod
    def _read(cls, copy: Any, table: Path) -> Self:
        if not (found := cls._recordings(copy, table, esc10=True)):
            raise InputError(f"{table} marks no recording as ESC-10; its column esc10 holds True or False.")
        return cls(found)
