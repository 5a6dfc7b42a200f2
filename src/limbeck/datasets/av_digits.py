"""Spoken and handwritten digits, paired by class: ten classes, real recordings, no download beyond one folder.

Sounds are the Free Spoken Digit Dataset's ``recordings/{digit}_{speaker}_{index}.wav`` (8 kHz); pictures are the 1,797
8 x 8 handwritten digits that come with scikit-learn. Every recording gives one clip; it is joined with a picture of its
class by a seeded draw, in which every picture is used once before one is used twice. No picture is used in both splits.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import ClassVar, final

import numpy as np
import numpy.typing as npt
import torch

from limbeck.datasets._contract import ClipRef, Dataset
from limbeck.datasets._listing import TEST, TRAIN, existing_folder, shuffled
from limbeck.errors import InputError, MediaError
from limbeck.media import ClipRecipe, RawClip, read_sound

_NAME = re.compile(r"(?P<digit>[0-9])_(?P<speaker>[^_]+)_(?P<index>\d+)\.wav")
_OFFICIAL_TEST_INDEX = 5


@final
@dataclass(kw_only=True, eq=False)
class AVDigits(Dataset):
    """Spoken digits with handwritten digits.

    The official split of the sounds tests on each speaker's recordings 0-4 of each digit. With `unseen_speaker` all
    recordings of that speaker are the test instead, which is harder.

    Args:
        root: FSDD's folder ``recordings``, or the one it lies in.
        unseen_speaker: Test on this speaker's recordings and train on all others'; by default the official split.
        test_fraction: Part of each class's pictures that only the test clips use, in (0, 1).
        seed: Draws which pictures those are, and the pairs.
    """

    title: ClassVar[str] = "Spoken digits (FSDD) paired with handwritten digits (scikit-learn)"
    licence: ClassVar[str] = "CC BY-SA 4.0 (FSDD recordings); CC BY 4.0 (handwritten digits, UCI)"
    homepage: ClassVar[str] = "https://github.com/Jakobovski/free-spoken-digit-dataset"
    citation: ClassVar[str] = """@misc{jackson2016fsdd,
  title = {Free Spoken Digit Dataset},
  author = {Jackson, Zohar},
  year = {2016},
  url = {https://github.com/Jakobovski/free-spoken-digit-dataset}
}
@misc{alpaydin1998optdigits,
  title = {Optical Recognition of Handwritten Digits},
  author = {Alpaydin, Ethem and Kaynak, Cenk},
  year = {1998},
  howpublished = {UCI Machine Learning Repository},
  doi = {10.24432/C50P49}
}"""

    root: str | Path
    unseen_speaker: str | None = None
    test_fraction: float = 0.2
    seed: int = 0

    def clips(self) -> Sequence[ClipRef]:
        """One clip a recording, ordered by id (``digit/speaker/index+picture``); labels ``"0"`` to ``"9"``."""
        if not 0 < self.test_fraction < 1:
            raise InputError(f"test_fraction must lie between 0 and 1, but is {self.test_fraction}.")
        what = "FSDD's recordings ({digit}_{speaker}_{index}.wav)"
        recordings = _recordings(existing_folder(Path(self.root), what, inner="recordings"))
        speakers = sorted({speaker for _, speaker, _, _ in recordings})
        if self.unseen_speaker is not None and self.unseen_speaker not in speakers:
            raise InputError(
                f"unseen_speaker is {self.unseen_speaker!r}, but the speakers of {self.root} are {', '.join(speakers)}."
            )
        sides: dict[tuple[str, str], list[tuple[str, Path]]] = defaultdict(list)
        for digit, speaker, number, path in recordings:
            unseen = speaker == self.unseen_speaker if self.unseen_speaker else number < _OFFICIAL_TEST_INDEX
            sides[digit, TEST if unseen else TRAIN].append((f"{digit}/{speaker}/{number:02d}", path))
        refs = [
            ClipRef(id=f"{name}+{picture:04d}", label=digit, split=split, audio=path)
            for (digit, split), group in sides.items()
            for (name, path), picture in zip(group, self._pictures(digit, split), strict=False)
        ]
        return sorted(refs, key=lambda ref: ref.id)

    def read(self, clip: ClipRef, recipe: ClipRecipe) -> RawClip:
        """Decode the recording and draw the digit: white on black, smoothly enlarged to the recipe's size."""
        waveform, frame = None, None
        repairs: tuple[str, ...] = ()
        if "audio" in recipe.tracks:
            if clip.audio is None:
                raise MediaError("missing_file", f"The clip {clip.id} names no recording.")
            waveform, repairs = read_sound(clip.audio, start_s=clip.start_s, length_s=clip.length_s, recipe=recipe.mel)
        if "image" in recipe.tracks:
            frame = render_digit(_digits()[0][int(clip.id.rpartition("+")[2])], recipe.image_size)
        return RawClip(waveform, frame, repairs)

    def _pictures(self, digit: str, split: str) -> Iterator[int]:
        """Rows of a class's pictures on one side of the split, all in a drawn order, then all in another."""
        of_class = np.flatnonzero(_digits()[1] == int(digit)).tolist()
        drawn = shuffled(of_class, seed=self.seed, path=("pictures", digit))
        held = min(len(drawn) - 1, max(1, round(self.test_fraction * len(drawn))))
        side = drawn[:held] if split == TEST else drawn[held:]
        for turn in count():
            yield from shuffled(side, seed=self.seed, path=("pair", digit, split, turn))


def render_digit(drawing: npt.NDArray[np.float64], size: int) -> npt.NDArray[np.uint8]:
    """A handwritten digit, a `drawing` of ink 0 to 16, (8, 8), as white on black, RGB, uint8, (`size`, `size`, 3).

    Example:
        >>> render_digit(np.full((8, 8), 16.0), 32).shape, int(render_digit(np.full((8, 8), 16.0), 32).min())
        ((32, 32, 3), 255)
    """
    ink = torch.from_numpy(np.ascontiguousarray(drawing, dtype=np.float32))[None, None]
    large = torch.nn.functional.interpolate(ink, size=(size, size), mode="bilinear", align_corners=False)[0, 0]
    grey = (large / 16 * 255).round().clamp(0, 255).to(torch.uint8).numpy()
    return np.repeat(grey[:, :, None], 3, axis=2)


@lru_cache(maxsize=1)
def _digits() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    from sklearn.datasets import load_digits

    digits = load_digits()
    return digits.images, digits.target


def _recordings(folder: Path) -> list[tuple[str, str, int, Path]]:
    """Digit, speaker, number and file of each."""
    found = [
        (m["digit"], m["speaker"], int(m["index"]), path)
        for path in folder.iterdir()
        if (m := _NAME.fullmatch(path.name))
    ]
    if not found:
        raise InputError(
            f"{folder} holds no recordings named {{digit}}_{{speaker}}_{{index}}.wav (7_theo_12.wav, say). Give the "
            "folder 'recordings' of the Free Spoken Digit Dataset."
        )
    return sorted(found)
