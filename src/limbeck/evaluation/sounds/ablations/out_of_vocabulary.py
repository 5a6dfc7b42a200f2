"""Accuracy where the pool holds recordings of no class that was asked for (`out_of_vocabulary`).

Half of the classes, drawn by chance, are the ones with words; recordings of the others are out of vocabulary. None of
these is tested on.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Annotated, ClassVar, final

import numpy as np
from pydantic import Field

from limbeck._runtime import derive_seed
from limbeck.evaluation.sounds._embedded import EmbeddedDataset, Fold, Sounds
from limbeck.evaluation.sounds.ablations._contract import Ablation, Point, each


@final
class OutOfVocabulary(Ablation):
    """Pools with recordings of further classes in them.

    Attributes:
        ratios: Out-of-vocabulary recordings for each one of the named classes, from 0 on; as far as there are any.
        draws: Independent draws of the named classes.
    """

    title: ClassVar[str] = "Out-of-vocabulary recordings in the pool"
    axis: ClassVar[str] = "out-of-vocabulary recordings for each of a named class"
    about: ClassVar[str] = (
        "Half of the classes are named, drawn by chance; the others' recordings are out of vocabulary."
    )
    ratios: tuple[Annotated[float, Field(ge=0)], ...] = (0.0, 0.25, 0.5, 1.0)
    draws: int = Field(5, ge=1)

    def points(self, sounds: EmbeddedDataset) -> Iterator[Point]:
        folds = sounds.folds()
        for ratio in self.ratios:
            yield Point(f"{ratio:g}", each(folds, partial(half, ratio=ratio)), x=ratio, draws=self.draws)


def half(fold: Fold, ratio: float, *, seed: int) -> Fold:
    """A `fold` of half of the classes, with `ratio` recordings of others in its pool for each of the named classes.

    The `seed` draws classes, alike in all folds, and out-of-vocabulary recordings.
    """
    count = fold.texts.shape[1]
    named = np.sort(np.random.default_rng(derive_seed(seed, "named")).permutation(count)[: max(2, count // 2)])
    known = fold.pool.known[:, named].any(1)
    inside, outside = np.flatnonzero(known), np.flatnonzero(~known)
    draw = np.random.default_rng(derive_seed(seed, "strangers", fold.name))
    some = draw.permutation(outside)[: round(ratio * len(inside))]
    return replace(
        fold,
        pool=_only(fold.pool.select(np.sort(np.concatenate([inside, some]))), named),
        test=_only(fold.test.select(np.flatnonzero(fold.test.known[:, named].any(1))), named),
        validation=_only(fold.validation, named),
        texts=fold.texts[:, named],
    )


def _only(sounds: Sounds, classes: np.typing.NDArray[np.int64]) -> Sounds:
    return replace(sounds, targets=sounds.known[:, classes])
