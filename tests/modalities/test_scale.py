"""Moments that are pooled, and numbers that are subtracted and divided along an axis."""

from __future__ import annotations

import numpy as np
import torch

from limbeck.modalities import Moments, Scale


def test_moments_pool_to_those_of_the_whole() -> None:
    values = np.random.default_rng(0).normal(-70, 3, (4, 1000))
    parts = [Moments.of(values[:, a:b]) for a, b in ((0, 1), (1, 400), (400, 1000))]
    whole = Moments.pooled([Moments.pooled(parts[:2]), parts[2]])
    assert whole.count == 1000
    np.testing.assert_allclose(whole.mean, values.mean(1), rtol=1e-13)
    np.testing.assert_allclose(whole.std, values.std(1), rtol=1e-12)
    again = Moments.from_json(whole.to_json())
    assert again.to_json() == whole.to_json()


def test_numbers_lie_along_the_axis_before_the_trailing_ones() -> None:
    scale = Scale(mean=(1.0, 2.0), std=(2.0, 4.0))
    x = torch.full((2, 2, 2), 10.0)
    assert scale.apply(x, 0)[0, 0].tolist() == [4.5, 2.0]
    assert scale.apply(x, 1)[0, :, 0].tolist() == [4.5, 2.0]
    assert scale.apply(x, 2)[:, 0, 0].tolist() == [4.5, 2.0]
    assert torch.equal(scale.undo(scale.apply(x, 1), 1), x)
