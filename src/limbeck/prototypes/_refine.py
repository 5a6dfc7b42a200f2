"""Prototypes made better by the whole pool: expectation and maximisation on the sphere, held by words.

Source: transductive zero-shot audio classification (https://arxiv.org/abs/2606.17160), after TransCLIP.
Differs from the paper: run on the pool and then frozen, so that new sounds need no batch; the centres are held by the
    neighbours' means, which exist in either space, where the paper holds them by the text; temperatures come from the
    pool (see `calibration`) instead of the encoder's training.
Cost: two products of pool and prototypes a step.
"""

import numpy as np
from scipy.special import softmax

from limbeck.prototypes._arrays import Floats
from limbeck.prototypes._space import unit


def refined(
    rows: Floats,
    words: Floats,
    prototypes: Floats,
    *,
    steps: int,
    temperature: float,
    word_temperature: float,
    anchor: float,
) -> Floats:
    """Centres of length 1, (class, dim), after some rounds of the two steps.

    - Expectation: how much recording i is of class c, ``softmax_c(words_ic / word_temperature + cosine(row_i,
      centre_c) / temperature)``.
    - Maximisation: a centre is the direction of ``sum_i weight_ic row_i + anchor prototype_c``.

    Of `rows` (recording, dim) and `prototypes` (class, dim) only directions matter; `words` is (recording, class).
    """
    rows, anchors = unit(rows), unit(prototypes)
    centres = anchors
    for _ in range(steps):
        weights = softmax(words / word_temperature + rows @ centres.T / temperature, axis=1).astype(rows.dtype)
        centres = unit(weights.T @ rows + rows.dtype.type(anchor) * anchors)
    return np.ascontiguousarray(centres)
