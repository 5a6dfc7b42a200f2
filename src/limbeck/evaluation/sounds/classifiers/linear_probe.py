"""Logistic regression on labelled embeddings (`linear_probe`), by scikit-learn."""

from typing import ClassVar, Literal, final

import numpy as np
from pydantic import Field

from limbeck.evaluation.sounds._embedded import Fold
from limbeck.evaluation.sounds.classifiers._contract import Classifier, Predictions
from limbeck.evaluation.sounds.classifiers.supervised_prototypes import spread


@final
class LinearProbe(Classifier):
    """Standardised embeddings and a regularised linear classifier; one for each class where there can be several.

    Attributes:
        space: What it sees.
        strength: Inverse of the regularisation, scikit-learn's C, above 0.
        steps: At most this many.
    """

    supervised: ClassVar[bool] = True
    space: Literal["joint", "features"] = "features"
    strength: float = Field(1.0, gt=0)
    steps: int = Field(1000, ge=1)

    def classify(self, fold: Fold, *, seed: int) -> Predictions:
        """Fit and score the test recordings; the problem is convex, so the seed is not used."""
        from sklearn.linear_model import LogisticRegression
        from sklearn.multiclass import OneVsRestClassifier
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        pool = fold.pool.labelled
        regression = LogisticRegression(C=self.strength, max_iter=self.steps)
        present = np.flatnonzero(pool.known.any(0))
        if fold.multi_label:
            # A class that every recording has is no problem to learn; scikit-learn wants both answers.
            present = present[~pool.known[:, present].all(0)]
            regression = OneVsRestClassifier(regression)
        targets = pool.known[:, present] if fold.multi_label else pool.known.argmax(1)
        model = make_pipeline(StandardScaler(), regression).fit(getattr(pool, self.space), targets)
        scores = model.decision_function(getattr(fold.test, self.space))
        return Predictions(spread(scores, present, fold.texts.shape[1]))
