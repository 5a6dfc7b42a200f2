"""What every localiser is: a film in, and how much each place of its picture sounds, frame by frame, out."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from limbeck._discover import Listed
from limbeck.errors import InputError

Array = npt.NDArray[np.float64]


class Frame(NamedTuple):
    """A frame of a film: its time in seconds from the first sample of the sound, RGB, uint8, (height, width, 3)."""

    seconds: float
    pixels: npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Film:
    """Picture and sound.

    Attributes:
        frames: In order; they can be gone through once. All are of one size, that of the localiser.
        waveform: Mono, float32, (sample,).
        rate: Its samples a second, in Hz.
    """

    frames: Iterable[Frame]
    waveform: npt.NDArray[np.float32]
    rate: int


@dataclass(frozen=True)
class Maps:
    """How much each place of the picture sounds.

    Attributes:
        times: Of the frames, in seconds, (frame,).
        score: How well place and sound go together, (frame, row, column).
        weight: How much a place counts when the middle of what sounds is looked for, >= 0, likewise.
        least: Score from which on something that is seen sounds.
    """

    times: Array
    score: Array
    weight: Array
    least: float


class Localiser(Listed, ABC):
    """A way to find in a picture what sounds. One module of the room defines one.

    Attributes:
        size: Height and width of the frames it sees, in pixels; the whole picture is squeezed into them.
    """

    room: ClassVar[str] = "limbeck.spatial.localisers"

    size: tuple[int, int] = (64, 128)

    @classmethod
    def untrained(cls) -> Self:
        """One that needs no training; what does refuses."""
        return cls()

    @classmethod
    def from_folder(cls, folder: Path) -> Self:
        """One that was trained and saved to a `folder`; what learns nothing has none, and refuses."""
        raise InputError(f"{folder} is said to hold {cls.__name__}, which learns nothing: name it instead.")

    @abstractmethod
    def maps(self, film: Film) -> Maps:
        """How much each place sounds in each frame of a `film`.

        Raises:
            InputError: There are too few frames.
        """


def seconds_of(times: list[float], *, least: int) -> Array:
    """The times of frames as an array, (frame,); fewer frames than `least` are refused."""
    if len(times) < least:
        raise InputError(f"A video needs {least} frames for something to move in it, but {len(times)} came.")
    return np.array(times)
