"""Made-up embeddings of sounds whose classes are known: words, a joint space with the words in it, and a richer one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LABELS = ["bark", "rain", "siren", "clock"]


@dataclass(frozen=True)
class Heard:
    """Recordings and words.

    Attributes:
        joint: Unit rows, float32, (recording, 24).
        features: float32, (recording, 40).
        text: Unit rows, float32, (class, 24).
        labels: True labels, (recording,).
    """

    joint: NDArray[np.float32]
    features: NDArray[np.float32]
    text: NDArray[np.float32]
    labels: NDArray[Any]


def heard(per_class: int = 30, *, seed: int = 0, noise: float = 2.0) -> Heard:
    """Clouds around a centre a class; text lies beside its cloud, at the same offset for all classes.

    Args:
        per_class: Recordings of each class.
        seed: Of everything but the centres.
        noise: How wide the clouds are: their radius, in lengths of a centre.
    """
    fixed, rng = np.random.default_rng(5), np.random.default_rng(seed)
    classes, dim, wide = len(LABELS), 24, 40
    centres, offset = _unit(fixed.normal(size=(classes, dim))), 0.6 * _unit(fixed.normal(size=(1, dim)))
    wide_centres = fixed.normal(size=(classes, wide))
    truth = rng.permutation(np.repeat(np.arange(classes), per_class))
    joint = _unit(centres[truth] + offset + noise * rng.normal(size=(len(truth), dim)) / np.sqrt(dim))
    features = 3.0 + (wide_centres[truth] + noise * rng.normal(size=(len(truth), wide))) * np.linspace(0.1, 5.0, wide)
    text = _unit(centres - 0.5 * offset)
    return Heard(
        joint.astype(np.float32), features.astype(np.float32), text.astype(np.float32), np.array(LABELS)[truth]
    )


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)
