"""Temperature, the level below which a sound is none of these, and levels for several labels at once: from the pool.

All rest on one thing that needs no labels: words and prototypes are two views of a recording, and where they name the
same class that name is mostly right.
"""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, softmax

from limbeck.errors import InputError
from limbeck.prototypes._arrays import Floats, Mask, Positions

_NEAR = 0.6
_MISSED = 0.15
"""Of recordings of the words themselves so many lie far from every word, by `_NEAR`; measured on ESC-10."""


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


def fewest_mistakes(own: Floats, out_of_vocabulary: Floats) -> float:
    """The similarity below which a sound is none of these, where half of the sounds are: with the fewest mistakes.

    It is set on recordings' similarities to their own classes, (recording,), and to the nearest other class as if their
    own were not listed.

    Example:
        >>> own, out_of_vocabulary = np.array([0.9, 0.8, 0.7, 0.3]), np.array([0.5, 0.4, 0.2, 0.1])
        >>> round(fewest_mistakes(own, out_of_vocabulary), 2)
        0.6
    """
    if not len(own) or not np.isfinite(out_of_vocabulary).all():
        raise InputError(
            "The pool does not tell where 'none of these' begins: it takes at least two labels and recordings on whose "
            "class words and prototypes agree. Learn with reject=None, with more labels, or from a larger pool."
        )
    level = np.unique(np.concatenate([own, out_of_vocabulary]))
    between = np.concatenate([level[:1], (level[1:] + level[:-1]) / 2])
    lost = np.searchsorted(np.sort(own), between) / len(own)
    let_in = 1 - np.searchsorted(np.sort(out_of_vocabulary), between) / len(out_of_vocabulary)
    mistakes = lost + let_in
    return float(between[mistakes <= mistakes.min() + 1e-12].mean())


def losing(scores: Floats, known: Floats, fraction: float) -> float:
    """The similarity below which so large a `fraction` of the known sounds lies, above 0 and below 1.

    The `scores`, (recording,), count as far as recordings are `known`, 0 to 1, (recording,).

    Example:
        >>> scores = np.array([0.1, 0.3, 0.7, 0.8, 0.9])
        >>> round(losing(scores, np.array([0.0, 1.0, 1.0, 1.0, 1.0]), 0.25), 2)
        0.5
    """
    order = np.argsort(scores, kind="stable")
    reached = np.cumsum(known[order])
    below = int(np.searchsorted(reached, fraction * reached[-1], side="right"))
    # Between the last sound that is lost and the first that is not.
    counted = np.flatnonzero(known[order] > 0)
    at = min(max(int(np.searchsorted(counted, below)), 1), len(counted) - 1) if len(counted) > 1 else 0
    return float(scores[order[counted[[max(at - 1, 0), at]]]].mean())


def known_fraction(words: Floats, neighbours: Sequence[Positions]) -> Floats:
    """How far each recording counts as one of the words when it is asked how many known sounds are lost: (recording,).

    `words` are similarities to the classes' words, (recording, class); `neighbours` are rows of it. A recording counts
    that comes more than half of the way from the pool's mean to the last of a word's neighbours. Of recordings of the
    words themselves about one in seven does not. So where no more of the pool lies far from every word, these are hard
    cases of the words and count as well; where twice as many do, they are other sounds, and do not.
    """
    mean = words.mean(axis=0)
    last = np.array([words[own, label].min() for label, own in enumerate(neighbours)], words.dtype)
    near = (words >= mean + _NEAR * (last - mean)).any(axis=1)
    far = 1 - near.mean()
    return np.where(near, 1.0, np.clip((2 * _MISSED - far) / _MISSED, 0, 1))


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
