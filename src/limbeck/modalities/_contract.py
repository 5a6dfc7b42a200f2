"""What every modality is: how its array is made of a recording, scaled for a network, shown, played and stored."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, Self, runtime_checkable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from limbeck._config import Config
from limbeck._discover import Listed
from limbeck.media import ClipRecipe, RawClip

ScaleKind = Literal["raw", "standardised"]


@dataclass(frozen=True)
class Moments:
    """Mean and spread per channel of some values, in a form that can be pooled without the values.

    Attributes:
        count: Values per channel.
        mean: float64, (channel,).
        spread: float64, (channel,): sum of squared deviations from the mean.
    """

    count: int
    mean: npt.NDArray[np.float64]
    spread: npt.NDArray[np.float64]

    @classmethod
    def of(cls, values: npt.NDArray[Any]) -> Self:
        """Moments of numbers of any dtype, (channel, value), at least one value per channel."""
        wide = values.astype(np.float64)
        mean = wide.mean(axis=1)
        wide -= mean[:, None]
        return cls(values.shape[1], mean, np.einsum("cv,cv->c", wide, wide))

    @classmethod
    def pooled(cls, parts: "Sequence[Moments]") -> Self:
        """Moments of all parts' values together (Chan, Golub and LeVeque 1983); equal parts in equal order, equal bits.

        Example:
            >>> halves = [Moments.of(np.array([[1.0, 2.0]])), Moments.of(np.array([[3.0, 6.0]]))]
            >>> whole = Moments.pooled(halves)
            >>> whole.count, whole.mean.tolist(), whole.spread.tolist()
            (4, [3.0], [14.0])
        """
        counts = np.array([p.count for p in parts], dtype=np.float64)[:, None]
        means = np.stack([p.mean for p in parts])
        mean = (counts * means).sum(axis=0) / counts.sum()
        spread = np.stack([p.spread for p in parts]).sum(axis=0) + (counts * (means - mean) ** 2).sum(axis=0)
        return cls(sum(p.count for p in parts), mean, spread)

    @property
    def std(self) -> npt.NDArray[np.float64]:
        """Population standard deviation, (channel,)."""
        return np.sqrt(self.spread / self.count)

    def to_json(self) -> dict[str, Any]:
        """JSON-able data that gives the same bits back."""
        return {"count": self.count, "mean": self.mean.tolist(), "spread": self.spread.tolist()}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Moments from `to_json`."""
        return cls(data["count"], np.array(data["mean"]), np.array(data["spread"]))


class Statistics(Config):
    """Mean and standard deviation per channel over the training clips, in the modality's unit."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


class Scale(Config):
    """What is subtracted and divided before a network sees an array; kept with every distilled set.

    Both `mean` and `std` > 0 are per channel in the modality's unit, or one number for all.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def apply(self, x: Tensor, trailing: int) -> Tensor:
        """Values `x` in the modality's unit to network scale, as shaped; `trailing` axes lie behind the channels'."""
        return (x - _along(self.mean, x, trailing)) / _along(self.std, x, trailing)

    def undo(self, x: Tensor, trailing: int) -> Tensor:
        """The inverse of `apply`: `x` of network scale, with so many `trailing` axes, in the modality's unit."""
        return x * _along(self.std, x, trailing) + _along(self.mean, x, trailing)


def _along(values: tuple[float, ...], like: Tensor, trailing: int) -> Tensor:
    return torch.tensor(values, dtype=like.dtype, device=like.device).view(-1, *[1] * trailing)


Batch = dict[str, Tensor]
"""Samples by modality, each (sample, ..., channel, height, width); rows of one position belong together."""


class Ticks(NamedTuple):
    """Ticks along an axis: its title, with the unit, and positions in rows or columns with their words."""

    title: str
    at: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Modality(Listed, ABC):
    """One kind of array that is made of a recording. One module of this room defines one.

    All that depends on the kind of array is here; nothing else asks which modality it has by name, position or number
    of channels. Arrays are (..., channel, height, width): one frame, or several along the axes before these.

    Attributes:
        recipe: How recordings are decoded.
        letter: What tables call it; tables of several join letters, as in ``A+V``.
        noun: What a page calls one of it.
        about: What a reader of a page must know of it, in sentences; may be empty.
        origin: Where the first row of an array is shown: above or below.
        track: Track of the recording that it is made of.
        takes: Settings of the recipe that other modalities have no use for: asked for without it, they are refused.
        unit: Unit of its statistics and of its `levels`, for people.
        span: How far below the highest values pages tell values apart, in the unit; None for all of them.
        axes: Names of the array's axes, for people.
        dtype: Number format of prepared arrays: ``torch.float32``, or ``torch.uint8`` for pictures.
        channels_at: Axis of the array along which statistics and scales run, from the end: -3, -2 or -1.
        keeps: Families of augmentation that would change what it is, which `modality_aware` augmentation leaves out.
        recurs: Whether different recordings often have equal arrays, as of stills, title cards and blank frames, so
            that equal ones are a weak sign of one recording.
        basis: Orthogonal rows that decorrelate its channels before low frequencies are kept; None for none.
        published: How students that see it alone are trained in the published tables of such data: settings of
            `evaluation.Protocol` that differ from the audio-visual ones. Empty where there are no such tables.
    """

    room: ClassVar[str] = "limbeck.modalities"

    letter: ClassVar[str]
    track: ClassVar[Literal["audio", "image"]]
    takes: ClassVar[frozenset[str]] = frozenset()
    noun: ClassVar[str] = "sample"
    about: ClassVar[str] = ""
    origin: ClassVar[Literal["upper", "lower"]] = "upper"
    unit: ClassVar[str]
    span: ClassVar[float | None] = None
    axes: ClassVar[tuple[str, ...]] = ("channel", "height", "width")
    dtype: ClassVar[torch.dtype] = torch.float32
    channels_at: ClassVar[int] = -3
    keeps: ClassVar[frozenset[str]] = frozenset()
    recurs: ClassVar[bool] = False
    basis: ClassVar[tuple[tuple[float, ...], ...] | None] = None
    published: ClassVar[Mapping[str, Any]] = MappingProxyType({})

    recipe: ClipRecipe

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Shape of an array; its last three axes are (channel, height, width)."""

    @abstractmethod
    def array(self, raw: RawClip) -> npt.NDArray[Any]:
        """The array of a decoded recording, of the modality's `shape` and `dtype`."""

    @property
    def times(self) -> tuple[float, ...]:
        """When the frames are shown that it is made of, as parts of the clip from 0 to 1; none by default."""
        return ()

    @property
    def moves(self) -> bool:
        """Whether arrays are frames that are shown one after the other, (time, channel, height, width)."""
        return len(self.shape) > 3 and bool(self.times)

    def frames(self, raw: RawClip) -> npt.NDArray[np.uint8]:
        """The frames of a recording at `times`, (time, height, width, 3), of all those at the recipe's times."""
        return raw.pictures(len(self.recipe.times))[[self.recipe.times.index(at) for at in self.times]]

    @property
    def words(self) -> str:
        """Size of a sample, for people."""
        *frames, _, height, width = self.shape
        return " × ".join(map(str, (*frames, height, width)))

    @property
    def ticks(self) -> tuple[Ticks, Ticks] | None:
        """Ticks along rows and along columns of an array in a figure; None for no axes."""
        return None

    @property
    def stored_bytes(self) -> int:
        """Bytes of a prepared array."""
        return int(np.prod(self.shape)) * self.dtype.itemsize

    def levels(self, arrays: Tensor) -> Tensor:
        """Prepared arrays in the `unit`, in which scales act and pages tell values apart: as they are by default."""
        return arrays

    def moments(self, arrays: npt.NDArray[Any]) -> Moments:
        """Moments per channel of the `levels` of arrays, (..., channel, height, width), as they are prepared."""
        along = np.moveaxis(arrays, self.channels_at, 0)
        return Moments.of(along.reshape(len(along), -1))

    def statistics(self, moments: Moments) -> Statistics:
        """Mean and spread in the modality's unit of moments of prepared arrays."""
        return Statistics(mean=tuple(moments.mean.tolist()), std=tuple(moments.std.tolist()))

    @abstractmethod
    def scale(self, statistics: Statistics, kind: ScaleKind) -> Scale:
        """The scale of a `kind` on which networks see a dataset with these `statistics`."""

    def to_network(self, arrays: Tensor, scale: Scale) -> Tensor:
        """Prepared `arrays`, (..., channel, height, width), of `dtype`, to float32 network input on a `scale`."""
        return scale.apply(self.levels(arrays), -self.channels_at - 1)

    def from_network(self, x: Tensor, scale: Scale) -> Tensor:
        """Network input `x` on a `scale` back to arrays as they are prepared: `to_network` undone, but for rounding."""
        return self.prepared(scale.undo(x, -self.channels_at - 1))

    def prepared(self, values: Tensor) -> Tensor:
        """Values in the modality's unit as a prepared array holds them."""
        return values

    def border(self, scale: Scale) -> float | Tensor:
        """What `modality_aware` augmentation fills fresh borders with, in network scale."""
        return 0.0

    def frequency_order(self) -> Tensor:
        """Rank of every coefficient of the cosine transform, of the modality's `shape`: those of low rank are kept.

        By default the hyperbolic cross, ``(row + 1) * (column + 1)``, and so on along the axes of frames: what is
        steady along one axis may be sharp along the others.
        """
        *frames, _, height, width = self.shape
        ranks = torch.ones((), dtype=torch.int64)
        for size in (*frames, height, width):
            ranks = ranks[..., None] * (torch.arange(size) + 1)
        return ranks.unsqueeze(-3).expand(self.shape)

    @abstractmethod
    def show(self, arrays: Tensor) -> Tensor:
        """Prepared arrays, (sample, ..., channel, height, width), as pictures to look at, frames side by side.

        These are grey levels, uint8 (sample, height, width), or RGB, uint8 (sample, height, width, 3).
        """

    def play(self, arrays: Tensor) -> Tensor | None:
        """Prepared arrays, (sample, ..., channel, height, width), as sound to listen to; None where there is none.

        It is float32 (sample, time), at the recipe's rate.
        """
        return None


@runtime_checkable
class Separable(Protocol):
    """A modality whose arrays are moduli of a transform in which sounds that are heard together can be taken apart."""

    def transform(self, waveforms: Tensor) -> Tensor:
        """Waveforms, float32 (..., sample), transformed: complex, (..., height, width)."""

    def inverse(self, transformed: Tensor) -> Tensor:
        """Waveforms, float32 (..., sample), of what was transformed, (..., height, width), or changed: undone."""
