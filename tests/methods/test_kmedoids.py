"""`kmedoids`: against Lloyd's algorithm written out, and what must not matter."""

from __future__ import annotations

import itertools

import numpy as np
import torch

from limbeck.methods.kmedoids import medoids_order


def blobs(sizes, *, dim=3, apart=30.0, seed=0):
    source = torch.Generator().manual_seed(seed)
    centres = torch.randn(len(sizes), dim, generator=source) * apart
    return torch.cat([c + torch.randn(n, dim, generator=source) for c, n in zip(centres, sizes, strict=True)])


def best_partition(features, count):
    """The k-means optimum by trying every partition: for each, the mean of every part."""
    best, found = np.inf, None
    for parts in itertools.product(range(count), repeat=len(features)):
        if len(set(parts)) < count:
            continue
        groups = [[i for i, p in enumerate(parts) if p == c] for c in range(count)]
        cost = sum(((features[g] - features[g].mean(0)) ** 2).sum() for g in groups)
        if cost < best - 1e-9:
            best, found = cost, groups
    return found


def test_medoids_are_those_of_the_best_of_all_partitions():
    """A second implementation, exhaustive: seven samples, three clusters."""
    for seed in range(3):
        features = blobs((4, 2, 1), dim=2, seed=seed).numpy().astype(np.float64)
        groups = sorted(best_partition(features, 3), key=len, reverse=True)
        wanted = [int(((features - features[g].mean(0)) ** 2).sum(1).argmin()) for g in groups]
        assert medoids_order(torch.from_numpy(features), 3, seed).tolist() == wanted


def test_large_clusters_come_first():
    order = medoids_order(blobs((3, 20, 9)), 3, seed=0)
    assert [int(i) for i in torch.bucketize(order, torch.tensor([3, 23]), right=True)] == [1, 2, 0]


def test_blind_to_shift_rotation_and_scale():
    features = blobs((8, 6, 5, 3)).double()
    rotation = torch.linalg.qr(torch.randn(3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(2))).Q
    assert medoids_order(features, 4, 1).tolist() == medoids_order(3 * features @ rotation + 7, 4, 1).tolist()


def test_one_medoid_is_the_sample_nearest_the_mean():
    features = blobs((9,))
    assert medoids_order(features, 1, 0).item() == (features - features.mean(0)).norm(dim=1).argmin().item()


def test_equal_samples_are_picked_once_each_and_without_a_word():
    assert sorted(medoids_order(torch.ones(6, 3), 6, 0).tolist()) == list(range(6))


def test_as_many_as_there_are():
    features = blobs((3, 3))
    assert sorted(medoids_order(features, 6, 0).tolist()) == list(range(6))
