"""Which differences are real: paired tests over trials, which are distillations or folds."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

LEVEL = 0.05
"""Chance of calling a difference real where there is none."""
LEAST = 3
"""Fewest pairs with which a difference is called real: a t-test of two has one number to tell the spread from."""
SOFT, LABELLED = "†", "‡"
"""Signs of rows whose students learn from soft labels, and of those that networks trained on real labels helped."""


@dataclass(frozen=True)
class Difference:
    """How far a row lies from another, in percentage points: mean of `n` paired differences, and its 95 % interval.

    The interval and `p`, two-sided, of the paired t-test are None where they cannot be told: fewer than two pairs, or
    no spread at all. `adjusted` is p after Holm's correction over the rows of a table; None before it, or without p.
    """

    mean: float
    low: float | None
    high: float | None
    p: float | None
    n: int
    adjusted: float | None = None

    @property
    def real(self) -> bool:
        """Whether it stands at 5 % with three pairs or more: after the correction where there is one."""
        p = self.p if self.adjusted is None else self.adjusted
        return self.n >= LEAST and p is not None and p < LEVEL


def paired(one: Mapping[Any, float], other: Mapping[Any, float]) -> Difference | None:
    """Paired t-test of the means of `one` row and an `other`, percent by seed; None where they share no seed.

    Of one pair there is no test, and no reason to leave the other seeds out: the means of all are compared.

    Without any spread among the differences (all the same, as may happen by chance with few test clips) a t-test has
    nothing to measure with, and tells nothing.

    Example:
        >>> test = paired({0: 61.0, 1: 64.0, 2: 62.0}, {0: 60.0, 1: 61.0, 2: 60.0})
        >>> test.mean, round(test.low, 2), round(test.high, 2), round(test.p, 3)
        (2.0, -0.48, 4.48, 0.074)
    """
    if not (seeds := sorted(one.keys() & other.keys())):
        return None
    apart = [one[s] - other[s] for s in seeds]
    if len(apart) < 2:
        return Difference(statistics.fmean(one.values()) - statistics.fmean(other.values()), None, None, None, 1)
    mean = statistics.fmean(apart)
    if statistics.stdev(apart) < 1e-9:
        return Difference(mean, None, None, None, len(apart))
    from scipy import stats

    test = stats.ttest_rel([one[s] for s in seeds], [other[s] for s in seeds])
    interval = test.confidence_interval(1 - LEVEL)
    return Difference(mean, float(interval.low), float(interval.high), float(test.pvalue), len(apart))


def holm(values: Sequence[float]) -> list[float]:
    """P-values after Holm's correction, in the order they came.

    Example:
        >>> [round(p, 6) for p in holm([0.01, 0.04, 0.03])]
        [0.03, 0.06, 0.06]
    """
    adjusted = [0.0] * len(values)
    largest = 0.0
    for rank, i in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        largest = max(largest, min(1.0, (len(values) - rank) * values[i]))
        adjusted[i] = largest
    return adjusted


def leader(rivals: Mapping[str, Mapping[Any, float]], *, lowest: bool = False) -> str | None:
    """Whoever has the highest mean, if the paired tests tell it from every rival; None if nobody. What is bold.

    `rivals` are means by seed, by row; `lowest` says that the lowest is the best. Tests are corrected for their number
    (Holm), and none tells anything with fewer than `LEAST` pairs.

    Example:
        >>> leader({"a": {0: 5.0, 1: 6.0, 2: 5.5}, "b": {0: 1.0, 1: 2.1, 2: 1.4}})
        'a'
        >>> leader({"a": {0: 5.0, 1: 6.0}, "b": {0: 1.0, 1: 2.1}}) is None
        True
    """
    sign = -1 if lowest else 1
    ranked = sorted(rivals, key=lambda r: -sign * statistics.fmean(rivals[r].values()))
    if len(ranked) < 2:
        return None
    ahead = corrected({row: paired(rivals[ranked[0]], rivals[row]) for row in ranked[1:]})
    return ranked[0] if all(d is not None and d.real and sign * d.mean > 0 for d in ahead.values()) else None


def corrected(differences: Mapping[str, Difference | None]) -> dict[str, Difference | None]:
    """Differences of one family with their p after Holm's correction; those without p stay as they are."""
    tested = {row: d.p for row, d in differences.items() if d is not None and d.p is not None}
    adjusted = dict(zip(tested, holm(list(tested.values())), strict=True))
    return {row: d and replace(d, adjusted=adjusted.get(row)) for row, d in differences.items()}


def bold_rule(what: str, over: str) -> str:
    """What is bold in a table, in words: `what` competes, as "row", in a test `over` units, as "distillations"."""
    return (
        f"Bold: the best {what}, only where it differs from every other {what} by a paired t-test over {over} at 5 %, "
        f"after Holm's correction over these, with three {over} or more; often none does."
    )


def marks(labels: str, sees_labels: bool) -> str:
    """Signs of a comparison class: kind of the students' `labels`, and `sees_labels`, whether real labels helped."""
    return ("" if labels == "hard" else SOFT) + (LABELLED if sees_labels else "")
