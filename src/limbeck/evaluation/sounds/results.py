"""What a recipe found, as numbers that tables and figures are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter


@dataclass(frozen=True)
class Cell:
    """One row, measured once on one fold.

    Attributes:
        ablation: Name of the recipe's ablation; empty for the main table.
        row: Name of the row.
        fold: Name of the fold.
        draw: Number of the draw, from 0 on.
        values: Numbers by name, in percent where the name says so; the first is the one to compare by.
        point: Where in the ablation.
        variant: Which curve of the ablation; mostly empty.
        x: Place on the ablation's axis; None where it has none.
        seconds: Time to learn and to classify.
    """

    ablation: str
    row: str
    fold: str
    draw: int
    values: dict[str, float]
    point: str = ""
    variant: str = ""
    x: float | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class AblationFacts:
    """How an ablation is to be shown.

    Attributes:
        name: Of the ablation in the recipe.
        title: Heading.
        axis: What runs along the horizontal axis; empty for none.
        log: Whether it is logarithmic.
        about: What a reader must know.
    """

    name: str
    title: str
    axis: str
    log: bool
    about: str


@dataclass(frozen=True)
class SoundResults:
    """Everything a recipe found.

    Attributes:
        name: Of the recipe, and of the folder of its tables.
        title: Heading.
        dataset: Name of the reader.
        baseline: Row that the others are compared with.
        rows: Rows in the order of the tables.
        supervised: Rows that saw labels of the pool.
        ablations: How the ablations are to be shown, in the order of the tables.
        cells: All numbers.
        about: What was the same everywhere, JSON-able.
    """

    name: str
    title: str
    dataset: str
    baseline: str
    rows: tuple[str, ...]
    supervised: tuple[str, ...]
    ablations: tuple[AblationFacts, ...]
    cells: tuple[Cell, ...]
    about: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON-able data."""
        content: dict[str, Any] = _ADAPTER.dump_python(self, mode="json")
        return content

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> SoundResults:
        """Results from JSON-able data."""
        return _ADAPTER.validate_python(data)

    def of(self, ablation: str = "", **wanted: Any) -> list[Cell]:
        """Cells of an `ablation` (or the main table) with the `wanted` values of fields, ``row="zero-shot"``."""
        return [c for c in self.cells if c.ablation == ablation and all(getattr(c, k) == v for k, v in wanted.items())]


_ADAPTER = TypeAdapter(SoundResults)
