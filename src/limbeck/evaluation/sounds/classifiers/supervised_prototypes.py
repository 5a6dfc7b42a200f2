"""Class means of labelled recordings (`supervised_prototypes`): what prototypes from words would be if none were wrong.

Source: the "sv" prototypes of PROTO (Interspeech 2023): the mean of all pool recordings that have the class, in the
joint space, by Euclidean distance; `paper` is that to the letter, otherwise the classifier's defaults hold.
"""

from typing import Any, ClassVar, Literal, final

import numpy as np

from limbeck.evaluation.sounds._embedded import Fold
from limbeck.evaluation.sounds.classifiers._contract import Predictions
from limbeck.evaluation.sounds.classifiers.prototypes import Learner


@final
class SupervisedPrototypes(Learner):
    """A `limbeck.prototypes.PrototypeClassifier` fitted with labels.

    Attributes:
        space: Where means are taken and sounds compared.
    """

    supervised: ClassVar[bool] = True
    space: Literal["joint", "features"] = "joint"

    def classify(self, fold: Fold, *, seed: int) -> Predictions:
        """Average each class and score the test recordings; a class without recordings is never given."""
        pool = fold.pool.labelled
        learner = self.build()
        present = np.flatnonzero(pool.known.any(0))
        targets = pool.known[:, present].astype(int) if fold.multi_label else pool.known.argmax(1)
        learner.fit(getattr(pool, self.space), targets)
        return Predictions(spread(learner.similarities(getattr(fold.test, self.space)), present, fold.texts.shape[1]))


def spread(scores: Any, classes: Any, count: int) -> Any:
    """Scores of the `classes` that were learnt, among all `count`; those that were not get less than any.

    The `scores` are (recording, learnt class), or a single column where there are two, for the second of them; those
    given are float32, (recording, class).

    Example:
        >>> spread(np.array([[0.5, 2.0]]), [2, 0], 3)
        array([[ 2. , -0.5,  0.5]], dtype=float32)
    """
    scores = np.asarray(scores, dtype=np.float32)
    if scores.ndim == 1:
        scores = np.stack([-scores, scores], axis=1)
    everything = np.full((len(scores), count), scores.min() - 1, dtype=np.float32)
    everything[:, np.asarray(classes, dtype=np.int64)] = scores
    return everything
