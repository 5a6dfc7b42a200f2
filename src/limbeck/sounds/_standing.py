"""How far what a search finds stands above what everyday words find in the same index."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from limbeck.encoders import Encoder
from limbeck.index import SoundIndex

Floats = npt.NDArray[np.float32]

LANGUAGE = "English"
"""The language that the encoders read: their texts are English, and words of others mean next to nothing to them."""

_WORDS = """
speech, laughter, whistling, cough, footsteps, clapping, singing, piano, guitar, violin, drum, trumpet, flute,
church bell, car engine, car horn, motorcycle, truck, train, airplane, siren, bicycle, boat, door knock, door slam,
cupboard, keyboard typing, telephone ringing, alarm clock, vacuum cleaner, washing machine, hair dryer, toilet flush,
water tap, boiling water, frying food, cutlery, glass breaking, hammer, drill, saw, gunshot, explosion, fireworks,
thunder, wind, waterfall, stream, bird song, crow, owl, duck, cow, horse, sheep, pig, cat, frog, cricket, bee,
mosquito, snake hiss, applause, crowd, radio static
"""
EVERYDAY = tuple(word.strip() for word in _WORDS.split(","))
"""Words that say what is usual in an index: few of them are in it, and the encoder knows them all."""
_UNKNOWN = 0.03


@dataclass(frozen=True)
class Usual:
    """The best similarities that everyday words have in an index, ascending, (word,)."""

    best: Floats

    @classmethod
    def of(cls, index: SoundIndex, encoder: Encoder, *, prompt: str = "{label}") -> Self:
        """Look for everyday words, each in the `prompt`, in an `index` that is not empty, by its `encoder`."""
        hits = index.search(encoder.embed_text([prompt.format(label=word) for word in EVERYDAY]).numpy(), 1)
        return cls(np.sort(np.array([found[0].similarity for found in hits], np.float32)))

    def above(self, similarity: float) -> float:
        """How far a similarity is above the middle of them, in deviations (1.48 times the median distance from it).

        Example:
            >>> round(Usual(np.array([0.2, 0.3, 0.4], np.float32)).above(0.45), 2)
            1.01
        """
        middle = np.median(self.best)
        spread = 1.4826 * float(np.median(np.abs(self.best - middle)))
        return float(similarity - middle) / max(spread, 1e-6)

    def is_unknown(self, similarity: float) -> bool:
        """Whether even the best similarity to a word is what all but one or two everyday words exceed."""
        return float(np.mean(self.best <= similarity)) < _UNKNOWN


def unknown(index: SoundIndex, encoder: Encoder, texts: Sequence[str]) -> tuple[list[bool], list[float]]:
    """Whether each text means nothing in an index, and how far its best hit is above the usual."""
    usual = Usual.of(index, encoder)
    best = [found[0].similarity for found in index.search(encoder.embed_text(list(texts)).numpy(), 1)]
    return [usual.is_unknown(value) for value in best], [usual.above(value) for value in best]
