"""Accuracy under noise (`noise`): pink noise mixed into what is classified, and into the pool as well."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import ClassVar, final

from pydantic import Field

from limbeck.evaluation.sounds._bench import Bench
from limbeck.evaluation.sounds._fold import Fold
from limbeck.evaluation.sounds._hear import Noise as Pink
from limbeck.evaluation.sounds.studies._contract import Point, Study


@final
class Noise(Study):
    """Noisy recordings; each level means embedding everything once more.

    Attributes:
        snr_db: Levels of the recordings over the noise, in dB.
        seed: Of the noise.
    """

    title: ClassVar[str] = "Noise"
    axis: ClassVar[str] = "recording over noise (dB)"
    about: ClassVar[str] = (
        "Pink noise at a level relative to the mean power of each recording. A heap of one's own is as noisy as what "
        "is to be named: then the pool is noisy, too."
    )
    snr_db: tuple[float, ...] = (20.0, 10.0, 0.0)
    seed: int = Field(0, ge=0)

    def points(self, bench: Bench) -> Iterator[Point]:
        """The recordings as they are, then two points for each level.

        Args:
            bench: The recordings and the encoder.
        """
        yield Point("no noise", partial(_same, bench.folds()), variant="clean pool")
        for level in self.snr_db:
            noise = Pink(level, self.seed)
            for variant, pool_noise in (("clean pool", None), ("noisy pool", noise)):
                folds = bench.folds(pool_noise=pool_noise, test_noise=noise)
                yield Point(f"{level:g} dB", partial(_same, folds), x=level, variant=variant)


def _same(folds: list[Fold], seed: int) -> list[Fold]:
    return folds
