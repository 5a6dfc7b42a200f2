"""What comes in: vectors and labels as arrays, checked once and refused in sentences."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_array

from limbeck.errors import InputError

Floats = NDArray[np.floating[Any]]
Positions = NDArray[np.int64]
Mask = NDArray[np.bool_]

CHUNK = 16_384
"""Rows worked on at a time, so that a million vectors need no second copy of themselves."""


def rows(values: ArrayLike, name: str) -> Floats:
    """Vectors as (row, dim), float32 or float64 as given, finite, at least one."""
    try:
        return check_array(values, dtype=[np.float32, np.float64], input_name=name)  # type: ignore[no-any-return]
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must be finite numbers of shape (row, dim): {error}") from error


def class_text(values: ArrayLike, classes: int, dim: int) -> Floats:
    """Vectors of the classes' words as (prompt, class, dim); (class, dim) becomes one prompt."""
    array = np.asarray(values)
    if array.ndim == 2:
        array = array[None]
    if array.ndim != 3 or not len(array) or array.shape[1:] != (classes, dim):
        raise InputError(
            f"text must be of shape (class, dim) or (prompt, class, dim), here ({classes}, {dim}) or "
            f"(prompt, {classes}, {dim}): one row per label, as long as a vector of the pool. Got {np.shape(values)}."
        )
    return rows(array.reshape(-1, dim), "text").reshape(array.shape)


def label_array(labels: Sequence[str]) -> NDArray[Any]:
    if isinstance(labels, str) or not len(labels):
        raise InputError(f"labels must be a list of at least one name; got {labels!r}.")
    if doubled := sorted({str(label) for label in labels if list(labels).count(label) > 1}):
        raise InputError(f"Labels must differ from one another; given more than once: {', '.join(doubled)}.")
    if any(isinstance(label, str) and not label.strip() for label in labels):
        raise InputError("A label is empty; the empty name is kept for sounds that are none of these.")
    return np.asarray(labels)


def chunks(total: int, size: int = CHUNK) -> Iterator[slice]:
    """Slices that cover so many rows in order, so many (`size`) at a time."""
    return (slice(start, min(start + size, total)) for start in range(0, total, size))
