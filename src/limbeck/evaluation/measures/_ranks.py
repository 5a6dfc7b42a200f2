"""Ranks of what a query looks for, and what a random order would give."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

NEAREST = (1, 5, 10)


def first_ranks(alike: Tensor, relevant: Tensor) -> Tensor:
    """Rank of each query's first relevant item, from 1, int64, (query,), by how near items are, (query, item).

    Irrelevant items that tie with it come before it. Each query has a relevant item.

    Example:
        >>> alike = torch.tensor([[0.9, 0.5, 0.5, 0.1]])
        >>> int(first_ranks(alike, torch.tensor([[True, False, False, True]])))
        1
        >>> int(first_ranks(alike, torch.tensor([[False, True, False, True]])))
        3
    """
    best = alike.masked_fill(~relevant, -torch.inf).amax(1, keepdim=True)
    return 1 + ((alike >= best) & ~relevant).sum(1)


def by_chance(items: int, relevant: Sequence[int], queries: Sequence[int]) -> dict[str, float]:
    """Recall at 1, 5 and 10, median rank of the first hit and mean average precision of a random order, exactly.

    Each kind of query has its number of relevant items, and of queries. One with m relevant items among N has no hit
    among the first k with probability C(N - m, k) / C(N, k); the expected average precision follows from the expected
    number of hits before each. The median is that of the ranks of all queries together.

    Example:
        >>> told = by_chance(50, [5], [50])
        >>> round(told["R@1 (%)"], 1), round(told["R@5 (%)"], 1), told["MedR"]
        (10.0, 42.3, 7.0)
    """
    from scipy.stats import hypergeom

    hit = np.arange(items + 1)
    within = np.average(
        [1 - hypergeom.pmf(0, items, m, hit) for m in relevant], axis=0, weights=np.asarray(queries, float)
    )
    found = {f"R@{k} (%)": 100 * float(within[min(k, items)]) for k in NEAREST}
    found["MedR"] = float(np.searchsorted(within, 0.5 - 1e-12))
    harmonic = float(np.sum(1 / np.arange(1, items + 1)))
    together = [(m - 1) / max(items - 1, 1) for m in relevant]
    precision = [(c * items + (1 - c) * harmonic) / items for c in together]
    found["mAP (%)"] = 100 * float(np.average(precision, weights=queries))
    return found
