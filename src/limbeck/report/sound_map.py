"""Windows of an index as points of a plane: which are drawn, where, and where the words among them stand."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt

from limbeck.errors import InputError

Floats = npt.NDArray[np.floating]
Ints = npt.NDArray[np.intp]

WIDTH, HEIGHT = 1000, 620
"""Of the map, in units of its drawing."""
_LETTER, _LINE = 9.6, 21.0
_TOP = 0.1
_DIMENSIONS = 50
_MARGIN = 0.03
_PERPLEXITY = 30.0
_FEWEST = 8
"""Below so many points neighbourhoods say nothing, and principal components are as good."""


def chosen(count: int, wanted: Sequence[int] | Ints, limit: int, *, seed: int = 0) -> Ints:
    """Choose which of `count` windows are drawn, at most `limit`; returns positions, ascending.

    Those `wanted` come first, the most important of them first, then others at random by the `seed`.

    Example:
        >>> chosen(4, [2], 10).tolist(), len(chosen(100, [7, 7, 9], 5)), chosen(100, [9, 7], 1).tolist()
        ([0, 1, 2, 3], 5, [9])
    """
    if count <= limit:
        return np.arange(count)
    first = np.asarray(list(dict.fromkeys(int(i) for i in wanted))[:limit], dtype=np.intp)
    others = np.setdiff1d(np.arange(count), first)
    drawn = np.random.default_rng(seed).choice(others, limit - len(first), replace=False)
    return np.sort(np.concatenate([first, drawn]))


def places(features: Floats, *, seed: int = 0) -> npt.NDArray[np.float64]:
    """Tell where points stand, (point, 2), 0 to 1: t-SNE of the principal components of standardised features.

    The `features` are of shape (point, dim); the `seed` is that of t-SNE.

    What lies close together sounds alike to the encoder; distances between far groups, and the axes, mean nothing.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    if features.ndim != 2:
        raise InputError(f"Features of a map must be of shape (point, dim); came {features.shape}.")
    count = len(features)
    spread = features.std(0)
    level = (features - features.mean(0))[:, spread > 0].astype(np.float64) / spread[spread > 0]
    if count < 2 or not level.shape[1]:
        return np.full((count, 2), 0.5)
    parts = min(_DIMENSIONS, count - 1, level.shape[1])
    flat = PCA(max(parts, 1), random_state=seed, svd_solver="full").fit_transform(level)
    if count >= _FEWEST and flat.shape[1] >= 2:
        perplexity = min(_PERPLEXITY, (count - 1) / 4)
        flat = TSNE(2, perplexity=perplexity, init="pca", random_state=seed).fit_transform(flat)
    flat = np.pad(flat, ((0, 0), (0, max(0, 2 - flat.shape[1]))))[:, :2]
    low, size = flat.min(0), np.ptp(flat, axis=0)
    unit = np.where(size > 0, (flat - low) / np.where(size > 0, size, 1), 0.5)
    return np.asarray(_MARGIN + (1 - 2 * _MARGIN) * unit)


def names(
    words: Sequence[tuple[str, Sequence[int]]], spots: Mapping[int, Sequence[float] | Floats]
) -> list[tuple[int, str, float, float]]:
    """Place the labels of words on the map: above their neighbours, beside the other words.

    The `words` are labels with the windows they stand for; `spots` are places of windows. Returns for each word with
    a neighbour on the map its position in the list, its label, and where it stands, x and y.
    """
    own = {c: np.array([spots[int(i)] for i in stands if int(i) in spots]) for c, (_, stands) in enumerate(words)}
    own = {c: at for c, at in own.items() if len(at)}
    if not own:
        return []
    middles = [(np.median(at[:, 0]), np.quantile(at[:, 1], _TOP) - 1.2 * _LINE) for at in own.values()]
    widths = np.array([_LETTER * len(words[c][0]) + 8 for c in own])
    moved = apart(np.array(middles), widths, _LINE)
    moved[:, 0] = np.clip(moved[:, 0], widths / 2, np.maximum(WIDTH - widths / 2, widths / 2))
    moved[:, 1] = np.clip(moved[:, 1], _LINE, HEIGHT - _LINE / 2)
    return [(c, words[c][0], x, y) for c, (x, y) in zip(own, moved.round(1).tolist(), strict=True)]


def apart(middles: Floats, widths: Floats, height: float, *, rounds: int = 200) -> npt.NDArray[np.float64]:
    """Move boxes of text up and down as little as is needed for none to cover another, in at most so many `rounds`.

    Takes and returns the `middles` of the boxes, (box, 2); `widths` are (box,), and all have the same `height`.

    Example:
        >>> apart(np.array([[0.0, 0.0], [0.0, 0.5]]), np.array([4.0, 4.0]), 1.0).tolist()
        [[0.0, -0.25], [0.0, 0.75]]
    """
    moved = np.array(middles, dtype=np.float64)
    for _ in range(rounds):
        before = moved.copy()
        for i, j in combinations(range(len(moved)), 2):
            gap = moved[j] - moved[i]
            over = np.array([(widths[i] + widths[j]) / 2, height]) - np.abs(gap)
            if (over > 1e-9).all():
                step = over[1] / 2 * (1 if gap[1] >= 0 else -1)
                moved[[i, j], 1] += -step, step
        if (moved == before).all():
            break
    return moved
