"""Clicks of a simulated person, who answers truly, on recordings of a fold's pool."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from limbeck.active_learning import Judge, Learner, State, Word, to_check
from limbeck.evaluation.sounds._embedded import Fold, Sounds
from limbeck.evaluation.sounds.classifiers._contract import Predictions
from limbeck.evaluation.sounds.embeddings import Array
from limbeck.index import File, Pool

LISTED = 24
"""Windows that the studio's list to check holds; when all were answered the next ones follow."""
PROBE = "probe used (%)"


class Person:
    """Someone at a studio of a fold's pool, who knows what its labelled recordings are; others are not in it.

    Prototypes are averaged in the encoder's own audio space, or, without `two_spaces`, in the joint one.

    Attributes:
        recordings: Those in the studio, as rows of the pool, (recording,).
    """

    def __init__(self, fold: Fold, *, two_spaces: bool) -> None:
        self.recordings = np.flatnonzero(fold.pool.known.any(axis=1))
        pool = fold.pool.labelled
        self._truth = pool.known.argmax(axis=1)
        self._learner = Learner(_pool(pool), lambda about: fold.texts, joint=not two_spaces)
        self._state = State({str(c): Word() for c in range(fold.texts.shape[1])})
        self._learner.learn(self._state)

    def listed(self) -> list[int]:
        """Recordings that the studio lists to be checked, by place, in its order."""
        return [place for place, _ in to_check(self._learner, self._state, LISTED)]

    def click(self, places: Iterable[int]) -> None:
        """Say what some recordings are, by place, of several words the first; then all is learned."""
        for place in places:
            said = Judge(word=str(self._truth[place]), windows=(self._learner.piece(place),))
            self._state = said.apply(self._state)
        self._learner.learn(self._state)

    def predictions(self, test: Sounds) -> Predictions:
        """What the classifier makes of test recordings, what it is made of, and whether it is a probe by now."""
        made = self._learner.classifier
        scores: Array = np.asarray(made.logits(getattr(test, made.space_)), np.float32)
        neighbours = [self.recordings[own] for own in made.neighbours_]
        return Predictions(scores, neighbours, {PROBE: 100.0 * (made.probe_ is not None)})


def _pool(sounds: Sounds) -> Pool:
    """A pool of an index; recordings are named by their positions, and are a window each."""
    files = [File("", str(row), 0, 0) for row in range(len(sounds))]
    nothing = np.zeros(len(sounds))
    return Pool(sounds.joint, sounds.features, [Path(file.path) for file in files], nothing, nothing, files)
