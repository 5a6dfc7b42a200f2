"""Temperature, threshold and levels against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax  # type: ignore[import-untyped]

from limbeck.errors import InputError
from limbeck.prototypes import PrototypeClassifier, classifier
from limbeck.prototypes._calibration import (
    fewest_mistakes,
    known_fraction,
    level_scores,
    levels,
    losing,
    temperature,
)
from limbeck.prototypes._leave_one_out import nearest_without_likes
from limbeck.prototypes._space import METRICS, Standard

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("confidence", [0.4, 0.7, 0.95])
def test_predictions_are_as_sure_as_asked(confidence: float) -> None:
    scores = RNG.normal(size=(50, 5))
    found = temperature(scores, confidence)
    assert softmax(scores / found, axis=1).max(1).mean() == pytest.approx(confidence, abs=1e-6)
    assert temperature(scores * 10 + 3, confidence) == pytest.approx(10 * found, rel=1e-6)


def test_no_temperature_makes_the_undecidable_sure() -> None:
    assert temperature(np.zeros((4, 3)), 0.9) == 1.0
    assert temperature(np.zeros((4, 1)), 0.9) == 1.0
    tied = np.array([[1.0, 1.0, 0.0]] * 3)
    assert 0 < temperature(tied, 0.9) < 0.1
    assert np.isfinite(temperature(RNG.normal(size=(9, 2)), 0.0))


def test_the_threshold_makes_the_fewest_mistakes() -> None:
    own, foreign = RNG.normal(1.0, 0.3, 80), RNG.normal(0.0, 0.5, 60)

    def mistakes(level: float) -> float:
        return float(np.mean(own < level) + np.mean(foreign >= level))

    found = fewest_mistakes(own, foreign)
    assert mistakes(found) == pytest.approx(min(mistakes(level) for level in np.linspace(-2, 3, 20_001)))


@pytest.mark.parametrize("fraction", [0.01, 0.1, 0.5, 0.99])
def test_so_many_known_sounds_are_lost(fraction: float) -> None:
    scores = RNG.normal(size=500)
    assert np.mean(scores < losing(scores, np.ones(500), fraction)) == pytest.approx(fraction, abs=0.005)
    known = (np.arange(500) % 3 > 0).astype(float)
    level = losing(scores, known, fraction)
    assert np.mean(scores[known > 0] < level) == pytest.approx(fraction, abs=0.005)
    assert losing(np.array([0.3]), np.ones(1), fraction) == 0.3


def test_what_is_far_from_every_word_counts_only_where_it_is_little() -> None:
    """Of a hundred recordings, five in seven near a word; then as many again that are near none."""
    near = np.concatenate([np.eye(2)[RNG.integers(0, 2, 90)], np.full((10, 2), -0.5)])
    neighbours = [np.flatnonzero(near[:, label] == 1)[:20] for label in range(2)]
    assert known_fraction(near, neighbours).tolist() == [1.0] * 100
    foreign = np.concatenate([near, np.full((100, 2), -0.5)])
    assert known_fraction(foreign, neighbours).tolist() == [1.0] * 90 + [0.0] * 110


@pytest.mark.parametrize("metric", sorted(METRICS))
def test_the_most_alike_are_left_out_against_learning_anew(metric: str) -> None:
    pool = RNG.normal(size=(60, 5))
    standard, sample = Standard.of(pool), np.arange(0, 60, 3)
    neighbours = [RNG.permutation(60)[:12], RNG.permutation(60)[:7]]
    weights = [RNG.uniform(0.5, 1, 12), np.ones(7)]
    found = nearest_without_likes(pool, sample, neighbours, weights, standard, METRICS[metric])
    for row, score in zip(sample, found, strict=True):
        best = []
        for own, weight, likes in zip(neighbours, weights, (2, 1), strict=True):
            others = [i for i in range(len(own)) if own[i] != row]
            likeness = METRICS[metric].between(standard(pool[[row]]), standard(pool[own[others]]))[0]
            kept = np.array(others)[np.argsort(likeness)[: len(others) - likes]]
            mean = np.average(standard(pool[own[kept]]), axis=0, weights=weight[kept])
            best.append(METRICS[metric].between(standard(pool[[row]]), mean[None])[0, 0])
        assert score == pytest.approx(max(best))


def test_one_neighbour_cannot_be_left_out() -> None:
    pool = np.eye(3)
    scores = nearest_without_likes(
        pool, np.arange(3), [np.array([0]), np.array([], int)], [np.ones(1), np.ones(0)],
        Standard(np.zeros(3), np.ones(3)), METRICS["cosine"],
    )  # fmt: skip
    np.testing.assert_allclose(scores, [1, 0, 0])


def test_the_threshold_moves_with_the_scores() -> None:
    own, foreign = RNG.normal(1.0, 0.3, 80), RNG.normal(0.0, 0.5, 60)
    assert fewest_mistakes(2 * own - 5, 2 * foreign - 5) == pytest.approx(2 * fewest_mistakes(own, foreign) - 5)


def test_nothing_to_set_it_on_is_told() -> None:
    with pytest.raises(InputError, match="at least two labels"):
        fewest_mistakes(np.zeros(0), np.zeros(0))


def test_levels_are_means_and_score_half_between() -> None:
    scores = np.array([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8]])
    home = np.array([[True, False], [True, False], [False, True]])
    away, own = levels(scores, home, ~home)
    np.testing.assert_allclose(away, [0.2, 0.2])
    np.testing.assert_allclose(own, [0.8, 0.8])
    np.testing.assert_allclose(level_scores(np.array([[0.5, 0.2]]), away, own), [[0.5, 1 / (1 + np.exp(2))]])
    never = np.zeros_like(home)
    np.testing.assert_allclose(np.stack(levels(scores, never, never)), [[0.2, 0.1], [0.9, 0.8]])


def test_only_recordings_that_both_views_name_alike_count(monkeypatch: pytest.MonkeyPatch) -> None:
    scores = np.array([[0.9, 0.4, 0.1], [0.5, 0.8, 0.2], [0.3, 0.2, 0.1]])
    foreign = np.array([0.4, 0.5, 5.0])
    made = PrototypeClassifier(neighbours=1).fit_from_text(np.eye(3), np.eye(3), ["a", "b", "c"])
    monkeypatch.setattr(made, "_leave_one_out_scores", lambda: scores)
    monkeypatch.setattr(made, "_nearest_without_likes", lambda rows: scores[rows].max(axis=1))
    monkeypatch.setattr(classifier, "out_of_vocabulary_scores", lambda *_, **__: foreign)
    made.set_params(reject="auto")._calibrate(np.array([0, 1, 2]))
    assert made.agreement_ == pytest.approx(3 / 5)
    assert made.threshold_ == pytest.approx((0.8 + 0.5) / 2)
    assert made.set_params(reject=None)._calibrate(np.array([0, 1, 2])).threshold_ == -np.inf
