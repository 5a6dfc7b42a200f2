"""Prototypes from words, corrected by clicks on what the studio lists to be checked (`studio_clicks`).

It is the studio's own queue and learner that choose and learn. A simulated person says truly what each recording of the
list is, from the top, one click a recording; after the last one the studio lists anew. It learns after every click, but
only from what was said by then, so that learning once before each list gives the same.
"""

from typing import ClassVar, final

from pydantic import Field

from limbeck.evaluation.sounds._embedded import Fold
from limbeck.evaluation.sounds.classifiers._contract import Classifier, Predictions


@final
class StudioClicks(Classifier):
    """Clicks in the studio's order, in which there is no chance.

    Attributes:
        clicks: How many, 0 or more.
        two_spaces: Average neighbours in the encoder's own audio space; otherwise all happens in the joint space.
    """

    supervised: ClassVar[bool] = True
    clicks: int = Field(100, ge=0)
    two_spaces: bool = True

    def classify(self, fold: Fold, *, seed: int) -> Predictions:
        """Click, learn, and score the test recordings; the seed is not used. What is never listed is not asked."""
        from limbeck.evaluation.sounds.classifiers._clicks import Person

        person, left = Person(fold, two_spaces=self.two_spaces), self.clicks
        while listed := person.listed()[:left]:
            person.click(listed)
            left -= len(listed)
        return person.predictions(fold.test)
