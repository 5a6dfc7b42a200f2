"""Accuracy where some classes are rare in the pool (`imbalance`): a long tail, and as many recordings without one."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Annotated, ClassVar, final

import numpy as np
from pydantic import Field

from limbeck._runtime import derive_seed
from limbeck.evaluation.sounds._embedded import EmbeddedDataset, Fold
from limbeck.evaluation.sounds.ablations._contract import Ablation, Point, each


@final
class Imbalance(Ablation):
    """Pools with a long tail. Labels shape the pool here; the classifiers do not see them.

    Attributes:
        ratios: How much commoner the commonest class is than the rarest, from 1 on.
        draws: Independent draws: which classes are rare, and which of their recordings stay.
    """

    title: ClassVar[str] = "Imbalance"
    axis: ClassVar[str] = "commonest class : rarest class in the pool"
    log: ClassVar[bool] = True
    about: ClassVar[str] = (
        "Sizes of classes fall geometrically in an order drawn by chance. A tail leaves a smaller pool; beside it "
        "stands a pool of as many recordings with classes as even as they were. Of a smaller pool a fixed number of "
        "neighbours is a larger part, and more of them are wrong."
    )
    ratios: tuple[Annotated[float, Field(ge=1)], ...] = (1.0, 3.0, 10.0, 20.0)
    draws: int = Field(5, ge=1)

    def points(self, sounds: EmbeddedDataset) -> Iterator[Point]:
        folds = sounds.folds()

        def shaped(fold: Fold, *, ratio: float, even: bool, seed: int) -> Fold:
            staying = tail(fold.pool.known, ratio, derive_seed(seed, fold.name), even=even)
            return replace(fold, pool=fold.pool.select(staying))

        for ratio in self.ratios:
            for variant, even in (("long tail", False), ("even, as many", True)):
                made, draws = each(folds, partial(shaped, ratio=ratio, even=even)), 1 if ratio == 1 else self.draws
                yield Point(f"{ratio:g} : 1", made, x=ratio, variant=variant, draws=draws)


def tail(targets: np.typing.NDArray[np.bool_], ratio: float, seed: int, *, even: bool = False) -> list[int]:
    """Positions of the recordings that stay of `targets`, (recording, class), ascending; a `seed` draws them and ranks.

    A class of rank r among C keeps ``ratio ** (-r / (C - 1))`` of its recordings, at least 1. Recordings of several
    classes go with their first; those of none stay. With `even` as many stay in all, but the same part of each class.

    Example:
        >>> targets = np.repeat(np.eye(2, dtype=bool), 10, axis=0)
        >>> [len(tail(targets, 10, 0, even=even)) for even in (False, True)]
        [11, 11]
    """
    draw = np.random.default_rng(derive_seed(seed, "tail"))
    classes = targets.shape[1]
    first = np.where(targets.any(1), targets.argmax(1), -1)
    shares = ratio ** (-draw.permutation(classes) / max(1, classes - 1))
    members = [draw.permutation(np.flatnonzero(first == c)) for c in range(classes)]
    sizes = np.array([max(1, round(float(share) * len(m))) for share, m in zip(shares, members, strict=True)])
    if even:
        every = np.array([len(m) for m in members])
        sizes = np.diff(np.cumsum(every * sizes.sum() / every.sum()).round().astype(int), prepend=0)
    staying = [m[:size] for m, size in zip(members, sizes, strict=True)]
    return sorted(np.concatenate([np.flatnonzero(first == -1), *staying]).astype(int).tolist())
