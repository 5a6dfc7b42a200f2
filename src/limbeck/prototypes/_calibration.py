"""Temperature, the level below which a sound is none of these, and levels for several labels at once: from the pool.

All rest on one thing that needs no labels: words and prototypes are two views of a recording, and where they name the
same class that name is mostly right.
"""

from typing import Literal

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, softmax

from limbeck.errors import InputError
from limbeck.prototypes._arrays import Floats, Mask, Positions


def agreement(one: Positions, other: Positions) -> float:
    """Fraction of recordings (recording,) that two views call the same, with one more of either kind: in (0, 1).

    Example:
        >>> agreement(np.array([0, 1]), np.array([0, 0]))
        0.5
    """
    return float((one == other).sum() + 1) / (len(one) + 2)


def temperature(scores: Floats, confidence: float) -> float:
    """The temperature at which predictions are on average as sure as they should be.

    The mean over recordings of the largest class probability falls as the temperature rises; it is solved for where
    it equals `confidence`. Where words and prototypes agree on 87% of a pool, predictions are 87% sure on average.

    Scores are (recording, class). Confidence is clipped to what chance gives and to 0.999. The temperature is above 0,
    and 1 where scores do not tell classes apart.

    Example:
        >>> scores = np.array([[0.0, 1.0]])
        >>> round(temperature(scores, 1 / (1 + np.exp(-2))), 4)
        0.5
    """
    centred = (scores - scores.max(axis=1, keepdims=True)).astype(np.float64)
    spread = -centred.mean()
    if not spread > 0:
        return 1.0
    chance = 1 / scores.shape[1]
    target = float(np.clip(confidence, chance + 0.01 * (1 - chance), 0.999))

    def excess(log_temperature: float) -> float:
        return float(softmax(centred / (spread * np.exp(log_temperature)), axis=1).max(axis=1).mean() - target)

    # Ties at the top keep even a cold softmax from being sure.
    low, high = -12.0, 12.0
    return float(spread * np.exp(brentq(excess, low, high) if excess(low) > 0 > excess(high) else low / 4))


def threshold(own: Floats, out_of_vocabulary: Floats, reject: Literal["auto"] | float) -> float:
    """The similarity below which a sound is none of these.

    It is set on recordings' similarities to their own classes, (recording,), and to the nearest other class as if their
    own were not listed. `reject` is the fraction of known sounds that may be lost, above 0 and below 1; or ``"auto"``
    for the level with the fewest mistakes if half of the sounds are out of vocabulary.

    Example:
        >>> own, out_of_vocabulary = np.array([0.9, 0.8, 0.7, 0.3]), np.array([0.5, 0.4, 0.2, 0.1])
        >>> round(threshold(own, out_of_vocabulary, "auto"), 2), round(threshold(own, out_of_vocabulary, 0.25), 2)
        (0.6, 0.6)
    """
    if not len(own) or (reject == "auto" and not np.isfinite(out_of_vocabulary).all()):
        raise InputError(
            "The pool does not tell where 'none of these' begins: it takes at least two labels and recordings on whose "
            "class words and prototypes agree. Learn with reject=None, with more labels, or from a larger pool."
        )
    if reject != "auto":
        return float(np.quantile(own, reject))
    level = np.unique(np.concatenate([own, out_of_vocabulary]))
    between = np.concatenate([level[:1], (level[1:] + level[:-1]) / 2])
    lost = np.searchsorted(np.sort(own), between) / len(own)
    let_in = 1 - np.searchsorted(np.sort(out_of_vocabulary), between) / len(out_of_vocabulary)
    mistakes = lost + let_in
    return float(between[mistakes <= mistakes.min() + 1e-12].mean())


def levels(scores: Floats, home: Mask, away: Mask) -> Floats:
    """Mean of scores (recording, class) to each class of other sounds, and of its own: (2, class).

    A class without either kind has the smallest, or the largest, similarity. Masks are (recording, class).
    """
    low = _mean_where(scores, away, scores.min(axis=0))
    high = _mean_where(scores, home, scores.max(axis=0))
    return np.stack([low, np.maximum(high, low)])


def level_scores(scores: Floats, away: Floats, home: Floats) -> Floats:
    """For each class on its own how much a sound is of it, above 0 and below 1: (row, class).

    One half is the middle between other sounds and the class's own; what other sounds have on average (`away`)
    gets 0.12, what its own have (`home`) 0.88.
    """
    gap = np.maximum(home - away, np.finfo(scores.dtype).eps)
    return np.asarray(expit(np.clip(4 * ((scores - away) / gap - 0.5), -15, 15)))


def _mean_where(scores: Floats, mask: Mask, otherwise: Floats) -> Floats:
    count = mask.sum(axis=0)
    mean = np.where(mask, scores, 0).sum(axis=0) / np.maximum(count, 1)
    return np.where(count > 0, mean, otherwise).astype(scores.dtype)
