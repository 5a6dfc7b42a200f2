"""Folds for recordings that come without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from limbeck.datasets._listing import shuffled
from limbeck.datasets.sounds._contract import Recording
from limbeck.errors import InputError


def with_folds(recordings: Sequence[Recording], folds: int, seed: int) -> list[Recording]:
    """Recordings with a fold each (0: as they are), drawn class by class so that every fold has its share of each.

    Names and the seed decide, so all machines draw alike; recordings of one group stay together (under the first label
    of the group's first recording). Nothing is drawn if a recording has a split already.
    """
    if folds < 0 or folds == 1:
        raise InputError(f"folds must be 0 (none) or at least 2, but is {folds}.")
    if not folds or any(r.split for r in recordings):
        return list(recordings)
    groups: dict[str, dict[str, None]] = {}
    label_of: dict[str, str] = {}
    for r in recordings:
        group = r.group or r.id
        label = label_of.setdefault(group, r.labels[0] if r.labels else "")
        groups.setdefault(label, {})[group] = None
    fold: dict[str, str] = {}
    offset = 0
    for label in sorted(groups):
        for i, group in enumerate(shuffled(groups[label], seed=seed, path=("fold", label))):
            fold[group] = f"fold{(i + offset) % folds + 1}"
        offset += len(groups[label])
    return [replace(r, split=fold[r.group or r.id]) for r in recordings]
