"""ESC-10, ten classes of ESC-50, to be distilled: 400 recordings of five seconds, five folds (`esc10`).

Layout and lists are those of `limbeck.datasets.sounds.esc10`, which names these sounds; the package soundata reads
them. Of a sound that is longer than a clip the loudest part is taken, unless `window` says otherwise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, final

from limbeck.datasets._folds import FoldedSounds
from limbeck.datasets.sounds import SoundDataset, esc10


@final
@dataclass(kw_only=True, eq=False)
class ESC10(FoldedSounds):
    """ESC-10 in its official layout, with one fold to test on.

    Args:
        root: The folder that the archive was unpacked in, or the one that it lies in.
        test: The folds to test on, as ``5``, ``"fold5"`` or ``"fold4,fold5"``; the others are trained on.
        window: Which part of a longer sound is taken: the one with most energy (``"loudest"``), the ``"middle"`` or the
            ``"start"``.
    """

    title: ClassVar[str] = esc10.ESC10.title
    licence: ClassVar[str] = esc10.ESC10.licence
    homepage: ClassVar[str] = esc10.ESC10.homepage
    citation: ClassVar[str] = esc10.ESC10.citation
    sounds: ClassVar[type[SoundDataset]] = esc10.ESC10

    test: str | int | Sequence[str | int] = "fold5"
