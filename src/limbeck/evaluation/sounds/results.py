"""What a recipe found, as numbers that tables and figures are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from limbeck._config import Config


@dataclass(frozen=True)
class Cell:
    """One row, measured once on one fold.

    Attributes:
        ablation: Name of the recipe's ablation; empty for the main table.
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
        axis: What runs along the horizontal axis; empty for none.
        log: Whether it is logarithmic.
        about: What a reader must know.
    """

    name: str
    title: str
    axis: str
    log: bool
    about: str


class SoundResults(Config):
    """Everything a recipe found.

    Attributes:
        name: Of the recipe, and of the folder of its tables.
        dataset: Name of the reader.
        baseline: Row that the others are compared with.
        rows: Rows in the order of the tables, as the ablations.
        supervised: Rows that saw labels of the pool.
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

    def of(self, ablation: str = "", **wanted: Any) -> list[Cell]:
        """Cells of an `ablation` (or the main table) with the `wanted` values of fields, ``row="zero-shot"``."""
        return [c for c in self.cells if c.ablation == ablation and all(getattr(c, k) == v for k, v in wanted.items())]
