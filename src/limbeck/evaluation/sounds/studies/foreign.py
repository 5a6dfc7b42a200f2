"""Accuracy where the pool holds recordings of no class that was asked for (`foreign`).

Half of the classes, drawn by chance, are the ones with words; recordings of the others are the foreign ones. Nothing
foreign is tested on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Annotated, ClassVar, final

import numpy as np
from pydantic import Field

from limbeck._runtime import derive_seed
from limbeck.evaluation.sounds._bench import Bench
from limbeck.evaluation.sounds._fold import Fold, Sounds
from limbeck.evaluation.sounds.studies._contract import Point, Study


@final
class Foreign(Study):
    """Pools with strangers in them.

    Attributes:
        shares: Foreign recordings for each one of the named classes, from 0 on; as far as there are any.
        draws: Independent draws of the named classes.
    """

    title: ClassVar[str] = "Foreign recordings in the pool"
    axis: ClassVar[str] = "foreign recordings for each of a named class"
    about: ClassVar[str] = (
        "Half of the classes are named, drawn by chance; the others' recordings are the foreign ones."
    )
    shares: tuple[Annotated[float, Field(ge=0)], ...] = (0.0, 0.25, 0.5, 1.0)
    draws: int = Field(5, ge=1)

    def points(self, bench: Bench) -> Iterator[Point]:
        """A point for each share.

        Args:
            bench: The recordings.
        """
        folds = bench.folds()

        def mixed(share: float) -> Callable[[int], list[Fold]]:
            return lambda seed: [half(f, share, seed) for f in folds]

        for share in self.shares:
            yield Point(f"{share:g}", mixed(share), x=share, draws=self.draws)


def half(fold: Fold, share: float, seed: int) -> Fold:
    """A fold of half of the classes, with strangers in its pool.

    Args:
        fold: With all classes.
        share: Strangers for each recording of the named classes.
        seed: Draws classes, alike in all folds, and strangers.
    """
    count = fold.texts.shape[1]
    named = np.sort(np.random.default_rng(derive_seed(seed, "named")).permutation(count)[: max(2, count // 2)])
    known = fold.pool.known[:, named].any(1)
    home, strangers = np.flatnonzero(known), np.flatnonzero(~known)
    draw = np.random.default_rng(derive_seed(seed, "strangers", fold.name))
    some = draw.permutation(strangers)[: round(share * len(home))]
    pool = fold.pool.take(np.sort(np.concatenate([home, some])))
    return replace(
        fold,
        pool=_only(pool, named),
        test=_only(fold.test.take(np.flatnonzero(fold.test.known[:, named].any(1))), named),
        validation=_only(fold.validation, named),
        texts=fold.texts[:, named],
    )


def _only(sounds: Sounds, classes: np.typing.NDArray[np.int64]) -> Sounds:
    return replace(sounds, targets=sounds.known[:, classes])
