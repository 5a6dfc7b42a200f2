"""Expectation and maximisation, written out in loops, and what it is for."""

from __future__ import annotations

import numpy as np
from tests.helpers.heard import LABELS, heard

from limbeck.prototypes import PrototypeClassifier
from limbeck.prototypes._refine import refined


def test_two_rounds_written_out() -> None:
    rng = np.random.default_rng(0)
    rows, words, start = rng.normal(size=(12, 4)), rng.normal(size=(12, 3)), rng.normal(size=(3, 4))
    found = refined(rows, words, start, steps=2, temperature=0.3, word_temperature=0.7, anchor=2.0)
    anchors = [p / np.sqrt((p**2).sum()) for p in start]
    centres = list(anchors)
    for _ in range(2):
        sums = [2.0 * a for a in anchors]
        for row, word in zip(rows, words, strict=True):
            row = row / np.sqrt((row**2).sum())
            share = np.exp([word[c] / 0.7 + float(row @ centres[c]) / 0.3 for c in range(3)])
            share /= share.sum()
            sums = [s + share[c] * row for c, s in enumerate(sums)]
        centres = [s / np.sqrt((s**2).sum()) for s in sums]
    np.testing.assert_allclose(found, centres, rtol=1e-9)


def test_a_heavy_anchor_holds() -> None:
    rng = np.random.default_rng(0)
    rows, words, start = rng.normal(size=(12, 4)), rng.normal(size=(12, 3)), rng.normal(size=(3, 4))
    found = refined(rows, words, start, steps=5, temperature=0.3, word_temperature=0.7, anchor=1e9)
    np.testing.assert_allclose(found, start / np.linalg.norm(start, axis=1, keepdims=True), atol=1e-6)


def test_one_neighbour_and_the_pool_are_better_than_one_neighbour() -> None:
    pool, new = heard(seed=1), heard(seed=2)
    plain, better = (
        PrototypeClassifier(1, refine=steps)
        .fit_from_text(pool.joint, pool.text, LABELS, features=pool.features)
        .score(new.features, new.labels)
        for steps in (0, 10)
    )
    assert better > plain + 0.03
