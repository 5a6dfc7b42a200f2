"""Clicks on recordings drawn at random: corrections of prototypes from words, or labels alone (`random_clicks`).

What the studio's order is measured against (`studio_clicks`), and what words are.
"""

from dataclasses import replace
from typing import ClassVar, final

import numpy as np
from pydantic import Field

from limbeck.evaluation.sounds._embedded import Fold
from limbeck.evaluation.sounds.classifiers._contract import Classifier, Predictions
from limbeck.evaluation.sounds.classifiers.linear_probe import LinearProbe


@final
class RandomClicks(Classifier):
    """So many recordings of the pool are named by a person.

    Attributes:
        clicks: How many, 0 or more.
        two_spaces: Average neighbours in the encoder's own audio space; otherwise all happens in the joint space.
        words: Whether they correct prototypes that words found, in the studio's way; otherwise there are labels only,
            and a linear probe learns from them. Without a label all classes are alike to it.
    """

    supervised: ClassVar[bool] = True
    draws: ClassVar[int] = 5
    clicks: int = Field(100, ge=0)
    two_spaces: bool = True
    words: bool = True

    def classify(self, fold: Fold, *, seed: int) -> Predictions:
        """Draw recordings, learn what they are, and score the test recordings."""
        rows = np.random.default_rng(seed).permutation(np.flatnonzero(fold.pool.known.any(axis=1)))[: self.clicks]
        if self.words:
            from limbeck.evaluation.sounds.classifiers._clicks import Person

            person = Person(fold, two_spaces=self.two_spaces)
            person.click(np.flatnonzero(np.isin(person.recordings, rows)).tolist())
            return person.predictions(fold.test)
        shown = fold.pool.select(rows)
        if (shown.known.any(axis=0) & ~shown.known.all(axis=0)).any():
            return LinearProbe().classify(replace(fold, pool=shown), seed=seed)
        # One class, or none: there is nothing that a probe could tell apart.
        alike = np.zeros((len(fold.test), fold.texts.shape[1]), np.float32)
        return Predictions(alike + shown.known.any(axis=0).astype(np.float32))
