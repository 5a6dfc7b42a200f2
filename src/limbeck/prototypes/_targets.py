"""Labels of labelled vectors, as scikit-learn takes them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from limbeck.prototypes._calibration import Mask


def one_or_several(y: ArrayLike | None) -> NDArray[Any] | None:
    """Labels as an array; of a column scikit-learn warns, and it is made a row."""
    if y is None:
        return None
    array = np.asarray(y)
    return column_or_1d(array, warn=True) if array.ndim == 2 and array.shape[1] == 1 else array


def members(y: NDArray[Any]) -> tuple[NDArray[Any], Mask]:
    """Classes, (class,), and which row is of which, bool, (row, class); from labels (row,), or 0 and 1, (row, class).

    Raises:
        ValueError: They are measurements, not labels.
    """
    check_classification_targets(y)
    if y.ndim == 2:
        return np.arange(y.shape[1]), y.astype(bool)
    classes, place = np.unique(y, return_inverse=True)
    return classes, place[:, None] == np.arange(len(classes))
