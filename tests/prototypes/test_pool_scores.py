"""Similarities that are kept up to date are those that are worked out anew."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from tests.helpers.heard import LABELS, heard

from limbeck.errors import InputError
from limbeck.prototypes import PoolScores, PrototypeClassifier


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("standardise", [True, False])
def test_corrections_change_their_columns_alone(metric: Literal["cosine", "euclidean"], standardise: bool) -> None:
    found = heard()
    clf = PrototypeClassifier(6, metric=metric, standardise=standardise)
    clf.fit_from_text(found.joint, found.text, LABELS, features=found.features)
    scores = PoolScores(clf, found.features)
    np.testing.assert_allclose(scores.similarities, clf.similarities(found.features), atol=2e-4)
    before = scores.similarities.copy()
    clf.without("rain", int(clf.neighbours_[1][0]))
    clf.with_neighbour("clock", int(clf.neighbours_[0][0]))
    assert scores.update(clf) == [1, 3]
    np.testing.assert_allclose(scores.similarities, clf.similarities(found.features), atol=2e-4)
    np.testing.assert_array_equal(scores.similarities[:, [0, 2]], before[:, [0, 2]])
    assert np.abs(scores.similarities - before)[:, [1, 3]].max() > 1e-2
    assert scores.update(clf) == []


def test_words_may_be_more_or_fewer_but_not_of_another_pool() -> None:
    found = heard()
    clf = PrototypeClassifier(6).fit_from_text(found.joint, found.text, LABELS, features=found.features)
    scores = PoolScores(clf, found.features)
    fewer = PrototypeClassifier(6).fit_from_text(found.joint, found.text[:2], LABELS[:2], features=found.features)
    assert scores.update(fewer) == [0, 1]
    np.testing.assert_allclose(scores.similarities, fewer.similarities(found.features), atol=2e-4)
    other = PrototypeClassifier(6).fit_from_text(found.joint[:50], found.text, LABELS, features=found.features[:50])
    with pytest.raises(InputError, match="learned from another pool"):
        scores.update(other)
    with pytest.raises(InputError, match="Rows of 40 numbers were expected, but got 24"):
        PoolScores(clf, found.joint)
