"""Accuracy under noise (`noise`): pink noise mixed into what is classified, and into the pool as well."""

from collections.abc import Iterator
from typing import ClassVar, final

from pydantic import Field

from limbeck.evaluation.sounds._embedded import EmbeddedDataset, Fold
from limbeck.evaluation.sounds.ablations._contract import Ablation, Point
from limbeck.evaluation.sounds.embeddings import PinkNoise


@final
class Noise(Ablation):
    """Noisy recordings; each level means embedding everything once more.

    Attributes:
        snr_db: Levels of the recordings over the noise, in dB.
        seed: Of the noise.
    """

    title: ClassVar[str] = "Noise"
    axis: ClassVar[str] = "recording over noise (dB)"
    about: ClassVar[str] = (
        "Pink noise at a level relative to the mean power of each recording. A collection of one's own is as noisy as "
        "what is to be named: then the pool is noisy, too."
    )
    snr_db: tuple[float, ...] = (20.0, 10.0, 0.0)
    seed: int = Field(0, ge=0)

    def points(self, sounds: EmbeddedDataset) -> Iterator[Point]:
        yield Point("no noise", lambda seed: sounds.folds(), variant="clean pool")
        for level in self.snr_db:
            noise = PinkNoise(level, self.seed)
            for variant, pool_noise in (("clean pool", None), ("noisy pool", noise)):

                def folds(seed: int, pool: PinkNoise | None = pool_noise, test: PinkNoise = noise) -> list[Fold]:
                    return sounds.folds(pool_noise=pool, test_noise=test)

                yield Point(f"{level:g} dB", folds, x=level, variant=variant)
