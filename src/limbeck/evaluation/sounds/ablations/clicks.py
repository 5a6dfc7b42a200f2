"""Accuracy against the number of a person's clicks (`clicks`), in pools drawn at random."""

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar, final

from pydantic import Field, NonNegativeInt

from limbeck.evaluation.sounds._embedded import EmbeddedDataset, Fold
from limbeck.evaluation.sounds.ablations._contract import Ablation, Point, each
from limbeck.evaluation.sounds.ablations.pool_size import part
from limbeck.evaluation.sounds.classifiers import Classifier
from limbeck.evaluation.sounds.classifiers.random_clicks import RandomClicks
from limbeck.evaluation.sounds.classifiers.studio_clicks import StudioClicks


@final
class Clicks(Ablation):
    """More and more clicks.

    Attributes:
        counts: How many, ascending.
        fraction: Part of each fold's pool that is there, in (0, 1]: every draw is another archive.
        draws: Independent draws of it, the same for all numbers of clicks.
    """

    title: ClassVar[str] = "Clicks"
    axis: ClassVar[str] = "clicks"
    against_first: ClassVar[bool] = True
    about: ClassVar[str] = (
        "A simulated person says truly what recordings of the pool are; test recordings are never shown. Each draw has "
        "a part of the pool, the same for all rows and numbers of clicks; ± is over folds, of means over draws."
    )
    counts: tuple[NonNegativeInt, ...] = (0, 10, 30, 100)
    fraction: float = Field(0.8, gt=0, le=1)
    draws: int = Field(5, ge=1)

    def fits(self, classifier: Classifier) -> bool:
        return isinstance(classifier, RandomClicks | StudioClicks)

    def points(self, sounds: EmbeddedDataset) -> Iterator[Point]:
        """A point for each number of clicks."""
        folds = sounds.folds()

        def drawn(fold: Fold, *, seed: int) -> Fold:
            return replace(fold, pool=fold.pool.select(part(len(fold.pool), self.fraction, seed, fold.name)))

        for count in self.counts:
            yield Point(str(count), each(folds, drawn), x=count, settings={"clicks": count}, draws=self.draws)
