"""The rule for the number of neighbours."""

from __future__ import annotations

import pytest

from limbeck.prototypes._count import fair_half


@pytest.mark.parametrize(
    ("pool", "classes", "count"),
    [(240, 10, 12), (1600, 50, 16), (7859, 10, 35), (1_000_000, 50, 35), (3, 10, 1), (1, 1, 1), (37_000, 200, 35)],
)
def test_half_of_the_fair_share_within_bounds(pool: int, classes: int, count: int) -> None:
    assert fair_half(pool, classes) == count
    assert 1 <= fair_half(pool, classes) <= pool
