"""Prototypes from words (`prototypes`): each class is the mean of the unlabelled recordings nearest to its text."""

from typing import Any, Self, final

import numpy as np
from pydantic import Field, model_validator

from limbeck.evaluation.sounds._embedded import Fold
from limbeck.evaluation.sounds.classifiers._contract import Classifier, Predictions


class Learner(Classifier):
    """Settings of a `limbeck.prototypes.PrototypeClassifier`.

    Attributes:
        paper: Start from the published settings rather than the defaults.
        settings: Settings of the classifier that differ. More neighbours than the pool has means all of it.
    """

    paper: bool = False
    settings: dict[str, Any] = Field(default_factory=dict)

    def build(self) -> Any:
        """The classifier with these settings; refused where one is unknown, or has a value that does not fit."""
        from limbeck.prototypes import PrototypeClassifier, check_parameters

        made = (PrototypeClassifier.paper() if self.paper else PrototypeClassifier()).set_params(**self.settings)
        check_parameters(made.get_params())
        return made

    @model_validator(mode="after")
    def _settings_fit(self) -> Self:
        self.build()
        return self


@final
class Prototypes(Learner):
    """A `limbeck.prototypes.PrototypeClassifier` that learns from texts and the pool.

    Attributes:
        two_spaces: Average neighbours in the encoder's own audio space; otherwise all happens in the joint space.
        levels: Score by how far a sound is between other sounds and the class's own, which can be compared over
            classes that several of may be there; otherwise by similarity to the prototype.
    """

    two_spaces: bool = True
    levels: bool = False

    def classify(self, fold: Fold, *, seed: int) -> Predictions:
        """Find neighbours, average them, and score the test recordings; the seed is not used."""
        learner = self.build()
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
