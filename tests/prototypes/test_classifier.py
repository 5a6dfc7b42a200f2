"""The classifier against the published procedure written out, against scikit-learn, and against its own symmetries."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.neighbors import NearestCentroid
from sklearn.utils.estimator_checks import parametrize_with_checks
from tests.helpers.heard import LABELS, Heard, heard

from limbeck.errors import InputError
from limbeck.prototypes import PrototypeClassifier


@pytest.fixture
def pool() -> Heard:
    return heard(seed=1)


@pytest.fixture
def new() -> Heard:
    return heard(per_class=25, seed=2)


def learned(pool: Heard, *, two_spaces: bool = True, **parameters: Any) -> PrototypeClassifier:
    features = pool.features if two_spaces else None
    return PrototypeClassifier(**parameters).fit_from_text(pool.joint, pool.text, LABELS, features=features)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks([PrototypeClassifier(), PrototypeClassifier.paper()])  # type: ignore[untyped-decorator]
def test_scikit_learn_is_content(estimator: Any, check: Any) -> None:
    check(estimator)


def test_the_published_method_to_the_letter(pool: Heard, new: Heard) -> None:
    clf = PrototypeClassifier.paper().fit_from_text(pool.joint, pool.text, LABELS)
    for label in range(4):
        ranked = sorted(range(len(pool.joint)), key=lambda i: -float(pool.joint[i] @ pool.text[label]))[:35]
        assert clf.neighbours_[label].tolist() == ranked
        np.testing.assert_allclose(clf.prototypes_[label], pool.joint[ranked].mean(0), atol=1e-6)
    assert np.linalg.norm(clf.prototypes_, axis=1).max() < 0.95
    for sound, named in zip(new.joint, clf.predict(new.joint), strict=True):
        distances = [float(((sound - prototype) ** 2).sum()) for prototype in clf.prototypes_]
        assert named == LABELS[int(np.argmin(distances))]


def test_two_spaces_written_out(pool: Heard, new: Heard) -> None:
    clf = learned(pool, neighbours=7)
    assert clf.space_ == "features"
    mean, scale = pool.features.mean(0), pool.features.std(0)
    for label in range(4):
        nearest = np.argsort(-(pool.joint @ pool.text[label]))[:7]
        prototype = ((pool.features[nearest] - mean) / scale).mean(0)
        np.testing.assert_allclose(clf.prototypes_[label], prototype, atol=2e-5)
        for sound, scores in zip(new.features[:20], clf.similarities(new.features[:20]), strict=True):
            z = (sound - mean) / scale
            cosine = z @ prototype / np.linalg.norm(z) / np.linalg.norm(prototype)
            assert scores[label] == pytest.approx(cosine, abs=1e-5)


def test_better_than_the_words_alone(pool: Heard, new: Heard) -> None:
    words = np.mean(np.array(LABELS)[(new.joint @ new.text.T).argmax(1)] == new.labels)
    assert learned(pool).score(new.features, new.labels) > words + 0.02


def test_supervised_prototypes_are_nearest_centroids(pool: Heard, new: Heard) -> None:
    clf = PrototypeClassifier(metric="euclidean", standardise=False).fit(pool.features, pool.labels)
    other = NearestCentroid().fit(pool.features, pool.labels)
    assert clf.classes_.tolist() == sorted(LABELS)
    np.testing.assert_allclose(clf.prototypes_, other.centroids_, rtol=1e-4)
    assert clf.predict(new.features).tolist() == other.predict(new.features).tolist()


def test_the_order_of_words_and_of_the_pool_do_not_matter(pool: Heard, new: Heard) -> None:
    order, words = np.random.default_rng(0).permutation(len(pool.joint)), [2, 0, 3, 1]
    clf = learned(pool, refine=3)
    other = PrototypeClassifier(refine=3).fit_from_text(
        pool.joint[order], pool.text[words], [LABELS[w] for w in words], features=pool.features[order]
    )
    assert [set(order[n]) for n in other.neighbours_] == [set(clf.neighbours_[w]) for w in words]
    assert other.predict(new.features).tolist() == clf.predict(new.features).tolist()


def test_units_of_features_do_not_matter(pool: Heard, new: Heard) -> None:
    factor = np.logspace(-2, 2, pool.features.shape[1], dtype=np.float32)
    other = PrototypeClassifier().fit_from_text(pool.joint, pool.text, LABELS, features=pool.features * factor - 7)
    np.testing.assert_allclose(
        other.similarities(new.features * factor - 7), learned(pool).similarities(new.features), atol=2e-3
    )


def test_tensors_are_taken(pool: Heard, new: Heard) -> None:
    clf = PrototypeClassifier().fit_from_text(
        torch.from_numpy(pool.joint), torch.from_numpy(pool.text), LABELS, features=torch.from_numpy(pool.features)
    )
    assert clf.predict(torch.from_numpy(new.features)).tolist() == learned(pool).predict(new.features).tolist()


def test_auto_is_half_the_fair_share(pool: Heard) -> None:
    clf = learned(pool)
    assert clf.neighbours_count_ == 15
    assert [len(n) for n in clf.neighbours_] == [15] * 4


def test_probabilities_are_as_sure_as_words_and_prototypes_agree(pool: Heard) -> None:
    clf = learned(pool)
    words = (pool.joint @ pool.text.T).argmax(1)
    named = []
    for i in range(len(pool.joint)):
        prototypes = [
            np.mean([(pool.features[j] - clf.mean_) / clf.scale_ for j in own if j != i], axis=0)
            for own in clf.neighbours_
        ]
        z = (pool.features[i] - clf.mean_) / clf.scale_
        named.append(int(np.argmax([z @ p / np.linalg.norm(p) for p in prototypes])))
    assert clf.agreement_ == pytest.approx((np.sum(words == named) + 1) / (len(words) + 2))
    assert clf.predict_proba(pool.features).max(1).mean() == pytest.approx(clf.agreement_, abs=0.06)
    np.testing.assert_allclose(clf.predict_proba(pool.features).sum(1), 1, rtol=1e-5)


def test_a_higher_temperature_is_less_sure(pool: Heard, new: Heard) -> None:
    sure, unsure = (learned(pool, temperature=t).predict_proba(new.features).max(1) for t in (0.05, 0.5))
    assert (sure > unsure).all()


@pytest.mark.parametrize("refine", [0, 5])
def test_rejection_tells_foreign_sounds(refine: int) -> None:
    """Three words are learned; of the fourth class's sounds most are none of these."""
    pool, new = heard(seed=1, noise=1.0), heard(per_class=40, seed=3, noise=1.0)
    clf = PrototypeClassifier(reject="auto", refine=refine).fit_from_text(
        pool.joint, pool.text[:3], LABELS[:3], features=pool.features
    )
    named, known = clf.predict(new.features), new.labels != "clock"
    assert np.mean(named[known] != "") > 0.85
    assert np.mean(named[~known] == "") > 0.85
    never = (
        clone(clf).set_params(reject=None).fit_from_text(pool.joint, pool.text[:3], LABELS[:3], features=pool.features)
    )
    assert never.threshold_ == -np.inf
    assert "" not in never.predict(new.features)
    accepted = named != ""
    assert named[accepted].tolist() == never.predict(new.features)[accepted].tolist()


def test_rejected_numbers_are_minus_one() -> None:
    x = np.array([[1.0, 0.0], [1.0, 0.1], [0.9, 0.0], [0.0, 1.0], [0.1, 1.0], [0.0, 0.9]])
    y = [4, 4, 4, 7, 7, 7]
    clf = PrototypeClassifier(reject="auto", standardise=False).fit(x, y)
    assert clf.predict([[1.0, 0.05], [-1.0, -1.0]]).tolist() == [4, -1]
    with pytest.raises(InputError, match="-1 is kept for sounds that are none of these"):
        clf.fit(x, [-1, -1, -1, 7, 7, 7])


def test_several_labels_a_row(pool: Heard, new: Heard) -> None:
    truth = (new.labels[:, None] == np.array(LABELS)).astype(int)
    y = (pool.labels[:, None] == np.array(LABELS)).astype(int)
    y[:, 0] |= y[:, 1]
    truth[:, 0] |= truth[:, 1]
    clf = PrototypeClassifier().fit(pool.features, y)
    own = pool.features[y[:, 0] == 1]
    np.testing.assert_allclose(clf.prototypes_[0] * clf.scale_ + clf.mean_, own.mean(0), rtol=1e-3, atol=1e-3)
    assert (clf.predict(new.features) == truth).mean() > 0.9
    scores = clf.multi_label_scores(new.features)
    assert 0 < scores.min() < scores.max() < 1


def test_top_is_sorted_and_says_the_prediction_first(pool: Heard, new: Heard) -> None:
    clf = learned(pool)
    top = clf.top(new.features, 9)
    assert [best[0][0] for best in top] == clf.predict(new.features).tolist()
    for best in top:
        assert sorted(label for label, _ in best) == sorted(LABELS)
        assert [p for _, p in best] == sorted((p for _, p in best), reverse=True)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"neighbours": 0}, "neighbours must be 'auto' or a whole number above 0, but is 0"),
        ({"neighbours": "many"}, "but is 'many'"),
        ({"neighbours": 121}, "121 neighbours were requested from a pool of 120"),
        ({"metric": "l1"}, "metric must be 'cosine' or 'euclidean', but is 'l1'"),
        ({"weights": None}, "weights must be 'uniform' or 'similarity', but is None"),
        ({"prompts": "best"}, "prompts must be 'entropy' or 'even'"),
        ({"reject": 1.5}, "a fraction above 0 and below 1, but is 1.5"),
        ({"refine": -1}, "a whole number of rounds"),
        ({"refine": 2, "metric": "euclidean"}, "needs metric='cosine'"),
        ({"temperature": 0}, "temperature must be 'auto' or a number above 0, but is 0"),
    ],
)
def test_wrong_parameters_are_told(pool: Heard, parameters: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        learned(pool, **parameters)


def test_wrong_arrays_are_told(pool: Heard) -> None:
    clf = PrototypeClassifier()
    with pytest.raises(InputError, match=r"text must be of shape .* Got \(4, 5\)"):
        clf.fit_from_text(pool.joint, np.zeros((4, 5)), LABELS)
    with pytest.raises(InputError, match="features must have a row for each of the pool's 120; got 3"):
        clf.fit_from_text(pool.joint, pool.text, LABELS, features=pool.features[:3])
    with pytest.raises(InputError, match=r"pool must be finite numbers .*NaN"):
        clf.fit_from_text(np.full((5, 24), np.nan), pool.text, LABELS)
    with pytest.raises(InputError, match="given more than once: bark"):
        clf.fit_from_text(pool.joint, pool.text, ["bark", "bark", "rain", "siren"])
    with pytest.raises(InputError, match="A label is empty"):
        clf.fit_from_text(pool.joint, pool.text, ["bark", " ", "rain", "siren"])
    with pytest.raises(InputError, match="at least one name"):
        clf.fit_from_text(pool.joint, pool.text, "bark")
    with pytest.raises(InputError, match="at least two labels"):
        PrototypeClassifier(reject="auto").fit_from_text(pool.joint, pool.text[:1], LABELS[:1])


def test_one_word_is_enough_without_rejection(pool: Heard) -> None:
    clf = PrototypeClassifier().fit_from_text(pool.joint, pool.text[:1], LABELS[:1])
    assert clf.predict_proba(pool.joint).tolist() == [[1.0]] * len(pool.joint)
