"""What a recipe found, as numbers that tables and figures are made of."""

from dataclasses import dataclass
from typing import Any

from limbeck._config import Config


@dataclass(frozen=True)
class Cell:
    """One row, measured once on one fold.

    Attributes:
        ablation: Name of the recipe's ablation; empty for the main table.
        draw: From 0 on.
        values: Numbers by name, in percent where the name says so; the first is the one to compare by.
        point: Where in the ablation; `x` and `variant` as of `ablations.Point`.
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
    """How an ablation, by its name in the recipe, is to be shown; see `ablations.Ablation`."""

    name: str
    title: str
    axis: str
    log: bool
    about: str
    against_first: bool = False


class SoundResults(Config):
    """Everything a recipe found.

    Attributes:
        name: Of the recipe, and of the folder of its tables.
        baseline: Row that the others are compared with.
        rows: In the order of the tables, as the ablations.
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
