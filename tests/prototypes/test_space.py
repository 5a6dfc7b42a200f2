"""Standardising in pieces is standardising at once."""

from __future__ import annotations

import numpy as np
import pytest

from limbeck.prototypes import PrototypeClassifier, _arrays
from limbeck.prototypes._space import Standard, unit


def test_moments_of_pieces_are_moments_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_arrays, "CHUNK", 11)
    rows = (np.random.default_rng(0).normal(size=(100, 3)) * [1, 5, 0] + [100, 0, 2]).astype(np.float32)
    standard = Standard.of(rows)
    np.testing.assert_allclose(standard.mean, rows.mean(0, dtype=np.float64), atol=1e-5)
    np.testing.assert_allclose(standard.scale, [rows[:, 0].std(), rows[:, 1].std(), 1], rtol=1e-3)
    assert standard(rows).dtype == np.float32


def test_without_standardising_vectors_stay_as_they_are() -> None:
    rows = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    learned = PrototypeClassifier(standardise=False).fit(rows, [0, 1] * 10)
    assert learned.mean_.dtype == learned.scale_.dtype == np.float32
    assert (Standard(learned.mean_, learned.scale_)(rows) == rows).all()


def test_lengths_are_one_or_nothing() -> None:
    rows = np.array([[1e-20, 0.0], [0.0, 0.0], [3e10, 4e10]])
    np.testing.assert_allclose(np.linalg.norm(unit(rows), axis=1), [1, 0, 1])
