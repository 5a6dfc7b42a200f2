"""ESC-50, environmental sounds, to be distilled: 2,000 recordings of five seconds, 50 classes, five folds (`esc50`).

Layout and lists are those of `limbeck.datasets.sounds.esc50`, which names these sounds; the package soundata reads
them. Of a sound that is longer than a clip the loudest part is taken, unless `window` says otherwise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, final

from limbeck.datasets._folds import FoldedSounds
from limbeck.datasets.sounds import SoundDataset, esc50


@final
@dataclass(kw_only=True, eq=False)
class ESC50(FoldedSounds):
    """ESC-50 in its official layout, with one fold to test on.

    Args:
        root: The folder that the archive was unpacked in, or the one that it lies in.
        test: The folds to test on, as ``5``, ``"fold5"`` or ``"fold4,fold5"``; the others are trained on.
        window: Which part of a longer sound is taken: the one with most energy (``"loudest"``), the ``"middle"`` or the
            ``"start"``.
    """

    title: ClassVar[str] = esc50.ESC50.title
    licence: ClassVar[str] = esc50.ESC50.licence
    homepage: ClassVar[str] = esc50.ESC50.homepage
    citation: ClassVar[str] = esc50.ESC50.citation
    sounds: ClassVar[type[SoundDataset]] = esc50.ESC50

    test: str | int | Sequence[str | int] = "fold5"
