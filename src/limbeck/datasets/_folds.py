"""Public datasets of sounds that come in folds, to be distilled: what the readers of `limbeck.datasets.sounds` list."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from limbeck.datasets._contract import ClipRef, Dataset
from limbeck.datasets._listing import TEST, TRAIN, parse_names
from limbeck.datasets._window import Window, check_window, read_part
from limbeck.datasets.sounds import SoundDataset
from limbeck.errors import InputError
from limbeck.media import ClipRecipe, RawClip


@dataclass(kw_only=True, eq=False)
class FoldedSounds(Dataset):
    """Sounds in the folds of their authors, of which some are tested on and all others trained on.

    Args:
        root: The folder that the archive was unpacked in, or the one that it lies in.
        test: The folds to test on, as ``5``, ``"fold5"`` or ``"fold4,fold5"``.
        window: Which part of a longer sound is taken: the one with most energy (``"loudest"``), the ``"middle"`` or the
            ``"start"``.
    """

    modalities: ClassVar[tuple[str, ...]] = ("audio",)

    root: str | Path
    test: str | int | Sequence[str | int]
    window: Window = "loudest"

    @property
    @abstractmethod
    def sounds(self) -> type[SoundDataset]:
        """The reader of the recordings."""

    def clips(self) -> Sequence[ClipRef]:
        """One clip a recording, ordered by name.

        Raises:
            InputError: The dataset is not there or damaged, or `test` names no fold of it, or all of them.
        """
        check_window(self.window)
        recordings = self.sounds.open(Path(self.root)).recordings
        folds = {r.split for r in recordings}
        tested = {f"fold{name}" if name.isdecimal() else name for name in parse_names(self.test)}
        if not tested or not tested < folds:
            listed = ", ".join(sorted(folds, key=lambda name: (len(name), name)))
            raise InputError(
                f"'test' names {', '.join(sorted(tested)) or 'nothing'}, but the folds are {listed}: name some, not "
                "all of them."
            )
        return [
            ClipRef(id=r.id, label=r.labels[0], split=TEST if r.split in tested else TRAIN, audio=r.path)
            for r in recordings
        ]

    def read(self, clip: ClipRef, recipe: ClipRecipe) -> RawClip:
        """Decode the chosen part of a recording."""
        return read_part(clip.audio, clip.image, self.window, recipe)
