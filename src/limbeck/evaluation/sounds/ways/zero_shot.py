"""Ask the encoder directly (`zero_shot`): the class whose text lies nearest to the sound in the joint space.

Several prompts are averaged into one direction a class.
"""

from __future__ import annotations

from typing import final

from limbeck.evaluation.sounds._fold import Fold
from limbeck.evaluation.sounds.ways._contract import Answer, Way


@final
class ZeroShot(Way):
    """Cosine between sound and text; the pool is not used."""

    def answer(self, fold: Fold, *, seed: int) -> Answer:
        """Compare sounds with texts.

        Args:
            fold: Its test recordings and texts.
            seed: Not used.
        """
        return Answer(fold.test.joint @ fold.text.T)
