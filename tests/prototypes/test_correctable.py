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


@pytest.mark.parametrize("refine", [0, 4])
def test_classes_are_renamed_joined_and_dropped(pool: Heard, refine: int) -> None:
    """Joined neighbours, each once, and joined examples have one mean; of a class alone only the name changes."""
    clf = _learned(pool, neighbours=5, refine=refine)
    bark, rain, siren, clock = LABELS
    clf.with_neighbour(rain, int(clf.neighbours_[2][0]))
    clf.add_labelled(pool.features[[7, 8]], [rain, clock], weight=3.0)
    before = [own.tolist() for own in clf.neighbours_]
    made = clf.regrouped({"dog": [bark], "wet": [rain, siren]})
    assert made.classes_.tolist() == ["dog", "wet"]
    assert [own.tolist() for own in clf.neighbours_] == before
    assert clf.classes_.tolist() == list(LABELS)
    joined = list(dict.fromkeys(before[1] + before[2]))
    assert len(joined) == 10
    assert made.neighbours_[1].tolist() == joined
    if not refine:
        np.testing.assert_array_equal(made.prototypes_[0], clf.prototypes_[0])
        mean = (pool.features[joined].sum(0) + 3 * pool.features[7]) / 13
        np.testing.assert_allclose(made.prototypes_[1], (mean - clf.mean_) / clf.scale_, atol=2e-5)
    assert made.levels_.shape == (2, 2)
    assert set(made.predict(pool.features).tolist()) == {"dog", "wet"}
    with pytest.raises(InputError, match="no class 'nosuch'"):
        clf.regrouped({"a": ["nosuch"]})
    with pytest.raises(InputError, match="At least one class has to stay"):
        clf.regrouped({})


def test_examples_join_the_pool_and_make_classes(pool: Heard) -> None:
    new = heard(seed=2)
    small, _ = _learned(pool, neighbours=5).pruned()
    kept, rows = len(small._pool), new.features[new.labels == "clock"][:4]
    small.with_examples(rows, ["tick", "tick", "tick", "rain"])
    assert small.classes_.tolist() == [*LABELS, "tick"]
    assert small.neighbours_[4].tolist() == [kept, kept + 1, kept + 2]
    assert small.neighbours_[1].tolist()[-1] == kept + 3
    np.testing.assert_allclose(small.prototypes_[4], small._standard(rows[:3]).mean(0), atol=2e-5)


def test_examples_alone_are_class_means_in_the_space_of_the_pool(pool: Heard) -> None:
    new = heard(seed=2)
    clf = PrototypeClassifier(reject=0.1).fit_from_examples(
        pool.features[:60], pool.labels[:60].tolist(), pool.features
    )
    np.testing.assert_allclose(clf.mean_, pool.features.mean(0), atol=1e-5)
    assert clf.score(new.features, new.labels) > 0.7
    assert 0.5 < clf.agreement_ < 1
    with pytest.raises(InputError, match="Every example needs a label; got 3 examples and 1 labels"):
        PrototypeClassifier().fit_from_examples(pool.features[:3], ["a"], pool.features)
