"""Which clips stand for a class: selection on features. Pure functions, tensors in, indices out."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor


def herding_order(features: Tensor, count: int) -> Tensor:
    """Herding: pick, one by one, the sample that brings the mean of the picked nearest to the mean of all.

    Source: Welling, "Herding Dynamical Weights to Learn", ICML 2009, as dataset-condensation papers use it.

    Args:
        features: (sample, dim).
        count: How many to pick, 1..samples.

    Returns:
        int64, (count,): indices in the order picked, all different.

    Example:
        >>> herding_order(torch.tensor([[0.0], [4.0], [5.0], [9.0]]), 2)
        tensor([1, 2])
    """
    mean = features.mean(0)
    free = torch.ones(len(features), dtype=torch.bool, device=features.device)
    total = torch.zeros_like(mean)
    order = []
    for k in range(count):
        distance = (features - (mean * (k + 1) - total)).square().sum(1)
        pick = int(distance.masked_fill(~free, torch.inf).argmin())
        free[pick] = False
        total += features[pick]
        order.append(pick)
    return torch.tensor(order)


def kcenter_order(features: Tensor, count: int) -> Tensor:
    """Greedy k-center: start nearest to the mean, then always the sample farthest from all picked ones.

    Source: Sener and Savarese, "Active Learning for Convolutional Neural Networks: A Core-Set Approach", ICLR 2018.

    Args:
        features: (sample, dim).
        count: How many to pick, 1..samples.

    Returns:
        int64, (count,): indices in the order picked, all different.

    Example:
        >>> kcenter_order(torch.tensor([[0.0], [4.0], [5.0], [9.0]]), 3)
        tensor([1, 3, 0])
    """
    order = [int((features - features.mean(0)).square().sum(1).argmin())]
    nearest = (features - features[order[0]]).square().sum(1)
    while len(order) < count:
        nearest[order] = -1  # picked ones never come again, not even among equal samples
        order.append(int(nearest.argmax()))
        nearest = torch.minimum(nearest, (features - features[order[-1]]).square().sum(1))
    return torch.tensor(order)


def medoids_order(features: Tensor, count: int, seed: int) -> Tensor:
    """Medoids of k-means: the sample nearest to each centre, the centre of the largest cluster first.

    Source: Lloyd's algorithm with k-means++ starts (Arthur and Vassilvitskii, SODA 2007), the best of four.

    Args:
        features: (sample, dim), on the CPU.
        count: How many to pick, 1..samples.
        seed: Of the starts, >= 0.

    Returns:
        int64, (count,): indices, all different; a sample nearest to two centres stands for the larger cluster.

    Example:
        >>> medoids_order(torch.tensor([[0.0], [9.0], [1.0], [2.0], [9.5]]), 2, seed=0)
        tensor([2, 1])
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # said of fewer different samples than centres: no fault
        # float64, so that the order in which threads add up decides nothing.
        fitted = KMeans(count, n_init=4, random_state=seed % 2**32).fit(features.double().numpy())
    sizes = torch.bincount(torch.from_numpy(fitted.labels_).long(), minlength=count)
    centres = torch.from_numpy(fitted.cluster_centers_).to(features)
    free = torch.ones(len(features), dtype=torch.bool)
    order = []
    for centre in centres[sizes.argsort(descending=True, stable=True)]:
        distance = (features - centre).square().sum(1)
        order.append(int(distance.masked_fill(~free, torch.inf).argmin()))
        free[order[-1]] = False
    return torch.tensor(order)
