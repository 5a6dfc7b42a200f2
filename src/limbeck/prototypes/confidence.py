"""From a classifier's score of a word to the probability that the sound is of it, and how far that can be believed.

Scores are how sure prototypes are among the words. How often a word with such a score is right, only a person can say:
by recordings with labels, or by what was accepted and refused.

Source: Platt, *Probabilistic outputs for support vector machines*, 1999: a logistic curve over the scores, whose
    targets are kept off 0 and 1, learned by scikit-learn's `LogisticRegression`.
Differs from the paper: the curve is over the logit of the score, so that scores that are right as they are stay so. It
    is used only where it is better on recordings left out of learning it.
Cost: six logistic regressions of one variable, milliseconds.
"""

from typing import Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from limbeck._config import Config

Floats = npt.NDArray[np.floating]
Mask = npt.NDArray[np.bool_]

ENOUGH = 20
"""So many right and so many wrong cases, and ten recordings, are the fewest to calibrate on."""
_RECORDINGS = 10
_FOLDS = 5
_BINS = 10
_EDGE = 1e-3
"""Scores nearer to 0 or 1 say no more: half precision ends there."""
_FREE = 1e6
"""Inverse strength of a penalty that does nothing."""


class Bin(Config):
    """Cases whose probability was said to lie in a range.

    Attributes:
        low: Where the range begins, 0 to 1.
        high: Where it ends.
        cases: How many there were, each a word of a sound.
        said: The mean probability that was said.
        right: The fraction in which the sound was of the word.
    """

    low: float = Field(default=0.0, ge=0, le=1)
    high: float = Field(default=1.0, ge=0, le=1)
    cases: int = Field(default=1, ge=1)
    said: float = Field(default=0.0, ge=0, le=1)
    right: float = Field(default=0.0, ge=0, le=1)


class Confidence(Config):
    """A curve from scores to probabilities, and the reliability of the latter on recordings left out.

    Attributes:
        slope: Of the curve over the score's logit, above 0; 1, with an intercept of 0, where scores are right already.
        intercept: Of the curve.
        source: What said which cases are right: ``"labels"`` of recordings, or ``"corrections"``.
        recordings: How many recordings it was calibrated on.
        cases: Words of windows or recordings, of which it is known whether they are right.
        right: How many of them are.
        brier: Mean squared error of the probabilities, of recordings left out.
        brier_of_scores: The same of the scores themselves.
        bins: The reliability curve, of recordings left out.
        classifier: Fingerprint of the classifier it belongs to; empty where it is kept in it.
    """

    slope: float = Field(default=1.0, gt=0)
    intercept: float = 0.0
    source: Literal["labels", "corrections"] = "labels"
    recordings: int = Field(default=0, ge=0)
    cases: int = Field(default=0, ge=0)
    right: int = Field(default=0, ge=0)
    brier: float = Field(default=0.0, ge=0, le=1)
    brier_of_scores: float = Field(default=0.0, ge=0, le=1)
    bins: tuple[Bin, ...] = ()
    classifier: str = ""

    @classmethod
    def of(
        cls, scores: Floats, right: Mask, recordings: npt.NDArray[np.integer], source: Literal["labels", "corrections"]
    ) -> Self | None:
        """Calibrate on cases, each a word of a sound; None where there are too few, or higher scores are no better.

        The `scores` are 0 to 1, (case,); whether they are `right` is (case,), and so are the places of the
        `recordings`, which are left out whole. The `source` is what said so.
        """
        names = np.unique(recordings)
        if min(right.sum(), (~right).sum()) < ENOUGH or len(names) < _RECORDINGS:
            return None
        said, curve = np.empty(len(scores)), _curve(scores, right)
        for train, test in GroupKFold(_FOLDS).split(scores, groups=recordings):
            said[test] = _along(scores[test], *_curve(scores[train], right[train]))
        before, after = (float(np.mean((values - right) ** 2)) for values in (scores, said))
        if curve[0] <= 0:
            return None
        if before <= after:
            curve, said, after = (1.0, 0.0), np.asarray(scores, np.float64), before
        return cls(
            slope=curve[0],
            intercept=curve[1],
            source=source,
            recordings=len(names),
            cases=len(scores),
            right=int(right.sum()),
            brier=after,
            brier_of_scores=before,
            bins=_bins(said, right),
        )

    def probability(self, scores: npt.ArrayLike) -> Floats:
        """The probability that a sound is of a word that has such a score, of any shape; 0 stays 0, none of the words.

        Example:
            >>> Confidence(slope=2.0, intercept=-1.0).probability([0.0, 0.5, 0.9]).round(2).tolist()
            [0.0, 0.27, 0.97]
        """
        given = np.asarray(scores, np.float64)
        return np.where(given > 0, _along(given, self.slope, self.intercept), 0.0)

    def sentence(self) -> str:
        """Say what a confidence is and how it was found.

        Example:
            >>> print(Confidence(recordings=40, cases=400, right=40, brier=0.02, brier_of_scores=0.05).sentence())
            Confidence is a probability, calibrated on the labels of 40 recordings; of recordings left out its mean squared error is 0.020, that of the scores 0.050.
        """  # noqa: E501
        return (
            f"Confidence is a probability, calibrated on the {self.source} of {self.recordings} recordings; of "
            f"recordings left out its mean squared error is {self.brier:.3f}, that of the scores "
            f"{self.brier_of_scores:.3f}."
        )


def _along(scores: Floats, slope: float, intercept: float) -> Floats:
    return np.asarray(expit(slope * logit(np.clip(np.asarray(scores, np.float64), _EDGE, 1 - _EDGE)) + intercept))


def _curve(scores: Floats, right: Mask) -> tuple[float, float]:
    """Slope and intercept of Platt's curve over the logits of the scores."""
    at = logit(np.clip(np.asarray(scores, np.float64), _EDGE, 1 - _EDGE))[:, None]
    yes, no = int(right.sum()), int((~right).sum())
    target = np.where(right, (yes + 1) / (yes + 2), 1 / (no + 2))
    # A target between 0 and 1 is a case that counts as both.
    made = LogisticRegression(C=_FREE, max_iter=1000).fit(
        np.concatenate([at, at]),
        np.repeat([True, False], len(at)),
        sample_weight=np.concatenate([target, 1 - target]),
    )
    return float(made.coef_[0, 0]), float(made.intercept_[0])


def _bins(said: Floats, right: Mask) -> tuple[Bin, ...]:
    """The reliability curve in bins of equal width; those without a case are left out."""
    place = np.minimum((said * _BINS).astype(int), _BINS - 1)
    return tuple(
        Bin(
            low=b / _BINS,
            high=(b + 1) / _BINS,
            cases=int((place == b).sum()),
            said=float(said[place == b].mean()),
            right=float(right[place == b].mean()),
        )
        for b in np.unique(place).tolist()
    )
