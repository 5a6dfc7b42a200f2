"""A linear probe on top of prototypes, and whether it is worth it.

The probe learns from what prototypes learn from: recordings that words found, and those that people accepted or
refused. Where a prototype is a mean, the probe weighs directions against each other, which takes more recordings to be
better. So it is used only once it names accepted recordings, left out of learning, better than prototypes do.

Source: ridge regression on classes, as scikit-learn's `RidgeClassifier` has it, on vectors of length 1. Two
    classifiers are compared on the same recordings by the exact form of McNemar's test, which Dietterich
    (*Approximate statistical tests for comparing supervised classification learning algorithms*, Neural Computation 10,
    1998) advises where each learns once.
Differs from the paper: it counts recordings, not windows, for windows of one recording are no independent evidence; and
    the level is 0.01, as the question is asked anew after every click.
Cost: the inverse of a matrix with as many rows as recordings were learned from, at most 1,000: 5 to 100 ms on one core.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.special import softmax
from scipy.stats import binomtest
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold

from limbeck._config import Config
from limbeck.prototypes._arrays import Floats, Mask
from limbeck.prototypes._calibration import temperature as temperature_of
from limbeck.prototypes._space import Metric, unit

LEVEL = 0.01
"""How likely the probe's lead may be by chance where it is used."""
ENOUGH = 7
"""Accepted recordings from which on a lead can be surer than that: 7 of 7 have p = 1/128."""
FOLDS = 5
_STRENGTH = 1.0
"""Penalty of the ridge regression for rows of length 1; with less, few recordings are learned by heart."""


class Evidence(Config):
    """How prototypes and a linear probe named accepted recordings that both had not learned from.

    Attributes:
        windows: How many were named.
        recordings: Of how many recordings they are; windows of one recording are left out together.
        prototypes: Fraction of the windows that prototypes named rightly.
        probe: Fraction of the windows that the probe named rightly.
        ahead: Recordings of which the probe named more windows rightly.
        behind: Recordings of which prototypes did.
        p: Chance of so many ahead, or more, if the probe were no better, one-sided.
        chosen: Whether the probe is used.
    """

    windows: int = Field(default=0, ge=0)
    recordings: int = Field(default=0, ge=0)
    prototypes: float = Field(default=0.0, ge=0, le=1)
    probe: float = Field(default=0.0, ge=0, le=1)
    ahead: int = Field(default=0, ge=0)
    behind: int = Field(default=0, ge=0)
    p: float = Field(default=1.0, ge=0, le=1)
    chosen: bool = False

    def sentence(self) -> str:
        """Say what is used and why.

        Example:
            >>> print(Evidence(windows=30, recordings=30, prototypes=0.8, probe=0.9, ahead=3, p=0.125).sentence())
            Prototypes are used: of 30 accepted windows left out of learning they name 80 % rightly, a linear probe 90 %; it is ahead on 3 recordings and behind on 0 (p = 0.12; used below 0.01).
        """  # noqa: E501
        used, they = ("A linear probe is", "prototypes") if self.chosen else ("Prototypes are", "they")
        return (
            f"{used} used: of {self.windows} accepted windows left out of learning {they} name "
            f"{100 * self.prototypes:.0f} % rightly, a linear probe {100 * self.probe:.0f} %; it is ahead on "
            f"{self.ahead} recordings and behind on {self.behind} (p = {self.p:.2g}; used below {LEVEL})."
        )


@dataclass(frozen=True)
class Probe:
    """A linear map from a vector's direction to a score for each class.

    Attributes:
        coefficients: (class, dim).
        intercept: (class,).
        temperature: What scores are divided by before the softmax, above 0.
    """

    coefficients: Floats
    intercept: Floats
    temperature: float

    def scores(self, rows: Floats) -> Floats:
        """Score `rows` of the standardised space, (row, dim), for each class: (row, class)."""
        return np.asarray(unit(rows) @ self.coefficients.T + self.intercept)


@dataclass(frozen=True)
class Lessons:
    """What prototypes and a probe learn from.

    Attributes:
        rows: Vectors in the standardised space, (row, dim).
        member: Classes that each row stands for, (row, class); none where it was refused only.
        refused: Classes that each row was said not to be, (row, class).
        weights: How much each counts, above 0, (row,).
        accepted: Whether a person said what it is, (row,).
        recording: Name of the recording that each is of, (row,).
    """

    rows: Floats
    member: Mask
    refused: Mask
    weights: Floats
    accepted: Mask
    recording: NDArray[Any]

    def select(self, rows: NDArray[np.int64]) -> "Lessons":
        """Those at some positions."""
        return Lessons(*(part[rows] for part in vars(self).values()))

    def means(self) -> Floats:
        """Prototypes: the mean of what stands for each class, zeros where nothing does, (class, dim)."""
        counts = np.where(self.member, self.weights[:, None], 0).astype(self.rows.dtype)
        return np.asarray(counts.T @ self.rows / np.maximum(counts.sum(axis=0), 1e-12)[:, None])


@dataclass(frozen=True)
class LeftOut:
    """What recordings are named by, each left out of learning.

    Attributes:
        similarities: To prototypes, (row, class).
        logits: Whose softmax are probabilities, (row, class).
    """

    similarities: Floats
    logits: Floats


def considered(
    lessons: Lessons, metric: Metric, temperature: float
) -> tuple[Evidence | None, Probe | None, LeftOut | None]:
    """Compare prototypes with a probe on accepted recordings, and give the probe if it is better for sure.

    What is used then says of each lesson, left out, is given, too.

    A probe is better if it names more recordings rightly than prototypes do, by more than chance, and more windows than
    the commonest word alone would, by more than chance. There is no evidence before `ENOUGH` recordings are accepted.

    Args:
        lessons: What both learn from.
        metric: How near a row is to a prototype.
        temperature: What similarities to prototypes are divided by before the softmax, above 0.
    """
    judged = lessons.accepted & lessons.member.any(axis=1)
    if len(np.unique(lessons.recording[judged])) < ENOUGH or lessons.member.shape[1] < 2:
        return None, None, None
    near = np.empty(lessons.member.shape, lessons.rows.dtype)
    folds = list(GroupKFold(FOLDS).split(lessons.rows, groups=lessons.recording))
    for train, test in folds:
        near[test] = metric.between(lessons.rows[test], lessons.select(train).means())
    scores = scores_left_out(lessons, [test for _, test in folds])
    by_prototypes, by_probe = (_right(found, lessons.member) for found in (near, scores))
    evidence = _evidence(by_prototypes[judged], by_probe[judged], lessons.recording[judged], lessons.member[judged])
    if not evidence.chosen:
        return evidence, None, LeftOut(near, near / temperature)
    named = lessons.member.any(axis=1)
    sure = (by_probe[named].sum() + 1) / (named.sum() + 2)
    probe = replace(learned(lessons, metric, temperature), temperature=temperature_of(scores[named], sure))
    return evidence, probe, LeftOut(near, scores / probe.temperature)


def learned(lessons: Lessons, metric: Metric, temperature: float) -> Probe:
    """Learn a probe of temperature 1; for the arguments see `considered`.

    What a row stands for has the target 1 and the rest -1. A row that was refused, and is nothing else, has -1 there
    and for the other classes what prototypes make of it, as far as they are sure.
    """
    target = np.where(lessons.member, 1.0, -1.0).astype(lessons.rows.dtype)
    unknown = ~lessons.member.any(axis=1) & ~lessons.refused.all(axis=1)
    if unknown.any():
        logits = metric.between(lessons.rows[unknown], lessons.means()) / temperature
        target[unknown] = 2 * softmax(np.where(lessons.refused[unknown], -np.inf, logits), axis=1) - 1
    made = Ridge(alpha=_STRENGTH).fit(unit(lessons.rows), target, sample_weight=lessons.weights)
    dtype = lessons.rows.dtype
    return Probe(np.asarray(made.coef_, dtype), np.asarray(made.intercept_, dtype), 1.0)


def scores_left_out(lessons: Lessons, folds: Sequence[NDArray[np.int64]]) -> Floats:
    """Score each of the `lessons` by a probe of temperature 1 that its fold had no part in: (row, class).

    The `folds` are positions, (row,) each, and have every lesson once. The probe learns from what stands for classes
    only: what was refused has no class of its own to be compared by.
    It is solved once, and a fold's part is taken out of the solution (An, Liu and Venkatesh, *Fast cross-validation
    algorithms for least squares support vector machine and kernel ridge regression*, Pattern Recognition 40, 2007):
    the same as learning without it.
    """
    rows, named = unit(lessons.rows), np.flatnonzero(lessons.member.any(axis=1))
    count = len(named)
    alike = (rows @ rows[named].T).astype(np.float64)
    system = np.ones((count + 1, count + 1))
    system[:count, :count] = alike[named] + np.diag(_STRENGTH / lessons.weights[named])
    system[count, count] = 0
    inverse = np.linalg.inv(system)
    dual = inverse[:, :count] @ np.where(lessons.member[named], 1.0, -1.0)
    scores = np.empty(lessons.member.shape, lessons.rows.dtype)
    for fold in folds:
        own = np.flatnonzero(np.isin(named, fold))
        rest = dual - inverse[:, own] @ np.linalg.solve(inverse[np.ix_(own, own)], dual[own])
        scores[fold] = alike[fold] @ rest[:count] + rest[count]
    return scores


def _right(scores: Floats, member: Mask) -> Mask:
    return np.asarray(member[np.arange(len(scores)), scores.argmax(axis=1)])


def _evidence(by_prototypes: Mask, by_probe: Mask, recording: NDArray[Any], member: Mask) -> Evidence:
    """Weigh which windows (window,) each named rightly, with their recordings and what they are, (window, class)."""
    names, place = np.unique(recording, return_inverse=True)
    lead = np.bincount(place, by_probe.astype(float) - by_prototypes)
    ahead, behind = int((lead > 0).sum()), int((lead < 0).sum())
    p = float(binomtest(ahead, ahead + behind, alternative="greater").pvalue) if ahead + behind else 1.0
    commonest = float(member.mean(axis=0).max())
    beyond = binomtest(int(by_probe.sum()), len(by_probe), commonest, alternative="greater").pvalue
    return Evidence(
        windows=len(by_probe),
        recordings=len(names),
        prototypes=float(by_prototypes.mean()),
        probe=float(by_probe.mean()),
        ahead=ahead,
        behind=behind,
        p=p,
        chosen=bool(p < LEVEL and beyond < LEVEL),
    )
