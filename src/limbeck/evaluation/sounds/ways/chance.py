"""A guess that knows nothing (`chance`): random scores, the mean over many draws."""

from __future__ import annotations

from typing import ClassVar, final

import numpy as np

from limbeck.evaluation.sounds._fold import Fold
from limbeck.evaluation.sounds.ways._contract import Answer, Way


@final
class Chance(Way):
    """Random scores."""

    draws: ClassVar[int] = 20

    def answer(self, fold: Fold, *, seed: int) -> Answer:
        """Draw scores.

        Args:
            fold: Only its sizes matter.
            seed: Of the scores.
        """
        shape = (len(fold.test), fold.texts.shape[1])
        return Answer(np.random.default_rng(seed).random(shape, dtype=np.float32))
