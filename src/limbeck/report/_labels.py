"""Where to write the names of dots so that they can be read. All lengths of a call have one unit."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Crossed = npt.NDArray[np.bool_]

_FORBIDDEN = 1e6
_CROSSING = 60.0
_BAR = 14.0


def place(dots: Array, sizes: Array, *, area: Sequence[float], bars: Array, taken: Array, radius: float) -> Array:
    """Lower left corners of the names of dots, (dot, 2): near them, on no other name or dot, if possible on no bar.

    Names are placed one by one, from the top; each takes the cheapest of a few hundred places around its dot. They lie
    inside `area` and on no `taken` box, as boxes (box, 4): left, bottom, right, top.

    Example:
        >>> none = np.zeros((0, 4))
        >>> place(np.array([[10.0, 50.0]]), np.array([[20.0, 8.0]]), area=(0, 0, 100, 100), bars=none, taken=none,
        ...       radius=2.0)
        array([[14., 46.]])
    """
    spots = np.concatenate([dots - radius, dots + radius], axis=1)
    boxes = np.zeros((0, 4))
    leaders = np.zeros((0, 2, 2))
    corners = np.zeros_like(dots)
    for i in np.lexsort((dots[:, 0], -dots[:, 1])):
        corner = _around(dots[i], sizes[i], radius)
        box = np.concatenate([corner, corner + sizes[i]], axis=1)
        lines = np.stack(np.broadcast_arrays(dots[i], end_of_leader(dots[i], box)), axis=1)
        cost = np.hypot(*(lines[:, 1] - dots[i]).T) + 0.25 * np.abs(lines[:, 1, 1] - dots[i, 1])
        cost += _FORBIDDEN * ((box[:, :2] < area[:2]).any(1) | (box[:, 2:] > area[2:]).any(1))
        cost += _FORBIDDEN * _covered(box, np.concatenate([taken, boxes])).sum(1)
        cost += _FORBIDDEN / 10 * _covered(box, spots).sum(1) + _BAR * _covered(box, bars).sum(1)
        cost += _CROSSING * _passed(lines, np.concatenate([boxes, np.delete(spots, i, axis=0)])).sum(1)
        cost += _CROSSING * _passed(leaders, box).sum(0)
        best = int(np.argmin(cost))
        corners[i] = corner[best]
        boxes = np.concatenate([boxes, box[best][None]])
        leaders = np.concatenate([leaders, lines[best][None]])
    return corners


def hang(levels: Array, height: float, low: float) -> Array:
    """Heights at or below `levels`, in their order and at least `height` apart; all of them above `low` if they fit.

    Lines from rising dots to names that hang to their right so stay below the dots in between. Levels rise, (name,).

    Example:
        >>> hang(np.array([29.0, 30.0]), 10.0, 0.0), hang(np.array([5.0, 6.0]), 10.0, 0.0)
        (array([20., 30.]), array([ 0., 10.]))
    """
    steps = height * np.arange(len(levels))
    down = np.minimum.accumulate((levels - steps)[::-1])[::-1] + steps
    placed: Array = np.maximum(down, low + steps)
    return placed


def end_of_leader(dot: Array, box: Array) -> Array:
    """The point of each box, left, right, or on its lower or upper edge, that a line from a dot ends at; (box, 2)."""
    end = np.clip(dot, box[:, :2], box[:, 2:])
    beside = (dot[0] < box[:, 0]) | (dot[0] > box[:, 2])
    end[beside, 1] = box[beside][:, [1, 3]].mean(1)
    return end


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


def _covered(boxes: Array, others: Array) -> Crossed:
    """Which of the other boxes each box lies on, (box, other)."""
    one = boxes[:, None]
    found: Crossed = np.all((one[..., :2] < others[:, 2:]) & (one[..., 2:] > others[:, :2]), axis=-1)
    return found


def _passed(lines: Array, boxes: Array) -> Crossed:
    """Which boxes each line goes through, (line, box); lines are (line, end, 2)."""
    along = np.linspace(0, 1, 17)[:, None, None]
    points = (lines[:, 0] + along * (lines[:, 1] - lines[:, 0]))[:, :, None]
    found: Crossed = np.any(np.all((points > boxes[:, :2]) & (points < boxes[:, 2:]), axis=-1), axis=0)
    return found
