"""Ask the encoder directly (`zero_shot`): the class whose text lies nearest to the sound in the joint space.

Several prompts are averaged into one direction a class.
"""

from typing import final

from limbeck.evaluation.sounds._embedded import Fold
from limbeck.evaluation.sounds.classifiers._contract import Classifier, Predictions


@final
class ZeroShot(Classifier):
    """Cosine between sound and text; the pool is not used."""

    def classify(self, fold: Fold, *, seed: int) -> Predictions:
        return Predictions(fold.test.joint @ fold.text.T)
