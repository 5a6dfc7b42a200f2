"""What scores are worth: accuracy, and the several things that were called mAP, each under its own name.

Source: PROTO (Interspeech 2023, arXiv 2306.12300) reports one "mAP" for FSD50K, which its published code computes in
three ways: for zero-shot as the mean over batches of 32 recordings of a macro average over all classes, absent classes
counting as 0; for supervised networks the same with batches of 128; for prototypes as one average precision for each
recording over its classes. They are not comparable with one another, nor with the class-wise macro mAP of the
literature. Here every row gets all of them. scikit-learn computes each average precision.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from limbeck.errors import InputError

Scores = npt.NDArray[np.float32]
Targets = npt.NDArray[np.bool_]

ACCURACY = "accuracy (%)"
CLASS_WISE = "macro mAP, class-wise (%)"
EXAMPLE_WISE = "AP, example-wise (%)"
BATCH_32 = "batch-32 mAP, as published for zero-shot (%)"
BATCH_128 = "batch-128 mAP, as published for supervised (%)"
PURITY = "neighbour purity (%)"
ORDER = (ACCURACY, CLASS_WISE, EXAMPLE_WISE, BATCH_32, BATCH_128, PURITY)
"""Names of numbers as tables show them; the first that is there is the one to compare by."""


def ordered(values: Mapping[str, float]) -> dict[str, float]:
    """Numbers in the order of tables; those of other names come last.

    Example:
        >>> list(ordered({"neighbours": 3.0, EXAMPLE_WISE: 1.0, CLASS_WISE: 2.0}))
        ['macro mAP, class-wise (%)', 'AP, example-wise (%)', 'neighbours']
    """
    names = [*(name for name in ORDER if name in values), *(name for name in values if name not in ORDER)]
    return {name: values[name] for name in names}


def measure(scores: Scores, targets: Targets, *, multi_label: bool) -> dict[str, float]:
    """All numbers of one test split, in percent, by name; the first is the one to compare by.

    Of `scores`, (recording, class), all finite, the highest is best; `targets` are the classes a recording has,
    (recording, class), several at times if `multi_label`.
    """
    if not multi_label:
        return {ACCURACY: accuracy(scores, targets)}
    return {
        CLASS_WISE: class_wise(scores, targets),
        EXAMPLE_WISE: example_wise(scores, targets),
        BATCH_32: batch_wise(scores, targets, batch=32),
        BATCH_128: batch_wise(scores, targets, batch=128),
    }


def accuracy(scores: Scores, targets: Targets) -> float:
    """Recordings whose best class is theirs, in percent; see `measure`.

    Example:
        >>> accuracy(np.float32([[0.9, 0.1], [0.6, 0.4]]), np.array([[True, False], [False, True]]))
        50.0
    """
    _check(scores, targets)
    return 100 * float(targets[np.arange(len(scores)), scores.argmax(1)].mean())


def class_wise(scores: Scores, targets: Targets) -> float:
    """The literature's mAP: average precision of each class that occurs, over the whole split; see `measure`.

    Example:
        >>> class_wise(np.float32([[3, 0], [2, 1], [1, 2]]), np.array([[1, 0], [0, 0], [1, 1]], dtype=bool))
        91.66...
    """
    _check(scores, targets)
    return 100 * float(np.mean(_precisions(scores, targets)))


def example_wise(scores: Scores, targets: Targets) -> float:
    """How well each recording's classes are ranked: average precision over its classes, mean over recordings.

    Recordings without labels have nothing to rank and are left out; see `measure`.

    Example:
        >>> example_wise(np.float32([[3, 2, 1], [3, 2, 1]]), np.array([[1, 0, 0], [0, 0, 1]], dtype=bool))
        66.66...
    """
    _check(scores, targets)
    return 100 * float(np.mean(_precisions(scores.T, targets.T)))


def batch_wise(scores: Scores, targets: Targets, *, batch: int) -> float:
    """The published code's number: macro over all classes within each batch, absent classes as 0, mean over batches.

    It depends on the order of the recordings and on their number in a `batch`, and a perfect scorer stays far below
    100; see `measure`.

    Example:
        >>> both = np.eye(4, dtype=bool)
        >>> batch_wise(both.astype(np.float32), both, batch=2), class_wise(both.astype(np.float32), both)
        (50.0, 100.0)
    """
    _check(scores, targets)
    parts = [slice(i, i + batch) for i in range(0, len(scores), batch)]
    return 100 * float(np.mean([sum(_precisions(scores[i], targets[i])) / targets.shape[1] for i in parts]))


def purity(neighbours: list[npt.NDArray[np.int64]], targets: Targets) -> float:
    """Neighbours of a class that truly have it, in percent, mean over classes that have neighbours.

    The `neighbours` of each class are positions in the pool, the `targets` its own, (recording, class).

    Example:
        >>> purity([np.array([0, 1]), np.array([2])], np.array([[1, 0], [0, 1], [0, 1]], dtype=bool))
        75.0
    """
    return 100 * float(np.mean([targets[rows, c].mean() for c, rows in enumerate(neighbours) if len(rows)]))


def _precisions(scores: Scores, targets: Targets) -> list[float]:
    """Average precision of each column that has a positive."""
    from sklearn.metrics import average_precision_score

    return [float(average_precision_score(targets[:, c], scores[:, c])) for c in np.flatnonzero(targets.any(0))]


def _check(scores: Scores, targets: Targets) -> None:
    if scores.shape != targets.shape or not scores.size or not targets.any():
        raise InputError(
            f"Scores and targets must be of one shape (recording, class) and some recording must have a label; came "
            f"{scores.shape}, {targets.shape} and {int(targets.sum())} labels."
        )
    if not np.isfinite(scores).all():
        raise InputError("Scores must be finite; some are NaN or infinite.")
