"""City sounds to be distilled: 8,732 pieces of up to four seconds, ten classes, ten folds (`urbansound8k`).

Layout and lists are those of `limbeck.datasets.sounds.urbansound8k`, which names these sounds; the package soundata
reads them. Of a sound that is longer than a clip the loudest part is taken, unless `window` says otherwise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, final

from limbeck.datasets._folds import FoldedSounds
from limbeck.datasets.sounds import SoundDataset, urbansound8k


@final
@dataclass(kw_only=True, eq=False)
class UrbanSound8K(FoldedSounds):
    """UrbanSound8K in its official layout, with one fold to test on.

    Args:
        root: The folder that the archive was unpacked in, or the one that it lies in.
        test: The folds to test on, as ``10``, ``"fold10"`` or ``"fold9,fold10"``; the others are trained on.
        window: Which part of a longer sound is taken: the one with most energy (``"loudest"``), the ``"middle"`` or the
            ``"start"``.
    """

    title: ClassVar[str] = urbansound8k.UrbanSound8K.title
    licence: ClassVar[str] = urbansound8k.UrbanSound8K.licence
    homepage: ClassVar[str] = urbansound8k.UrbanSound8K.homepage
    citation: ClassVar[str] = urbansound8k.UrbanSound8K.citation
    sounds: ClassVar[type[SoundDataset]] = urbansound8k.UrbanSound8K

    test: str | int | Sequence[str | int] = "fold10"
