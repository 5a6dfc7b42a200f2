"""What pages show and play of a set's samples, each modality as it says of itself, and the real clips like them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from limbeck import modalities
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.media import encode
from limbeck.modalities import each_frame, side_by_side
from limbeck.parameterisations import Box, boxes_of, cut
from limbeck.report import _drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PEAK = 0.9
_SILENT = 1e-4
_SIDE = 16
_CHUNK = 256
NEAREST_RULE = (
    "The nearest real clip of the same class has the smallest sum of mean squared differences, one for each modality. "
    f"Each is taken over samples shrunken to {_SIDE} × {_SIDE} numbers, and divided by their variance over the class's "
    "real clips."
)

Piece = tuple[Tensor, Tensor]
"""A cell as it is seen, and as it is heard."""


class Samples:
    """One modality of a set that can be looked at (see `to_look_at`): its samples as prepared, shown and played.

    What is prepared as uint8 is shown as it is; all else as colours of levels, which all samples of a set share. In
    words there are its `noun`, as shown, its `size`, what its `colours` mean, with the unit (empty where they are
    colours), and what a reader must know `about` it; `grid` has the rows and columns of a stored sample's `cells`.
    Of what `moves` the frames are to be seen one after the other, in as many `seconds` as clips take; `parts` are what
    stays side by side.
    """

    def __init__(self, distilled: DistilledSet, name: str) -> None:
        self._set, self._name, self._modality = distilled, name, distilled.modalities[name]
        self._made = {"distilled": distilled.tensors} | ({"start": distilled.start} if distilled.start else {})
        self.noun, self.about, self.size = self._modality.noun, self._modality.about, self._modality.words
        self._levelled = self._modality.dtype != torch.uint8
        self.colours = f"level ({self._modality.unit})" if self._levelled else ""
        self.moves, self.seconds = self._modality.moves, distilled.recipe.mel.clip_seconds
        self.parts = 1 if self.moves else math.prod(self._modality.shape[:-3])
        self._grid = distilled.hold.grid_of(name)
        *times, rows, columns = self._grid
        self.grid = rows, math.prod(times) * columns  # parts of time stand side by side
        height, width = self._modality.shape[-2:]
        self.cells = boxes_of(height, width, (rows, columns))
        # What optimisation moved far out of the data's range would leave all else dark.
        usual = self.stored("start" if distilled.start else "distilled", torch.arange(distilled.rows))
        self._limits = (
            _drawing.level_range(self._modality.levels(usual), self._modality.span) if self._levelled else (0.0, 1.0)
        )

    def stored(self, side: str, index: Tensor) -> Tensor:
        """Samples at these positions as they are stored, (row, ...); the side is ``"distilled"`` or ``"start"``."""
        return self._prepared(self._made[side][self._name][index])

    def whole(self, side: str, index: Tensor) -> Tensor:
        """Samples as they are trained on, (cell * row, ...), cell-major: cut apart and enlarged. See `stored`."""
        rows = {self._name: self._made[side][self._name][index]}
        return self._prepared(self._set.hold.decode(rows, self._set.modalities)[self._name])

    def pieces(self, side: str, index: Tensor, clips: LabelledClips | None = None) -> list[Piece]:
        """Each cell of stored rows, row-major, as it is seen and as it is heard: at its size there, and whole.

        Given real `clips`, those at some positions: images at the resolution of a cell.
        """
        if clips is not None:
            real = clips.array(self._name, index)
            rows, columns = self.cells[0]
            size = rows.stop, columns.stop
            small = each_frame(lambda x: F.interpolate(x.float(), size, mode="bilinear", antialias=True), real)
            return list(zip(real if self._levelled else small.round().clamp(0, 255).byte(), real, strict=True))
        cells, heard = cut(self.stored(side, index), self._grid), self.whole(side, index)
        heard = heard.reshape(len(cells), len(index), *heard.shape[1:])
        return [(seen[i], heard[k, i]) for i in range(len(index)) for k, seen in enumerate(cells)]

    def frames(self, sample: Tensor) -> int:
        """Frames of a sample or cell that stand side by side in what `show` makes of it."""
        return len(sample) if self.moves else 1

    def show(self, sample: Tensor) -> bytes:
        """A sample or cell as a PNG file, its frames or parts side by side."""
        if self._levelled:
            return encode.png(
                _drawing.levels(self._plane(sample), self._limits, self._modality.origin), _drawing.palette()
            )
        return encode.png(self._modality.show(sample[None])[0].numpy())

    def play(self, samples: Sequence[Tensor]) -> list[bytes]:
        """Whole samples as WAV files; empty ones where there is nothing to hear."""
        if (sounds := self._modality.play(torch.stack([*samples]))) is None:
            return [b"" for _ in samples]
        peaks = sounds.abs().amax(-1, keepdim=True)
        sounds = torch.where(peaks > _SILENT, sounds * _PEAK / peaks.clamp(min=_SILENT), sounds)
        return [encode.wav(sound.numpy(), self._modality.recipe.mel.sample_rate_hz) for sound in sounds]

    def draw(self, axes: Axes, sample: Tensor, cells: Sequence[Box] = ()) -> None:
        """Draw a sample into a figure's axes, or the cells of a stored one."""
        if self._levelled:
            plane, width = self._plane(sample), sample.shape[-1]
            every = [
                (rows, slice(at + columns.start, at + columns.stop))
                for at in range(0, plane.shape[1], width)
                for rows, columns in cells
            ]
            _drawing.draw_levels(axes, plane, self._modality, self._limits, every)
        else:
            axes.imshow(self._modality.show(sample[None])[0].numpy())
            axes.set_axis_off()

    def _plane(self, sample: Tensor) -> Tensor:
        """Levels to look at, (height, width): the first channel of a sample, its frames side by side."""
        return self._modality.levels(side_by_side(sample[None])[0, 0])

    def _prepared(self, x: Tensor) -> Tensor:
        return self._modality.from_network(x, self._set.scales[self._name])


def of(distilled: DistilledSet) -> dict[str, Samples]:
    """The modalities of a set that can be looked at, by name: what is seen before what is heard."""
    seen_first = sorted(distilled.modalities, key=lambda name: distilled.modalities[name].track == "audio")
    return {name: Samples(distilled, name) for name in seen_first}


def to_look_at(distilled: DistilledSet) -> DistilledSet:
    """The set, or its samples unpacked where what is stored is nothing to look at, or lacks frames."""
    whole = all(distilled.hold.shape_of(kind) == kind.shape for kind in distilled.modalities.values())
    return distilled if distilled.hold.are_samples and whole else distilled.unpacked()


def named(key: str) -> str:
    """What stands behind a column of accuracies.

    Example:
        >>> named("A"), named("A+V")
        ('audio (A)', 'audio and image (A+V)')
    """
    return f"{words(key)} ({key})"


def words(key: str, between: str = " and ") -> str:
    """The modalities of a column of accuracies, without its letters."""
    names = modalities.by_letter()
    return between.join(names.get(letter, letter) for letter in key.split("+"))


def nearest(
    made: Mapping[str, Tensor], real: Callable[[Tensor], Mapping[str, Tensor]], index: Tensor, *, at_most: int = 4000
) -> Tensor:
    """Positions of the real clips nearest to synthetic samples, among those in `index`, (sample,); see `NEAREST_RULE`.

    Samples are (sample, ..., channel, height, width) by modality; `real` reads those of the clips at some positions.
    """
    index = index[:at_most]
    if not len(index):
        return index
    parts = [{name: _small(x) for name, x in real(some).items()} for some in torch.split(index, _CHUNK)]
    total = torch.zeros(len(next(iter(made.values()))), len(index))
    for name, samples in made.items():
        bank = torch.cat([part[name] for part in parts])
        variance = bank.var(0, correction=0).mean().clamp(min=1e-6)
        total += torch.cdist(_small(samples), bank).square() / bank.shape[1] / variance
    return index[total.argmin(1)]


def _small(x: Tensor) -> Tensor:
    return each_frame(lambda frames: F.adaptive_avg_pool2d(frames.float(), _SIDE), x).flatten(1)
