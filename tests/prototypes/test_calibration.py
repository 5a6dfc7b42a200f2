"""Temperature, threshold and levels against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax  # type: ignore[import-untyped]

from limbeck.errors import InputError
from limbeck.prototypes import PrototypeClassifier, classifier
from limbeck.prototypes._calibration import level_scores, levels, temperature, threshold

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

    found = threshold(own, foreign, "auto")
    assert mistakes(found) == pytest.approx(min(mistakes(level) for level in np.linspace(-2, 3, 20_001)))
    assert np.mean(own < threshold(own, foreign, 0.1)) == pytest.approx(0.1, abs=0.02)


def test_the_threshold_moves_with_the_scores() -> None:
    own, foreign = RNG.normal(1.0, 0.3, 80), RNG.normal(0.0, 0.5, 60)
    assert threshold(2 * own - 5, 2 * foreign - 5, "auto") == pytest.approx(2 * threshold(own, foreign, "auto") - 5)


def test_nothing_to_set_it_on_is_told() -> None:
    with pytest.raises(InputError, match="at least two labels"):
        threshold(np.zeros(0), np.zeros(0), 0.1)


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
    monkeypatch.setattr(classifier, "out_of_vocabulary_scores", lambda *_, **__: foreign)
    made.set_params(reject="auto")._calibrate(np.array([0, 1, 2]))
    assert made.agreement_ == pytest.approx(3 / 5)
    assert made.threshold_ == pytest.approx((0.8 + 0.5) / 2)
    assert made.set_params(reject=None)._calibrate(np.array([0, 1, 2])).threshold_ == -np.inf
