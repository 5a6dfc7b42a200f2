"""Prototypes from words (`prototypes`): each class is the mean of the unlabelled recordings nearest to its text."""

from __future__ import annotations

from typing import Any, Self, final

import numpy as np
from pydantic import Field, model_validator

from limbeck.evaluation.sounds._fold import Fold
from limbeck.evaluation.sounds.classifiers._contract import Classifier, Predictions


@final
class Prototypes(Classifier):
    """A `limbeck.prototypes.PrototypeClassifier` that learns from texts and the pool.

    Attributes:
        paper: Start from the published settings rather than the defaults.
        two_spaces: Average neighbours in the encoder's own audio space; otherwise all happens in the joint space.
        levels: Score by how far a sound is between other sounds and the class's own, which can be compared over
            classes that several of may be there; otherwise by similarity to the prototype.
        settings: Settings of the classifier that differ. More neighbours than the pool has means all of it.
    """

    paper: bool = False
    two_spaces: bool = True
    levels: bool = False
    settings: dict[str, Any] = Field(default_factory=dict)

    def classify(self, fold: Fold, *, seed: int) -> Predictions:
        """Find neighbours, average them, and score the test recordings; the seed is not used."""
        learner = estimator(self.settings, paper=self.paper)
        if learner.neighbours != "auto":
            learner.set_params(neighbours=min(learner.neighbours, len(fold.pool)))
        labels = [str(c) for c in range(fold.texts.shape[1])]
        features = fold.pool.features if self.two_spaces else None
        learner.fit_from_text(fold.pool.joint, fold.texts, labels, features=features)
        score = learner.multi_label_scores if self.levels else learner.similarities
        scores = score(fold.test.features if self.two_spaces else fold.test.joint)
        neighbours = [np.asarray(rows, dtype=np.int64) for rows in learner.neighbours_]
        count = float(np.mean([len(rows) for rows in neighbours]))
        return Predictions(np.asarray(scores, dtype=np.float32), neighbours, {"neighbours": count})

    @model_validator(mode="after")
    def _settings_fit(self) -> Self:
        estimator(self.settings, paper=self.paper)
        return self


def estimator(settings: dict[str, Any], *, paper: bool) -> Any:
    """A `limbeck.prototypes.PrototypeClassifier` with `settings` that differ from its defaults, or from the paper's.

    Raises:
        ValueError: A setting is unknown, or has a value that does not fit.
    """
    from limbeck.prototypes import PrototypeClassifier, check_parameters

    made = (PrototypeClassifier.paper() if paper else PrototypeClassifier()).set_params(**settings)
    check_parameters(made.get_params())
    return made
