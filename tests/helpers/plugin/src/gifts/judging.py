"""A classifier of sounds, and what accuracy depends on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, final

import numpy as np

from limbeck.evaluation.sounds.ablations import Ablation, EmbeddedDataset, Point
from limbeck.evaluation.sounds.classifiers import Classifier, Fold, Predictions


@final
class Stubborn(Classifier):
    """Always the first class."""

    def classify(self, fold: Fold, *, seed: int) -> Predictions:
        """See `Classifier.answer`."""
        scores = np.zeros((len(fold.test), fold.texts.shape[1]), np.float32)
        scores[:, 0] = 1
        return Predictions(scores)


@final
class Once(Ablation):
    """One point."""

    title: ClassVar[str] = "Once"

    def points(self, sounds: EmbeddedDataset) -> Iterator[Point]:
        """The folds as they are."""
        folds = sounds.folds()
        yield Point("all", lambda seed: folds)
