"""A classifier whose corrections were made elsewhere than by `correct`, kept as `correct` keeps its own."""

from collections.abc import Iterable
from pathlib import Path

from limbeck.prototypes import SoundClassifier
from limbeck.sounds._corrections import LEARNED, Correction, Corrections, Origin


def keep(
    folder: Path,
    learned: SoundClassifier,
    corrected: SoundClassifier,
    *,
    index: str,
    windows: int,
    remove: Iterable[Correction],
    add: Iterable[Correction],
    steps: int,
) -> None:
    """Write a corrected classifier with what it was before and the corrections, so that `correct` goes on from there.

    Args:
        folder: Folder of the classifier; the caller holds it.
        learned: The classifier before any correction.
        corrected: The classifier that all corrections give.
        index: Folder or address of the index it was learned from.
        windows: How many windows the index has.
        remove: Sounds that do not stand for a label.
        add: Sounds that do.
        steps: How many steps of a studio these are.
    """
    corrections = Corrections(remove=tuple(remove), add=tuple(add))
    origin = Origin.of(index, folder, windows=windows)
    origin.model_copy(update={"corrections": corrections, "steps": steps}).write(folder)
    learned.save(folder / LEARNED)
    corrected.save(folder)
