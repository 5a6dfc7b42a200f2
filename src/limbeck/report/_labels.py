"""Where to write the names of dots so that they can be read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_FORBIDDEN = 1e6
_CROSSING = 60.0
_BAR = 14.0


def place(
    dots: Array,
    sizes: Array,
    *,
    area: tuple[float, float, float, float],
    bars: Array,
    taken: Array,
    radius: float,
) -> Array:
    """A place for every dot's name: near it, on no other name and no dot, if possible on no bar.

    Names are placed one by one, from the top; each takes the cheapest of a few hundred places around its dot.

    Args:
        dots: Centres, (dot, 2).
        sizes: Width and height of the names, (dot, 2).
        area: Left, bottom, right and top of where names may lie.
        bars: Boxes that are better left free, (bar, 4): left, bottom, right, top.
        taken: Boxes that must be left free, (box, 4).
        radius: Of a dot. All lengths have one unit.

    Returns:
        Lower left corners, (dot, 2).

    Example:
        >>> none = np.zeros((0, 4))
        >>> place(np.array([[10.0, 50.0]]), np.array([[20.0, 8.0]]), area=(0, 0, 100, 100), bars=none, taken=none,
        ...       radius=2.0)
        array([[14., 46.]])
    """
    spots = np.concatenate([dots - radius, dots + radius], axis=1)
    boxes: list[Array] = []
    leaders: list[tuple[Array, Array]] = []
    corners = np.zeros_like(dots)
    for i in np.lexsort((dots[:, 0], -dots[:, 1])):
        corner = _around(dots[i], sizes[i], radius)
        box = np.concatenate([corner, corner + sizes[i]], axis=1)
        ends = end_of_leader(dots[i], box)
        cost = np.hypot(*(ends - dots[i]).T) + 0.25 * np.abs(ends[:, 1] - dots[i, 1])
        outside = (box[:, 0] < area[0]) | (box[:, 1] < area[1]) | (box[:, 2] > area[2]) | (box[:, 3] > area[3])
        cost = cost + _FORBIDDEN * outside
        cost += _FORBIDDEN * _covered(box, [*taken, *boxes]) + _FORBIDDEN / 10 * _covered(box, [*spots])
        cost += _BAR * _covered(box, [*bars])
        others = np.delete(spots, i, axis=0)
        cost += _CROSSING * _passes(dots[i], ends, [*boxes, *others])
        cost += _CROSSING * sum((_passes_one(a, b, box) for a, b in leaders), np.zeros(len(box)))
        best = int(np.argmin(cost))
        corners[i] = corner[best]
        boxes.append(box[best])
        leaders.append((dots[i], ends[best]))
    return corners


def hang(levels: Array, height: float, low: float) -> Array:
    """Heights at or below `levels`, in their order and at least `height` apart; all of them above `low` if they fit.

    Lines from rising dots to names that hang to their right so stay below the dots in between.

    Args:
        levels: Wanted heights, rising, (name,).
        height: Of a name.
        low: Lowest height; names are lifted to it, and those above them as far as need be.

    Returns:
        Heights, (name,).

    Example:
        >>> hang(np.array([29.0, 30.0]), 10.0, 0.0), hang(np.array([5.0, 6.0]), 10.0, 0.0)
        (array([20., 30.]), array([ 0., 10.]))
    """
    count = np.arange(len(levels))
    down = np.minimum.accumulate((levels - height * count)[::-1])[::-1] + height * count
    placed: Array = np.maximum(down, low + height * count)
    return placed


def end_of_leader(dot: Array, box: Array) -> Array:
    """The point of each box, left, right, or the middle of its lower or upper edge, that a line from a dot ends at.

    Args:
        dot: (2,).
        box: (box, 4).

    Returns:
        (box, 2).
    """
    x = np.clip(dot[0], box[:, 0], box[:, 2])
    y = np.where(
        (dot[0] < box[:, 0]) | (dot[0] > box[:, 2]), box[:, [1, 3]].mean(1), np.clip(dot[1], box[:, 1], box[:, 3])
    )
    return np.stack([x, y], axis=1)


def _around(dot: Array, size: Array, radius: float) -> Array:
    """Lower left corners to try: to the right, to the left, above and below, ever farther."""
    width, height = size
    gap = radius * 2
    away = gap + height * np.array([0, 0.5, 1, 1.75, 2.5, 3.5, 5, 7, 9, 12, 15])
    steps = height * np.array([0, 0.55, -0.55, 1.1, -1.1, 1.65, -1.65, 2.2, -2.2, 3.3, -3.3, 4.4, -4.4, 6, -6, 8, -8])
    across, up = (x.ravel() for x in np.meshgrid(away, steps, indexing="ij"))
    level = dot[1] - height / 2 + up
    right = np.stack([dot[0] + across, level], axis=1)
    left = np.stack([dot[0] - across - width, level], axis=1)
    middle = dot[0] - width / 2
    upright = [[middle, dot[1] + gap], [middle, dot[1] - gap - height]]
    return np.concatenate([right, left, np.array(upright)])


def _covered(box: Array, others: Sequence[Array]) -> Array:
    """How many of `others` each box lies on."""
    if not others:
        return np.zeros(len(box))
    other = np.stack(others)
    apart = (
        (box[:, None, 0] >= other[:, 2])
        | (box[:, None, 2] <= other[:, 0])
        | (box[:, None, 1] >= other[:, 3])
        | (box[:, None, 3] <= other[:, 1])
    )
    return np.asarray((~apart).sum(1), dtype=np.float64)


def _passes(start: Array, ends: Array, others: Sequence[Array]) -> Array:
    """How many of `others` each line from `start` goes through."""
    if not others:
        return np.zeros(len(ends))
    other = np.stack(others)
    along = np.linspace(0, 1, 17)[:, None, None]
    points = start + along * (ends - start)
    inside = (
        (points[:, :, None, 0] > other[:, 0])
        & (points[:, :, None, 0] < other[:, 2])
        & (points[:, :, None, 1] > other[:, 1])
        & (points[:, :, None, 1] < other[:, 3])
    )
    return np.asarray(inside.any(0).sum(1), dtype=np.float64)


def _passes_one(start: Array, end: Array, boxes: Array) -> Array:
    """Whether one line goes through each box."""
    points = start + np.linspace(0, 1, 17)[:, None] * (end - start)
    inside = (
        (points[:, None, 0] > boxes[:, 0])
        & (points[:, None, 0] < boxes[:, 2])
        & (points[:, None, 1] > boxes[:, 1])
        & (points[:, None, 1] < boxes[:, 3])
    )
    return np.asarray(inside.any(0), dtype=np.float64)
