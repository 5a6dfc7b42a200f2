"""Training clips held out to validate on, recordings whole: what is scored on was not trained on."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from limbeck._runtime import generator
from limbeck.datasets import LabelledClips

CHUNK = 64


@dataclass(frozen=True)
class Split:
    """Positions of clips to train on (`kept`) and to validate on (`held`), int64, (clip,), ascending.

    So many held clips (`shared`) have an array that a kept one has, bit for bit: 0, but where one is used in several
    classes, or reuse left no other way (see `hold_out`).
    """

    kept: Tensor
    held: Tensor
    shared: int


def hold_out(clips: LabelledClips, share: float, *, seed: int) -> Split:
    """Hold a fraction (0 < share < 1) of every class out, all clips of a recording together.

    Clips of a class with an equal array of any modality, bit for bit, count as one recording, and so do those that a
    chain of such clips joins. Where that joins more of a class than either part shall have, as happens when sounds and
    pictures are both used several times, crosswise, equal arrays that are a weak sign of one recording
    (`Modality.recurs`, as frames do) join none there, and may be on both sides. Excerpts of one recording from
    different seconds are not recognised. A class of one recording is kept.
    """
    keys = {name: _digests(clips, name) for name in clips.modalities}
    strong = [keys[name] for name, modality in clips.modalities.items() if not modality.recurs]
    held = np.zeros(len(clips), dtype=bool)
    for label, name in enumerate(clips.classes):
        if not len(index := clips.of_class(label).numpy()):
            continue
        groups = joined(*(values[index] for values in keys.values()))
        if strong and np.bincount(groups).max() > max(share, 1 - share) * len(index):
            groups = joined(*(values[index] for values in strong))
        sizes = np.bincount(groups)
        order = torch.randperm(len(sizes), generator=generator(seed, "validation", name)).numpy()
        chosen = order[some(sizes[order].tolist(), share * len(index))]
        held[index[np.isin(groups, chosen)]] = True
    shared = np.any([np.isin(values[held], values[~held]) for values in keys.values()], axis=0)
    kept, taken = (torch.from_numpy(np.flatnonzero(part)) for part in (~held, held))
    return Split(kept, taken, int(shared.sum()))


def joined(*relations: npt.NDArray[Any]) -> npt.NDArray[np.int32]:
    """Number of each thing's group, (thing,), from 0: things of a group share a value, themselves or through others.

    Each relation has one value a thing, (thing,).

    Example:
        >>> joined(np.array([1, 1, 2, 3]), np.array([7, 8, 8, 9])).tolist()
        [0, 0, 0, 1]
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    many = len(relations[0])
    uniques = [np.unique(values, return_index=True, return_inverse=True) for values in relations]
    first_alike = np.concatenate([first[inverse] for _, first, inverse in uniques])
    things = np.tile(np.arange(many), len(relations))
    edges = coo_array((np.ones(len(things)), (things, first_alike)), shape=(many, many))
    groups: npt.NDArray[np.int32] = connected_components(edges, directed=False)[1]
    return groups


def some(sizes: Sequence[int], wanted: float) -> list[int]:
    """Positions of groups for about so much: one after the other, where that comes nearer; one at least, never all.

    Example:
        >>> some([5, 3, 1, 4], 6), some([9, 2], 1), some([9], 3)
        ([0, 2], [1], [])
    """
    if len(sizes) < 2:
        return []
    taken: list[int] = []
    total = 0
    for i, size in enumerate(sizes):
        if total + size / 2 <= wanted and len(taken) < len(sizes) - 1:
            taken.append(i)
            total += size
    return taken or [min(range(len(sizes)), key=sizes.__getitem__)]


def _digests(clips: LabelledClips, modality: str) -> npt.NDArray[np.str_]:
    """A key of each clip's array."""
    keys = [
        hashlib.blake2b(array.contiguous().numpy().data, digest_size=16).hexdigest()
        for start in range(0, len(clips), CHUNK)
        for array in clips.array(modality, torch.arange(start, min(start + CHUNK, len(clips))))
    ]
    return np.array(keys)
