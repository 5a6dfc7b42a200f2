"""Which windows are worth a person's ear next: where the classifier knows least, spread over the pool."""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from limbeck.active_learning.learner import NONE, Learner, Naming
from limbeck.active_learning.steps import State

Floats = npt.NDArray[np.floating[Any]]
_CANDIDATES, _WORST = 8, 20
"""For each reason so many times the windows wanted are candidates, of which those are taken that lie far apart; of a
small index its worst twentieth."""
_BETWEEN = 0.5
"""Windows between two words are those whose likeliest word leads by less in probability."""


def to_check(learner: Learner, state: State, count: int) -> list[tuple[int, str]]:
    """Choose windows of the pool that a `learner` follows a `state` in, with the reason in words; none without words.

    At most `count` windows, >= 0, are chosen: those of a word that was split first, then see `worth_checking`.
    """
    if (naming := learner.naming) is None:
        return []
    judged = {row: verdict for name, verdict in state.verdicts.items() if (row := learner.row(name)) is not None}
    split = [
        (row, f"was split: {' or '.join(word for word in naming.words if word in verdict.among)}?")
        for row, verdict in judged.items()
        if verdict.among
    ][:count]
    stands = [learner.neighbours(word) for word in naming.words]
    thresholds = learner.thresholds(state)
    return split + worth_checking(naming, learner.vectors, stands, judged, thresholds, count - len(split))


def worth_checking(
    naming: Naming,
    vectors: Floats,
    stands: Sequence[Collection[int]],
    judged: Collection[int],
    thresholds: Floats,
    count: int,
) -> list[tuple[int, str]]:
    """Choose windows to check, with the reason in words; windows that were judged are left out.

    In turns: windows that stand for a word but are named otherwise, windows between two words, windows near the border
    of none of these, and windows that are unlike every word. Of the candidates of a reason those come first that lie
    farthest from what is chosen already.

    Args:
        naming: What all windows are named.
        vectors: Their vectors, (window, dim).
        stands: For each word the rows of windows it was learned from.
        judged: Rows that a verdict was given on.
        thresholds: Least score for each word, (word,), 0 where there is none.
        count: Most windows to choose, >= 0.
    """
    top = naming.similarities.max(axis=1)
    free = np.ones(len(top), bool)
    free[list(judged)] = False
    words, most = naming.words, min(_CANDIDATES * max(1, count), max(count, len(top) // _WORST))

    def least(values: Floats, where: npt.NDArray[np.bool_]) -> list[int]:
        rows = np.flatnonzero(where & free)
        few = rows[np.argpartition(values[rows], most)[:most]] if len(rows) > most else rows
        return [int(row) for row in few[np.argsort(values[few], kind="stable")]]

    doubted = [
        (row, f"stands for {words[place]}, but is named {_name(naming, row)}")
        for place, own in enumerate(stands)
        for row in sorted(own, key=lambda row: float(naming.similarities[row, place]))
        if free[row] and naming.named[row] != place
    ]
    border = np.where(thresholds[naming.best] > 0, np.abs(naming.score - thresholds[naming.best]), np.inf)
    reasons = [
        doubted,
        [
            (row, f"between {words[naming.best[row]]} and {words[naming.second[row]]}")
            for row in least(naming.lead, (naming.named != NONE) & (naming.lead < _BETWEEN))
        ],
        [(row, f"near the border of {words[naming.best[row]]}") for row in least(border, np.isfinite(border))],
        [(row, "unlike every word") for row in least(top, np.ones(len(top), bool))],
    ]
    return _spread([dict(reversed(found)) for found in reasons], vectors, count)


def _name(naming: Naming, row: int) -> str:
    return "none of these" if naming.named[row] == NONE else naming.words[naming.named[row]]


def _spread(reasons: list[dict[int, str]], vectors: Floats, count: int) -> list[tuple[int, str]]:
    """Take from each reason in turns the candidate that is farthest from all taken so far."""
    rows = list(dict.fromkeys(row for found in reasons for row in found))
    if not rows:
        return []
    place = {row: i for i, row in enumerate(rows)}
    some = vectors[rows]
    some = some - some.mean(axis=0)
    some = some / np.maximum(np.linalg.norm(some, axis=1, keepdims=True), 1e-12)
    nearest = np.full(len(rows), -1.0, some.dtype)
    chosen: dict[int, str] = {}
    queues = [dict(found) for found in reasons if found]
    while len(chosen) < count and (queues := [found for found in queues if found]):
        for found in queues:
            left = [row for row in found if row not in chosen]
            if not left or len(chosen) >= count:
                found.clear()
                continue
            # The surest candidate of a reason is its first, which comes last here; then those far from all chosen.
            row = left[-1] if not chosen else min(reversed(left), key=lambda r: float(nearest[place[r]]))
            chosen[row] = found.pop(row)
            nearest = np.maximum(nearest, some @ some[place[row]])
    return list(chosen.items())
