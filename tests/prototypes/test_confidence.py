"""Probabilities are right as often as they say, on recordings that were left out, or there are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.metrics import brier_score_loss
from tests.prototypes.test_probe import accept, crossed

from limbeck.encoders import EncoderNote
from limbeck.prototypes import Confidence, Piece, SoundClassifier
from limbeck.prototypes.confidence import ENOUGH

Cases = tuple[np.ndarray, np.ndarray, np.ndarray]


def cases(count: int, slope: float, intercept: float, *, seed: int) -> Cases:
    """Scores whose words are right as often as a curve says, four of each recording."""
    draw = np.random.default_rng(seed)
    scores = draw.uniform(0.01, 0.99, count)
    right = draw.uniform(size=count) < expit(slope * logit(scores) + intercept)
    return scores, right, np.arange(count) // 4


@pytest.mark.parametrize(("slope", "intercept"), [(0.4, -1.0), (2.5, 1.0)])
def test_the_curve_is_found_and_new_probabilities_are_reliable(slope: float, intercept: float) -> None:
    made = Confidence.of(*cases(4000, slope, intercept, seed=1), source="labels")
    assert made is not None
    assert (made.slope, made.intercept) == pytest.approx((slope, intercept), abs=0.15)
    assert (made.recordings, made.cases) == (1000, 4000)
    scores, right, _ = cases(4000, slope, intercept, seed=2)
    said = made.probability(scores)
    assert brier_score_loss(right, said) < brier_score_loss(right, scores)
    assert made.brier == pytest.approx(brier_score_loss(right, said), abs=0.01)
    for low in np.arange(0, 1, 0.2):
        own = (said >= low) & (said < low + 0.2)
        if own.sum() >= 100:
            assert said[own].mean() == pytest.approx(right[own].mean(), abs=0.08)
    for one in made.bins:
        assert one.low <= one.said <= one.high
        if one.cases >= 100:
            assert one.said == pytest.approx(one.right, abs=0.12)
    assert sum(one.cases for one in made.bins) == 4000


def test_scores_that_are_right_already_stay() -> None:
    made = Confidence.of(*cases(400, 1.0, 0.0, seed=5), source="labels")
    assert made is not None
    assert (made.slope, made.intercept, made.brier) == (1.0, 0.0, made.brier_of_scores)
    np.testing.assert_allclose(made.probability([0.2, 0.7]), [0.2, 0.7])


def test_none_of_the_words_stays_none_and_order_is_kept() -> None:
    made = Confidence(slope=0.3, intercept=-2.0)
    scores = np.float16([0, 1e-4, 0.3, 0.9, 1])
    found = made.probability(scores)
    assert found[0] == 0
    assert (np.diff(found) >= 0).all()
    assert found.max() < 1


def test_too_little_or_nothing_to_learn_is_no_calibration() -> None:
    scores, right, recordings = cases(400, 1.5, 0.0, seed=4)
    few = np.flatnonzero(right)[: ENOUGH - 1]
    some = np.concatenate([few, np.flatnonzero(~right)])
    assert Confidence.of(scores[some], right[some], recordings[some], "labels") is None
    assert Confidence.of(scores, right, recordings % 9, "labels") is None, "nine recordings"
    assert Confidence.of(1 - scores, right, recordings, "labels") is None, "the higher, the wronger"
    assert Confidence.of(scores[:0], right[:0], recordings[:0], "labels") is None


def test_words_that_are_told_apart_by_the_score_alone_have_no_endless_slope() -> None:
    scores, recordings = np.repeat([0.2, 0.8], 30), np.arange(60)
    made = Confidence.of(scores, scores > 0.5, recordings, "labels")
    assert made is not None
    assert made.slope < 20
    assert made.probability(0.8) == pytest.approx(31 / 32, abs=0.01)


class TestOfCorrections:
    def test_what_was_accepted_and_refused_calibrates_and_further_corrections_undo_it(self, tmp_path: Path) -> None:
        pool = crossed(80, seed=0)
        clf = pool.learned()
        assert clf.confidence_ is None
        rows = np.arange(60)
        said = accept(clf, rows, pool.place[rows])
        refused = {"bark": [int(row) for row in np.flatnonzero(pool.place == 1)[-10:]]}
        clf.consider_probe(said, refused)
        found = clf.confidence_
        assert found is not None
        assert (found.source, found.recordings) == ("corrections", 70)
        assert found.cases == 60 * 3 + 10
        assert found.right == 60
        # Of recordings that had no part in any of it, probabilities are better than scores, or as good.
        rest = np.setdiff1d(np.arange(len(pool.place)), [*rows, *refused["bark"]])
        scores = clf.predict_proba(pool.features[rest])
        truth = np.eye(3, dtype=bool)[pool.place[rest]]
        before, after = (float(np.mean((values - truth) ** 2)) for values in (scores, found.probability(scores)))
        assert after < before + 0.01

        learned = SoundClassifier(clf, EncoderNote(id="x:y:z"), tuple(Piece(path=str(i)) for i in range(240)), ("{}",))
        assert learned.calibration == found
        assert SoundClassifier.load(learned.save(tmp_path / "classifier")).calibration == found
        clf.without("rain", int(clf.neighbours_[1][0]))
        assert clf.confidence_ is None
