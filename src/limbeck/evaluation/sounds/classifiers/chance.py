"""A guess that knows nothing (`chance`): random scores, the mean over many draws."""

from typing import ClassVar, final

import numpy as np

from limbeck.evaluation.sounds._embedded import Fold
from limbeck.evaluation.sounds.classifiers._contract import Classifier, Predictions


@final
class Chance(Classifier):
    """Random scores."""

    draws: ClassVar[int] = 20

    def classify(self, fold: Fold, *, seed: int) -> Predictions:
        shape = (len(fold.test), fold.texts.shape[1])
        return Predictions(np.random.default_rng(seed).random(shape, dtype=np.float32))
