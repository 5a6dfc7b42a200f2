"""Generated embeddings: classes are directions, words lie near them, and recordings around them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from limbeck.evaluation.sounds._embedded import Fold, Sounds

CLASSES, DIM, WIDE = 4, 16, 24


def unit(x: np.ndarray) -> np.ndarray:
    return (x / np.linalg.norm(x, axis=-1, keepdims=True)).astype(np.float32)


@pytest.fixture
def make_fold() -> Callable[..., Fold]:
    """Makes a fold; `per_class` recordings of each class in the pool, a third as many for testing."""

    def made(seed: int = 0, *, per_class: int = 30, spread: float = 0.25, several: bool = False) -> Fold:
        draw = np.random.default_rng(seed)
        centres, wide = unit(draw.normal(size=(CLASSES, DIM))), draw.normal(size=(CLASSES, WIDE))

        def sounds(count: int) -> Sounds:
            targets = np.repeat(np.eye(CLASSES, dtype=bool), count, axis=0)
            if several:
                targets |= draw.random(targets.shape) < 0.2
            joint = unit(targets @ centres + spread * draw.normal(size=(len(targets), DIM)))
            features = targets @ wide + 0.5 * draw.normal(size=(len(targets), WIDE))
            return Sounds(joint, features.astype(np.float32), targets)

        texts = unit(centres + 0.15 * draw.normal(size=centres.shape))[None]
        none = sounds(1).select([])
        return Fold("fold1", sounds(per_class), sounds(per_class // 3), none, texts, several)

    return made
