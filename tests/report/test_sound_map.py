"""Where points and words stand on the map."""

from __future__ import annotations

import numpy as np
import pytest

from limbeck.errors import InputError
from limbeck.report.sound_map import apart, chosen, places


def clouds(each: int = 30, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    label = np.repeat(np.arange(4), each)
    return 3 * rng.standard_normal((4, 20))[label] + rng.standard_normal((len(label), 20)), label


def test_neighbours_stay_neighbours() -> None:
    features, label = clouds()
    at = places(features)
    distance = np.linalg.norm(at[:, None] - at[None], axis=-1)
    np.fill_diagonal(distance, np.inf)
    assert (label[distance.argmin(1)] == label).mean() > 0.97
    assert at.min() >= 0.03 - 1e-9
    assert at.max() <= 0.97 + 1e-9


def test_units_of_a_feature_do_not_matter() -> None:
    features, _ = clouds(each=10)
    scale = np.exp(np.linspace(-3, 3, features.shape[1]))
    np.testing.assert_allclose(places(features * scale + 5), places(features), atol=0.02)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 9])
def test_a_few_points_have_places_too(count: int) -> None:
    at = places(np.random.default_rng(1).standard_normal((count, 5)))
    assert at.shape == (count, 2)
    assert np.isfinite(at).all()


def test_points_that_are_all_alike_stand_in_the_middle() -> None:
    np.testing.assert_array_equal(places(np.ones((12, 4))), np.full((12, 2), 0.5))


def test_refuses_other_shapes() -> None:
    with pytest.raises(InputError, match=r"\(point, dim\)"):
        places(np.zeros(3))


def test_wanted_windows_are_drawn_and_the_rest_at_random() -> None:
    found = chosen(1000, [999, 3, 3, 500], 50, seed=1)
    assert {3, 500, 999} <= set(found.tolist())
    assert len(set(found.tolist())) == 50
    assert (np.diff(found) > 0).all()
    assert found.tolist() == chosen(1000, [999, 3, 500], 50, seed=1).tolist()
    assert found.tolist() != chosen(1000, [999, 3, 500], 50, seed=2).tolist()


def test_boxes_do_not_cover_each_other() -> None:
    rng = np.random.default_rng(3)
    middles, widths = rng.uniform(0, 60, (12, 2)), rng.uniform(5, 30, 12)
    moved = apart(middles, widths, 4.0)
    gap = np.abs(moved[:, None] - moved[None])
    over = (gap[..., 0] < (widths[:, None] + widths[None]) / 2 - 1e-6) & (gap[..., 1] < 4.0 - 1e-6)
    assert not over[~np.eye(12, dtype=bool)].any()
    np.testing.assert_array_equal(moved[:, 0], middles[:, 0])
    far = np.array([[0.0, 0.0], [0.0, 50.0]])
    np.testing.assert_array_equal(apart(far, np.array([9.0, 9.0]), 4.0), far)
