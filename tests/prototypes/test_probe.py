"""A probe is used where it is better for sure, and never by chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import Ridge, RidgeClassifier
from tests.helpers.heard import LABELS, heard

from limbeck.errors import InputError
from limbeck.prototypes import PoolScores, PrototypeClassifier
from limbeck.prototypes.probe import ENOUGH, LEVEL, Lessons, scores_left_out

WORDS = ["bark", "rain", "siren"]
Verdicts = dict[str, list[int]]


@dataclass(frozen=True)
class Crossed:
    """Recordings whose classes lie along axes that carry a common noise: a mean does not tell them, differences do."""

    joint: NDArray[np.float32]
    features: NDArray[np.float32]
    place: NDArray[np.int64]

    def learned(self) -> PrototypeClassifier:
        return PrototypeClassifier(neighbours=6).fit_from_text(self.joint, np.eye(3), WORDS, features=self.features)

    def named(self, clf: PrototypeClassifier) -> float:
        return float((clf.predict(self.features) == np.array(WORDS)[self.place]).mean())


def crossed(per_class: int, *, seed: int) -> Crossed:
    rng = np.random.default_rng(seed)
    place = rng.permutation(np.repeat(np.arange(3), per_class))
    joint = np.eye(3)[place] + 0.3 * rng.normal(size=(len(place), 3))
    joint /= np.linalg.norm(joint, axis=1, keepdims=True)
    noise = rng.normal(size=(len(place), 3))
    axes = 0.6 * np.eye(3)[place] + noise
    small = 0.05 * rng.normal(size=(len(place), 6))
    features = np.concatenate([axes, noise], axis=1) + small
    return Crossed(joint.astype(np.float32), features.astype(np.float32), place)


def accept(clf: PrototypeClassifier, rows: NDArray[np.int64], place: NDArray[np.int64]) -> Verdicts:
    """Let windows stand for what a person says they are, and for nothing else."""
    said: Verdicts = {word: [] for word in clf.classes_.tolist()}
    for row, own in zip(rows.tolist(), place.tolist(), strict=True):
        for at, word in enumerate(said):
            has = row in clf.neighbours_[at]
            if at == own:
                said[word].append(row)
                if not has:
                    clf.with_neighbour(word, row)
            elif has and len(clf.neighbours_[at]) > 1:
                clf.without(word, row)
    return said


def test_with_few_labels_prototypes_stay() -> None:
    pool = crossed(60, seed=0)
    for count, judged in ((ENOUGH - 1, False), (ENOUGH + 1, True)):
        clf = pool.learned()
        clf.consider_probe(accept(clf, np.arange(count), pool.place[:count]))
        assert clf.probe_ is None
        assert (clf.evidence_ is not None) == judged


def test_with_enough_labels_what_only_a_probe_tells_apart_is_told() -> None:
    pool, new = crossed(60, seed=0), crossed(100, seed=1)
    clf = pool.learned()
    said = accept(clf, np.arange(90), pool.place[:90])
    by_prototypes, proposed = new.named(clf), clf.prototypes_.copy()
    clf.consider_probe(said)
    assert clf.evidence_ is not None
    assert clf.probe_ is not None
    assert clf.evidence_.chosen
    assert clf.evidence_.p < LEVEL
    assert new.named(clf) > by_prototypes + 0.1
    assert clf.evidence_.probe == pytest.approx(new.named(clf), abs=0.1)
    np.testing.assert_array_equal(clf.prototypes_, proposed)
    np.testing.assert_allclose(clf.predict_proba(new.features).sum(axis=1), 1, rtol=1e-5)
    assert (clf.predict_proba(new.features).argmax(axis=1) == clf.decision_function(new.features).argmax(axis=1)).all()
    # As sure on average as it was right about what it had not learned from.
    assert clf.predict_proba(pool.features).max(axis=1).mean() == pytest.approx(clf.evidence_.probe, abs=0.1)


def test_it_is_scikit_learns_ridge_classifier_of_directions() -> None:
    pool = crossed(60, seed=0)
    clf = pool.learned()
    clf.consider_probe(accept(clf, np.arange(90), pool.place[:90]))
    rows = np.concatenate(clf.neighbours_)
    place = np.repeat(np.arange(3), [len(own) for own in clf.neighbours_])
    standard = (pool.features - clf.mean_) / clf.scale_
    units = standard / np.linalg.norm(standard, axis=1, keepdims=True)
    other = RidgeClassifier(alpha=1.0).fit(units[rows], place)
    assert clf.probe_ is not None
    np.testing.assert_allclose(
        clf.logits(pool.features) * clf.probe_.temperature, other.decision_function(units), atol=1e-4
    )


def test_leaving_out_is_learning_without() -> None:
    """Against scikit-learn, fold by fold, with weights and with rows that were only refused."""
    rng = np.random.default_rng(0)
    rows, place = rng.normal(size=(40, 12)), rng.integers(0, 3, 40)
    member = np.eye(3, dtype=bool)[place]
    member[35:] = False
    refused = np.zeros((40, 3), bool)
    refused[35:, 0] = True
    weights, names = rng.uniform(0.2, 2, 40), np.array([f"{row}" for row in range(40)])
    lessons = Lessons(rows, member, refused, weights, np.ones(40, bool), names)
    folds = np.array_split(rng.permutation(40), 4)
    found = scores_left_out(lessons, folds)
    units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    for fold in folds:
        train = np.setdiff1d(np.arange(35), fold)
        ridge = Ridge(alpha=1.0).fit(units[train], np.where(member[train], 1.0, -1.0), sample_weight=weights[train])
        np.testing.assert_allclose(found[fold], ridge.predict(units[fold]), atol=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_shuffled_labels_never_choose_it(seed: int) -> None:
    """After every click, in data that a probe would tell apart and in data where prototypes do as well."""
    rng = np.random.default_rng(seed)
    cross, clouds = crossed(40, seed=seed), heard(30, seed=seed)
    learners = [
        (cross.learned(), rng.permutation(cross.place)),
        (
            PrototypeClassifier().fit_from_text(clouds.joint, clouds.text, LABELS, features=clouds.features),
            rng.integers(len(LABELS), size=len(clouds.labels)),
        ),
    ]
    for clf, place in learners:
        said: Verdicts = {word: [] for word in clf.classes_.tolist()}
        for row in range(60):
            for word, rows in accept(clf, np.array([row]), place[[row]]).items():
                said[word] += rows
            clf.consider_probe(said)
            assert clf.probe_ is None, clf.evidence_


def test_windows_of_one_recording_are_no_evidence_of_their_own() -> None:
    """The same data, said to be of six recordings: too few; and copies of recordings make a lead no surer."""
    pool = crossed(60, seed=0)
    clf = pool.learned()
    said = accept(clf, np.arange(90), pool.place[:90])
    clf.consider_probe(said, recordings=[f"{row % (ENOUGH - 1)}.wav" for row in range(180)])
    assert clf.evidence_ is None
    clf.consider_probe(said)
    once = clf.evidence_
    twice = PrototypeClassifier(neighbours=6).fit_from_text(
        np.repeat(pool.joint, 2, axis=0), np.eye(3), WORDS, features=np.repeat(pool.features, 2, axis=0)
    )
    said = accept(twice, np.arange(180), np.repeat(pool.place, 2)[:180])
    twice.consider_probe(said, recordings=[f"{row // 2}.wav" for row in range(360)])
    assert once is not None
    assert twice.evidence_ is not None
    assert twice.evidence_.windows == 2 * once.windows
    assert twice.evidence_.recordings == once.recordings


def test_what_was_refused_teaches_it() -> None:
    pool = crossed(60, seed=0)
    clf = pool.learned()
    said = accept(clf, np.arange(90), pool.place[:90])
    plain = clf.consider_probe(said).logits(pool.features)
    no = {word: [row for row in range(90, 140) if WORDS[pool.place[row]] != word] for word in WORDS}
    taught = clf.consider_probe(said, no).logits(pool.features)
    new = crossed(100, seed=1)
    assert not np.allclose(plain, taught, atol=1e-3)
    assert new.named(clf) > 0.8
    with pytest.raises(InputError, match="no class 'wind'"):
        clf.consider_probe({"wind": [0]})


def test_a_correction_goes_back_to_prototypes_until_it_is_asked_again() -> None:
    pool = crossed(60, seed=0)
    clf = pool.learned()
    clf.consider_probe(accept(clf, np.arange(90), pool.place[:90]))
    assert clf.probe_ is not None
    clf.with_neighbour(WORDS[pool.place[100]], 100)
    assert (clf.probe_, clf.evidence_) == (None, None)


def test_scores_of_a_pool_follow_it() -> None:
    pool = crossed(60, seed=0)
    clf = pool.learned()
    scores = PoolScores(clf, pool.features)
    np.testing.assert_allclose(scores.logits, clf.logits(pool.features), atol=1e-4)
    clf.consider_probe(accept(clf, np.arange(90), pool.place[:90]))
    scores.update(clf)
    assert clf.probe_ is not None
    np.testing.assert_allclose(scores.logits, clf.logits(pool.features), atol=1e-4)
    np.testing.assert_allclose(scores.similarities, clf.similarities(pool.features), atol=1e-4)


def test_rejection_stays_what_is_far_from_prototypes() -> None:
    pool = crossed(60, seed=0)
    clf = pool.learned()
    clf.consider_probe(accept(clf, np.arange(90), pool.place[:90]))
    clf.threshold_ = float(np.quantile(clf.similarities(pool.features).max(axis=1), 0.2))
    assert clf.probe_ is not None
    far: Any = clf.similarities(pool.features).max(axis=1) < clf.threshold_
    assert ((clf.predict(pool.features) == "") == far).all()
    assert 0 < far.sum() < len(far)
