"""Accuracy against the size of the unlabelled pool (`pool_size`): parts drawn at random, whatever their classes."""

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
class PoolSize(Ablation):
    """Smaller pools.

    Attributes:
        fractions: Parts of the pool, in (0, 1].
        draws: Independent draws of each.
    """

    title: ClassVar[str] = "Size of the pool"
    axis: ClassVar[str] = "recordings in the pool"
    log: ClassVar[bool] = True
    about: ClassVar[str] = (
        "Recordings are drawn at random without looking at labels; means over draws, then folds. A fixed number of "
        "neighbours that a pool does not have means all of it: then all prototypes are the same, and this is chance."
    )
    fractions: tuple[Annotated[float, Field(gt=0, le=1)], ...] = (0.05, 0.1, 0.25, 0.5, 1.0)
    draws: int = Field(5, ge=1)

    def points(self, sounds: EmbeddedDataset) -> Iterator[Point]:
        folds = sounds.folds()

        def drawn(fold: Fold, *, fraction: float, seed: int) -> Fold:
            return replace(fold, pool=fold.pool.select(part(len(fold.pool), fraction, seed, fold.name)))

        for fraction in self.fractions:
            made = each(folds, partial(drawn, fraction=fraction))
            size = round(float(np.mean([len(part(len(f.pool), fraction, 0, f.name)) for f in folds])))
            yield Point(str(size), made, x=size, draws=1 if fraction == 1 else self.draws)


def part(total: int, fraction: float, seed: int, name: str) -> list[int]:
    """Positions of a `fraction`, in (0, 1], of `total` recordings, one at least, in ascending order.

    They are drawn by a `seed` and the `name` of the fold, so that folds draw apart.

    Example:
        >>> part(10, 1.0, 0, "fold1") == list(range(10)), len(part(10, 0.25, 0, "fold1"))
        (True, 2)
    """
    draw = np.random.default_rng(derive_seed(seed, "pool", name))
    return sorted(draw.permutation(total)[: max(1, round(fraction * total))].tolist())
