"""What every way to hold samples is: how it starts from real ones, and how its tensors become samples again."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Self, TypeVar

import torch
from pydantic import BeforeValidator, Field, PlainSerializer, ValidationError
from torch import Tensor

from limbeck import _discover
from limbeck._config import Config, mistake
from limbeck._discover import Listed
from limbeck.errors import InputError
from limbeck.modalities import Batch, Modality

MOST_CELLS = 64
Side = Annotated[int, Field(ge=1, le=MOST_CELLS)]
Grid = Annotated[tuple[Side, ...], Field(min_length=2, max_length=3)]
"""Rows and columns of cells, behind the parts of time that they are in where frames are cut, too."""
Box = tuple[slice, slice]
"""Rows and columns of pixels."""
Tensors = dict[str, Tensor]
"""What is stored and optimised, by name; a name is that of a modality, or begins with it and a dot."""
Value = TypeVar("Value")


class Parameterisation(Config, Listed, ABC):
    """Settings of a way to hold samples. One module of this room defines one.

    Tensors have a row for each stored sample, rows in the order of classes; each row stands for `cells` samples that
    networks see. Samples are cell-major: those of cell 0 of all rows come first. All of it is in network scale.

    As text, in settings, recipes and on the command line: the name, and after a colon the settings, as in
    ``mosaic:2``; see `parse`.

    Attributes:
        are_samples: Whether tensors are pictures of samples: on the scale of a sample of the modality whose name they
            bear, and in its shape (perhaps of fewer frames), so that they can be shown and kept as pictures and
            decibels.
        is_model: Whether samples are drawn from what is stored, so that there are any number; see `drawn`.
    """

    room: ClassVar[str] = "limbeck.parameterisations"
    are_samples: ClassVar[bool] = True
    is_model: ClassVar[bool] = False

    @property
    @abstractmethod
    def cells(self) -> int:
        """Samples that a row stands for."""

    @abstractmethod
    def start(self, samples: Batch, modalities: Mapping[str, Modality]) -> Tensors:
        """Tensors that stand, as well as they can, for real `samples` of some `modalities`.

        These are in network scale, (cell * row, ..., channel, height, width), cell-major, the most important first.

        Raises:
            InputError: The samples do not fit: a size, a number, a modality that the settings leave out.
        """

    @abstractmethod
    def decode(self, tensors: Mapping[str, Tensor], modalities: Mapping[str, Modality]) -> Batch:
        """What networks see of the `tensors` of all rows, or of some, see `rows`. Differentiable.

        These are samples of the `modalities` in network scale, (cell * row, ..., channel, height, width), cell-major.
        """

    def shape_of(self, modality: Modality) -> tuple[int, ...]:
        """Shape of the tensor of a row that bears a `modality`'s name, where rows can be looked at."""
        return modality.shape

    def grid_of(self, modality: str) -> Grid:
        """How a row of a modality is cut into cells, where rows can be looked at; see `are_samples`."""
        return 1, 1

    def rows(self, tensors: Mapping[str, Tensor], index: slice | Tensor) -> Tensors:
        """The tensors of the rows at an index; what all rows share stays whole."""
        return {name: tensor[index] for name, tensor in tensors.items()}

    def narrowed(self, clips: float, different: Mapping[str, float]) -> "Parameterisation":
        """The nearest one whose rows take `clips` each, none of them twice; itself where it is taken as it is.

        Of the clips so many are `different`, by modality.
        """
        return self

    def drawn(self, samples: int, *, seed: int) -> "Parameterisation":
        """Of a model the same one, decoded to so many `samples` a row, >= 1, drawn by a `seed`, >= 0.

        Raises:
            InputError: It is no model: its samples are those it has.
        """
        raise InputError(f"Samples are drawn from a model, as generator, but {self} holds {self.cells} in a row.")

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Settings from the text after the colon: ``name=value`` pairs with commas between them."""
        pairs = dict(pair.partition("=")[::2] for pair in text.split(",")) if text else {}
        return cls.from_json(pairs)

    def to_text(self) -> str:
        """Settings as `from_text` reads them."""
        return ",".join(f"{name}={value}" for name, value in self.to_json().items())

    def __str__(self) -> str:
        text = self.to_text()
        return f"{self.name}:{text}" if text else self.name


def parse(text: str) -> Parameterisation:
    """The way to hold samples that a text names: ``plain``, ``mosaic:2`` or ``frequencies:36``, say.

    Raises:
        UnknownNameError: No parameterisation has the name.
        InputError: The settings do not fit it.

    Example:
        >>> parse("mosaic:2").cells, str(parse("mosaic:audio=1x16,image=4x4")), parse("plain").cells
        (4, 'mosaic:audio=1x16,image=4x4', 1)
    """
    name, _, settings = text.strip().partition(":")
    kind = _discover.load(Parameterisation, name)
    try:
        return kind.from_text(settings)
    except InputError as error:
        mistakes = error.__cause__.errors() if isinstance(error.__cause__, ValidationError) else ()
        raise InputError(f"{text} does not fit: {'; '.join(map(mistake, mistakes)) or error}") from error


def _held(value: Any) -> Any:
    if isinstance(value, Parameterisation):
        return value
    if not isinstance(value, str):
        raise InputError("how samples are held is text, as in plain, mosaic:2 or frequencies:36")
    return parse(value)


Hold = Annotated[Parameterisation, BeforeValidator(_held), PlainSerializer(str)]
"""A `Parameterisation` as settings carry it: its text."""


def each(text: str, read: Callable[[str], Value]) -> Value | dict[str, Value]:
    """One value for all modalities, or one for each as ``audio=3,image=12``; `read` makes a value of its text.

    Example:
        >>> each("36", int), each("audio=3,image=12", int)
        (36, {'audio': 3, 'image': 12})
    """
    if "=" not in text:
        return read(text)
    pairs = [part.partition("=") for part in text.split(",")]
    found = {name.strip(): read(value) for name, _, value in pairs}
    if len(found) < len(pairs):
        raise InputError(f"each modality is named once, but got {text!r}")
    return found


def of_each(values: Any, modality: str, holder: Parameterisation) -> Any:
    """The value of a modality, of what `each` read."""
    if not isinstance(values, Mapping):
        return values
    if modality not in values:
        raise InputError(f"{holder} says nothing of {modality}; it names {', '.join(values)}. Name {modality} too.")
    return values[modality]


def written(values: Any, write: Callable[[Any], str]) -> str:
    """What `each` reads again."""
    if not isinstance(values, Mapping):
        return write(values)
    return ",".join(f"{name}={write(value)}" for name, value in values.items())


def modality_of(tensor: str) -> str:
    """The modality whose samples a tensor of `Tensors` holds, by its name.

    Example:
        >>> modality_of("audio"), modality_of("audio.phase")
        ('audio', 'audio')
    """
    return tensor.partition(".")[0]


def class_major(samples: Tensor, classes: int, cells: int) -> Tensor:
    """Cell-major `samples` (cell * class * row, ...) as (class * cell * row, ...): a class's are neighbours.

    The rows come ordered by `classes`, equally many of each; one stands for so many `cells`.
    """
    return samples.view(cells, classes, -1, *samples.shape[1:]).transpose(0, 1).flatten(0, 2)


def joined(parts: list[Tensors]) -> Tensors:
    """Rows of several tensors of the same names, one after the other."""
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def boxes_of(height: int, width: int, grid: Grid) -> list[Box]:
    """Rows and columns of pixels of each cell of a mosaic of `height` by `width` pixels, column by column.

    The `grid` has rows and columns of cells; parts of time have no part in it.

    Example:
        >>> [(r.start, r.stop, c.start, c.stop) for r, c in boxes_of(5, 4, (2, 2))]
        [(0, 3, 0, 2), (3, 5, 0, 2), (0, 3, 2, 4), (3, 5, 2, 4)]
    """
    rows, columns = grid[-2:]
    if not (1 <= rows <= height and 1 <= columns <= width):
        raise InputError(
            f"A mosaic has between 1 and as many rows and columns as the {height} x {width} input has pixels, but got "
            f"{rows} x {columns}."
        )
    return [(row, column) for column in _borders(width, columns) for row in _borders(height, rows)]


def times_of(x: Tensor, grid: Grid) -> list[slice]:
    """Frames of each part of time that a `grid` cuts samples `x`, (sample, frame, channel, height, width), into."""
    if len(grid) > 2 and not (x.ndim > 4 and grid[0] <= x.shape[1]):
        raise InputError(
            f"Time is cut into {grid[0]} parts, but samples have {x.shape[1] if x.ndim > 4 else 'no'} frames. Cut them "
            "into rows and columns alone, as in mosaic:audio=2x4,video=2x2x2, or prepare more frames."
        )
    return _borders(x.shape[1], grid[0]) if len(grid) > 2 else [slice(None)]


def cut(x: Tensor, grid: Grid) -> list[Tensor]:
    """The cells of mosaics `x`, (mosaic, ..., channel, height, width), as they are, of all mosaics one after the other.

    They come column by column of the `grid`, and so of each part of time.

    Example:
        >>> [cell.flatten().tolist() for cell in cut(torch.arange(4.0).reshape(1, 1, 2, 2), (1, 2))]
        [[0.0, 2.0], [1.0, 3.0]]
    """
    boxes = boxes_of(x.shape[-2], x.shape[-1], grid)
    return [x[:, frames][..., rows, columns] for frames in times_of(x, grid) for rows, columns in boxes]


def _borders(length: int, cells: int) -> list[slice]:
    edges = [(2 * i * length + cells) // (2 * cells) for i in range(cells + 1)]
    return [slice(a, b) for a, b in pairwise(edges)]
