"""How many neighbours a class gets when nobody says."""

from __future__ import annotations

FRACTION = 0.5
AT_MOST = 35


def fair_half(pool: int, classes: int) -> int:
    """Half of a class's fair share of the pool, at least 1 and at most 35.

    Were the pool divided equally, a class would have ``pool / classes`` recordings. Neighbours are taken from the
    surer half of these, since beyond the share every further one must be wrong, and near it many are; a rare class
    has the other half as its margin. A mean needs no more than 35, the number of the published method.

    Example:
        >>> fair_half(240, 10), fair_half(8000, 10), fair_half(5, 10)
        (12, 35, 1)
    """
    return max(1, min(AT_MOST, round(FRACTION * pool / classes)))
