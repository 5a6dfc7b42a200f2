"""Neighbours against a plain sort."""

from __future__ import annotations

import numpy as np
import pytest

from limbeck.prototypes import _arrays
from limbeck.prototypes._neighbours import above_cut, fair_half, nearest, uniform


def _data(rows: int = 200, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    # Few values, so that ties are many.
    return rng.integers(-2, 3, (rows, 3)).astype(np.float32), rng.integers(-2, 3, (5, 3)).astype(np.float32)


@pytest.mark.parametrize("chunk", [7, 64, 1000])
@pytest.mark.parametrize("count", [1, 6, 200])
def test_as_a_stable_sort_says_whatever_the_chunks(chunk: int, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_arrays, "CHUNK", chunk)
    pool, text = _data()
    found = nearest(pool, text, count)
    for label, (positions, similarities, cut) in enumerate(found):
        similarity = pool @ text[label]
        expected = np.argsort(-similarity, kind="stable")
        assert positions.tolist() == expected[:count].tolist()
        np.testing.assert_array_equal(similarities, similarity[expected[:count]])
        assert cut == similarity[expected[min(count, 199)]]
    assert len(found) == 5


def test_exclusive_neighbours_serve_their_most_similar_class() -> None:
    pool, text = _data(seed=1)
    served = (pool @ text.T).argmax(1)
    found = nearest(pool, text, 8, exclusive=True)
    taken = np.concatenate([positions for positions, *_ in found])
    assert len(set(taken.tolist())) == len(taken)
    for label, (positions, *_) in enumerate(found):
        own = [i for i in np.argsort(-(pool @ text[label]), kind="stable") if served[i] == label]
        assert positions.tolist() == own[:8]


def test_a_class_nothing_is_most_similar_to_shares() -> None:
    pool = np.array([[1.0, 0.0], [0.9, 0.1]], np.float32)
    text = np.array([[1.0, 0.0], [0.5, 0.0]], np.float32)
    assert [p.tolist() for p, *_ in nearest(pool, text, 1, exclusive=True)] == [[0], [0]]


def test_weights_fall_to_nothing_at_the_cut() -> None:
    similarity = np.array([0.9, 0.6, 0.5], np.float32)
    np.testing.assert_allclose(above_cut(similarity, 0.4), [1, 0.4, 0.2], rtol=1e-5)
    np.testing.assert_allclose(above_cut(similarity * 3 + 1, 2.2), [1, 0.4, 0.2], rtol=1e-5)
    assert above_cut(np.full(3, 0.5), 0.5).tolist() == [1, 1, 1]
    assert uniform(similarity, 0.4).tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("pool", "classes", "count"),
    [(240, 10, 12), (1600, 50, 16), (7859, 10, 35), (1_000_000, 50, 35), (3, 10, 1), (1, 1, 1), (37_000, 200, 35)],
)
def test_half_of_the_fair_share_within_bounds(pool: int, classes: int, count: int) -> None:
    assert fair_half(pool, classes) == count
    assert 1 <= fair_half(pool, classes) <= pool
