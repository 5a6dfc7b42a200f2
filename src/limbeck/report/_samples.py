"""What pages show and play of a set's samples: the one place in this room that knows one modality from another."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, final

import torch
import torch.nn.functional as F
from torch import Tensor

from limbeck.augment import Frequencies, mosaic
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.media import encode, invert_log_mel
from limbeck.report import _spectrograms

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PEAK = 0.9
_SILENT = 1e-4
_LETTERS = {"A": "audio", "V": "image"}

Piece = tuple[Tensor, Tensor]
"""A cell as it is seen, and as it is heard."""


class Samples(ABC):
    """One modality of a set: its samples in units of their own, and how they are shown and played.

    Attributes:
        noun: What one is called, as shown.
        about: What a reader must know of it, in sentences; may be empty.
        colours: What its colours mean, with the unit; empty where they are colours.
        size: Size of a sample, in words.
        grid: Rows and columns of the cells of a stored sample.
        cells: Where these cells are.
    """

    noun: ClassVar[str]
    about: ClassVar[str] = ""
    colours: ClassVar[str] = ""
    size: str
    grid: tuple[int, int]

    def __init__(self, distilled: DistilledSet, made: dict[str, Tensor]) -> None:
        self._set, self._made = distilled, made
        height, width = made["distilled"].shape[-2:]
        self.cells = mosaic.cells(height, width, self.grid)

    def stored(self, side: str, index: Tensor) -> Tensor:
        """Samples at these positions as they are stored, (pair, ...); the side is ``"distilled"`` or ``"start"``."""
        return self._in_units(self._made[side][index])

    def whole(self, side: str, index: Tensor) -> Tensor:
        """Samples as they are trained on, (cell * pair, ...), cell-major: cut apart and enlarged."""
        return self._in_units(mosaic.unpack(self._made[side][index], self.grid))

    def pieces(self, side: str, index: Tensor) -> list[Piece]:
        """Each cell of stored pairs, pair-major, as it is seen and as it is heard: at its size there, and whole."""
        seen, heard = self.stored(side, index), self.whole(side, index)
        heard = heard.reshape(len(self.cells), len(index), *heard.shape[1:])
        return [(seen[i][..., y, x], heard[k, i]) for i in range(len(index)) for k, (y, x) in enumerate(self.cells)]

    def real_pieces(self, clips: LabelledClips, index: Tensor) -> list[Piece]:
        """Real clips as they are seen beside cells, and as they are heard."""
        real = self.real(clips, index)
        return list(zip(self._fitted(real), real, strict=True))

    @abstractmethod
    def real(self, clips: LabelledClips, index: Tensor) -> Tensor:
        """Samples of real clips."""

    def _fitted(self, real: Tensor) -> Tensor:
        """Samples of real clips at the resolution of a cell."""
        return real

    @abstractmethod
    def show(self, sample: Tensor) -> bytes:
        """A sample or cell as a PNG file."""

    def play(self, samples: Sequence[Tensor]) -> list[bytes]:
        """Whole samples as WAV files; empty ones where there is nothing to hear."""
        return [b"" for _ in samples]

    @abstractmethod
    def draw(self, axes: Axes, sample: Tensor, cells: Sequence[mosaic.Box] = ()) -> None:
        """Draw a sample into a figure's axes, or the cells of a stored one."""

    @abstractmethod
    def _in_units(self, x: Tensor) -> Tensor:
        """Samples in units of their own from those in network scale."""


@final
class _Image(Samples):
    noun = "image"

    def __init__(self, distilled: DistilledSet) -> None:
        self.grid = mosaic.grids(distilled.mosaic).image
        self.size = f"{distilled.recipe.image_size} × {distilled.recipe.image_size} px"
        super().__init__(distilled, {"distilled": distilled.image} | _start(distilled, 1))

    def real(self, clips: LabelledClips, index: Tensor) -> Tensor:
        return clips.frames(index)

    def _fitted(self, real: Tensor) -> Tensor:
        rows, columns = self.cells[0]
        small = F.interpolate(real.float(), (rows.stop, columns.stop), mode="bilinear", antialias=True)
        return small.round().clamp(0, 255).to(torch.uint8)

    def show(self, sample: Tensor) -> bytes:
        return encode.png(sample.permute(1, 2, 0).numpy())

    def draw(self, axes: Axes, sample: Tensor, cells: Sequence[mosaic.Box] = ()) -> None:
        axes.imshow(sample.permute(1, 2, 0).numpy())
        axes.set_axis_off()

    def _in_units(self, x: Tensor) -> Tensor:
        return self._set.scale.to_pixels(x)


@final
class _Audio(Samples):
    noun = "spectrogram"
    about = (
        "Press a log-mel spectrogram to hear it. Its sound is estimated, since it keeps no phase, and brought to the "
        "same peak everywhere. All spectrograms share the axes and the colours of this one."
    )
    colours = "level (dB re 1.0)"

    def __init__(self, distilled: DistilledSet) -> None:
        self._mel = distilled.recipe.mel
        self.grid = mosaic.grids(distilled.mosaic).audio
        self.size = f"{self._mel.clip_seconds:g} s, {self._mel.sample_rate_hz / 1000:g} kHz"
        super().__init__(distilled, {"distilled": distilled.audio} | _start(distilled, 0))
        self._limits = _spectrograms.decibel_range(self._in_units(x) for x in self._made.values())
        self._palette = _spectrograms.palette()

    def real(self, clips: LabelledClips, index: Tensor) -> Tensor:
        return clips.audio(index)

    def show(self, sample: Tensor) -> bytes:
        return encode.png(_spectrograms.levels(sample[0], self._limits), self._palette)

    def play(self, samples: Sequence[Tensor]) -> list[bytes]:
        sounds = invert_log_mel(torch.cat([*samples]), self._mel)
        peaks = sounds.abs().amax(-1, keepdim=True)
        sounds = torch.where(peaks > _SILENT, sounds * _PEAK / peaks.clamp(min=_SILENT), sounds)
        return [encode.wav(sound.numpy(), self._mel.sample_rate_hz) for sound in sounds]

    def draw(self, axes: Axes, sample: Tensor, cells: Sequence[mosaic.Box] = ()) -> None:
        _spectrograms.draw(axes, sample[0], self._mel, self._limits, cells)

    def _in_units(self, x: Tensor) -> Tensor:
        return self._set.scale.to_db(x)


def of(distilled: DistilledSet) -> dict[str, Samples]:
    """The modalities of a set that can be looked at, by name, in the order they are shown."""
    return {"image": _Image(distilled), "audio": _Audio(distilled)}


def to_look_at(distilled: DistilledSet) -> DistilledSet:
    """The set, or its pairs apart where what is stored is nothing to look at."""
    return distilled.apart() if isinstance(distilled.mosaic, Frequencies) else distilled


def named(key: str) -> str:
    """What stands behind a column of accuracies.

    Example:
        >>> named("A"), named("A+V")
        ('audio (A)', 'audio and image (A+V)')
    """
    return f"{words(key)} ({key})"


def words(key: str, between: str = " and ") -> str:
    """The modalities of a column of accuracies, without its letters."""
    return between.join(_LETTERS.get(letter, letter) for letter in key.split("+"))


def _start(distilled: DistilledSet, place: int) -> dict[str, Tensor]:
    return {} if distilled.start is None else {"start": distilled.start[place]}
