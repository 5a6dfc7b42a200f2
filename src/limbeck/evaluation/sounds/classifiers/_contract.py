"""What every classifier of a comparison is: settings, and scores of a fold's test recordings."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

from limbeck._config import Config
from limbeck._discover import Listed
from limbeck.evaluation.sounds import metrics
from limbeck.evaluation.sounds._embedded import Fold, Rows
from limbeck.evaluation.sounds.embeddings import Array


@dataclass(frozen=True)
class Predictions:
    """What a classifier says of the test recordings.

    Attributes:
        scores: Highest is best, float32, (test recording, class).
        neighbours: For each class the positions in the pool it was made of; empty where there are none.
        facts: Further numbers by name: how many neighbours were chosen, say.
    """

    scores: Array
    neighbours: list[Rows] = field(default_factory=list)
    facts: dict[str, float] = field(default_factory=dict)


class Classifier(Config, Listed, ABC):
    """Settings of a classifier of sounds. One module of the room defines one.

    Attributes:
        supervised: Whether it sees the pool's labels; from the others they are hidden.
        draws: How often it is repeated with another seed.
    """

    room: ClassVar[str] = "limbeck.evaluation.sounds.classifiers"

    supervised: ClassVar[bool] = False
    draws: ClassVar[int] = 1

    @abstractmethod
    def classify(self, fold: Fold, *, seed: int) -> Predictions:
        """Learn from a `fold`'s pool, all drawn by a `seed` >= 0, and score its tests, whose labels are hidden."""

    def measure(self, fold: Fold, *, seed: int) -> dict[str, float]:
        """Numbers of one `fold`, all drawn by a `seed` >= 0.

        No test label is seen, and none of the pool unless the classifier is supervised.
        """
        found = self.classify(fold.seen(labels=self.supervised), seed=seed)
        values = metrics.measure(found.scores, fold.test.known, multi_label=fold.multi_label)
        if found.neighbours:
            values[metrics.PURITY] = metrics.purity(found.neighbours, fold.pool.known)
        return values | found.facts
