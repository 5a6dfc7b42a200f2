"""What every ablation is: points, each a change of the folds or of the rows' settings."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

from limbeck._config import Config
from limbeck._discover import Listed
from limbeck.evaluation.sounds._embedded import EmbeddedDataset, Fold
from limbeck.evaluation.sounds.classifiers import Classifier


@dataclass(frozen=True)
class Point:
    """One place at which rows are measured.

    Attributes:
        name: For tables.
        folds: Gives the folds there, for the seed of a draw; None for a point that was sent to another process.
        x: Where it stands on the axis; None where an ablation has none.
        variant: Name of a curve of its own; mostly empty.
        settings: What becomes different in each row's settings.
        draws: How many seeds.
    """

    name: str
    folds: Callable[[int], list[Fold]] | None
    x: float | None = None
    variant: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    draws: int = 1


def each(folds: list[Fold], change: Callable[..., Fold]) -> Callable[[int], list[Fold]]:
    """The `folds` of a point, each as it becomes by a `change` that takes the seed of a draw."""
    return lambda seed: [change(fold, seed=seed) for fold in folds]


class Ablation(Config, Listed, ABC):
    """Settings of an ablation. One module of the room defines one.

    Attributes:
        axis: What runs along the horizontal axis; empty where points have no order.
        log: Whether that axis is logarithmic.
        about: What a reader must know.
        against_first: Whether tables say how far each point is from the first.
        rows: Names of the recipe's rows that take part; by default those it can say something of.
    """

    room: ClassVar[str] = "limbeck.evaluation.sounds.ablations"

    title: ClassVar[str]
    axis: ClassVar[str] = ""
    log: ClassVar[bool] = False
    about: ClassVar[str] = ""
    against_first: ClassVar[bool] = False
    rows: tuple[str, ...] = ()

    def fits(self, classifier: Classifier) -> bool:
        """Whether a row of this classifier takes part where `rows` names none."""
        return not classifier.supervised and classifier.draws == 1

    @abstractmethod
    def points(self, sounds: EmbeddedDataset) -> Iterator[Point]:
        """All points of recordings through an encoder, in the order of tables."""
