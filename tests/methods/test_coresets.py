import itertools

import numpy as np
import torch

from limbeck.methods.herding import herding_order
from limbeck.methods.kcenter import kcenter_order


def test_orders_match_the_reference(golden):
    file = np.load(golden / "herding.npz")
    features = torch.tensor(file["features"])
    assert herding_order(features, 12).tolist() == file["herding_order"].tolist()
    assert kcenter_order(features, 12).tolist() == file["kcenter_order"].tolist()


def test_first_herding_pick_is_the_sample_nearest_the_mean():
    features = torch.randn(40, 5, generator=torch.Generator().manual_seed(1))
    nearest = (features - features.mean(0)).norm(dim=1).argmin()
    assert herding_order(features, 1).item() == nearest.item()


def test_herding_is_blind_to_shift_and_rotation():
    source = torch.Generator().manual_seed(2)
    features = torch.randn(30, 4, dtype=torch.float64, generator=source)
    rotation = torch.linalg.qr(torch.randn(4, 4, dtype=torch.float64, generator=source)).Q
    assert herding_order(features, 9).tolist() == herding_order(features @ rotation + 3, 9).tolist()


def test_equal_samples_are_picked_once_each():
    features = torch.ones(6, 3)
    for order in (herding_order, kcenter_order):
        assert sorted(order(features, 6).tolist()) == list(range(6))


def test_kcenter_covers_at_most_twice_as_wide_as_the_best_centres():
    """Greedy k-center is a 2-approximation (from any first centre): checked against all choices of three of nine."""
    features = torch.randn(9, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(3))

    def radius(centres):
        return torch.cdist(features, features[list(centres)]).min(1).values.max()

    best = min(radius(c) for c in itertools.combinations(range(9), 3))
    assert radius(kcenter_order(features, 3).tolist()) <= 2 * best
