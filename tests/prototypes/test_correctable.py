"""Corrections are learned at once, and lead where learning with them from the start would have."""

from __future__ import annotations

import numpy as np
import pytest
from tests.helpers.heard import LABELS, Heard, heard

from limbeck.errors import InputError
from limbeck.prototypes import PrototypeClassifier


@pytest.fixture
def pool() -> Heard:
    return heard(seed=1)


def _learned(pool: Heard, **parameters: int) -> PrototypeClassifier:
    return PrototypeClassifier(**parameters).fit_from_text(pool.joint, pool.text, LABELS, features=pool.features)


def test_a_neighbour_taken_away_no_longer_counts(pool: Heard) -> None:
    clf = _learned(pool, neighbours=5)
    before, wrong = clf.prototypes_.copy(), int(clf.neighbours_[1][2])
    kept = [n for n in clf.neighbours_[1].tolist() if n != wrong]
    clf.without("rain", wrong)
    assert clf.neighbours_[1].tolist() == kept
    expected = ((pool.features[kept] - clf.mean_) / clf.scale_).mean(0)
    np.testing.assert_allclose(clf.prototypes_[1], expected, atol=2e-5)
    np.testing.assert_array_equal(clf.prototypes_[[0, 2, 3]], before[[0, 2, 3]])


def test_away_and_back_again_changes_nothing(pool: Heard) -> None:
    clf = _learned(pool, neighbours=5)
    before, last = clf.prototypes_.copy(), int(clf.neighbours_[0][-1])
    clf.without("bark", last).with_neighbour("bark", last)
    np.testing.assert_allclose(clf.prototypes_, before, atol=1e-6)


def test_examples_are_weighted_members_of_the_mean(pool: Heard) -> None:
    clf = _learned(pool, neighbours=2)
    rows, own = pool.features[[7, 8]], pool.features[clf.neighbours_[2]]
    clf.add_labelled(rows, ["siren", "siren"], weight=3.0)
    mean = (own.sum(0) + 3 * rows.sum(0)) / 8
    np.testing.assert_allclose(clf.prototypes_[2], (mean - clf.mean_) / clf.scale_, atol=2e-5)
    assert clf.similarities(pool.features).shape == (len(pool.features), 4)


def test_examples_mend_a_class_whose_word_misleads() -> None:
    pool, new = heard(seed=1), heard(seed=2)
    text = pool.text.copy()
    text[3] = -pool.text[3]
    clf = PrototypeClassifier().fit_from_text(pool.joint, text, LABELS, features=pool.features)
    before = clf.score(new.features, new.labels)
    clocks = pool.features[pool.labels == "clock"][:5]
    assert clf.add_labelled(clocks, ["clock"] * 5, weight=20.0).score(new.features, new.labels) > before + 0.05


def test_refined_prototypes_are_refined_again(pool: Heard) -> None:
    clf = _learned(pool, neighbours=6, refine=4)
    before = clf.prototypes_.copy()
    clf.without("bark", int(clf.neighbours_[0][0]))
    assert (np.abs(clf.prototypes_ - before).max(1) > 0).all()
    plain = PrototypeClassifier(6).fit_from_text(pool.joint, pool.text, LABELS, features=pool.features)
    plain.without("bark", int(plain.neighbours_[0][0]))
    lengths = [np.linalg.norm(each.prototypes_, axis=1) for each in (clf, plain)]
    np.testing.assert_allclose(*lengths, rtol=1e-5)


def test_the_classifier_alone_is_corrected_alike(pool: Heard) -> None:
    clf = _learned(pool, neighbours=4)
    pruned, kept = clf.pruned()
    wrong, other = int(clf.neighbours_[0][1]), int(clf.neighbours_[3][0])
    pruned.without("bark", int(np.searchsorted(kept, wrong)))
    pruned.with_neighbour("rain", int(np.searchsorted(kept, other)))
    assert len(clf.neighbours_[0]) == 4
    clf.without("bark", wrong).with_neighbour("rain", other)
    np.testing.assert_array_equal(pruned.prototypes_, clf.prototypes_)
    assert [kept[n].tolist() for n in pruned.neighbours_] == [n.tolist() for n in clf.neighbours_]


def test_what_cannot_be_corrected_is_told_and_left(pool: Heard) -> None:
    clf = _learned(pool, neighbours=1)
    only = int(clf.neighbours_[0][0])
    with pytest.raises(InputError, match=f"'bark' has no neighbour {only} that it could do without"):
        clf.without("bark", only)
    with pytest.raises(InputError, match="does not have yet; got 4000"):
        clf.with_neighbour("bark", 4000)
    with pytest.raises(InputError, match="does not have yet"):
        clf.with_neighbour("bark", only)
    with pytest.raises(InputError, match="There is no class 'cat'; known: bark, rain, siren, clock"):
        clf.without("cat", 0)
    with pytest.raises(InputError, match="There is no class 'cat'"):
        clf.add_labelled(pool.features[:1], ["cat"])
    with pytest.raises(InputError, match="a label each and a weight above 0"):
        clf.add_labelled(pool.features[:2], ["bark"])
    refined, _ = _learned(pool, neighbours=3, refine=2).pruned()
    neighbours = refined.neighbours_[0].tolist()
    with pytest.raises(InputError, match="cannot be learned anew"):
        refined.without("bark", neighbours[0])
    assert refined.neighbours_[0].tolist() == neighbours
