"""Similarities of many sounds to a classifier's prototypes, kept up to date while it is corrected.

A correction moves one prototype or two. Of a pool of hundreds of thousands of vectors only these columns are compared
anew, without a second copy of the pool: what a row needs beside its products is its length in the standardised space.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limbeck.errors import InputError
from limbeck.prototypes import _arrays
from limbeck.prototypes._arrays import Floats, chunks
from limbeck.prototypes.classifier import PrototypeClassifier


class PoolScores:
    """Similarities of rows to prototypes, those of `PrototypeClassifier.similarities` but for rounding.

    Args:
        classifier: Learned.
        rows: Vectors in its space, (row, dim); kept by reference.

    Attributes:
        similarities: (row, class), in the order of the classifier's labels.
        logits: What rows are named by, (row, class), those of `PrototypeClassifier.logits` but for rounding.

    Raises:
        InputError: The rows are no vectors of the classifier's space.

    Example:
        >>> pool = np.array([[1.0, 0.1], [0.9, 0.0], [0.1, 1.0], [0.0, 0.9]])
        >>> clf = PrototypeClassifier(neighbours=1).fit_from_text(pool, np.eye(2), ["bark", "rain"])
        >>> scores = PoolScores(clf, pool)
        >>> scores.update(clf.with_neighbour("rain", 3))
        [1]
    """

    similarities: Floats
    logits: Floats

    def __init__(self, classifier: PrototypeClassifier, rows: ArrayLike) -> None:
        self._rows = _arrays.rows(rows, "rows")
        if self._rows.shape[1] != classifier.n_features_in_:
            raise InputError(
                f"Rows of {classifier.n_features_in_} numbers were expected, but got {self._rows.shape[1]}."
            )
        self._mean, self._scale = classifier.mean_, classifier.scale_
        lengths = [np.linalg.norm((self._rows[p] - self._mean) / self._scale, axis=1) for p in chunks(len(self._rows))]
        self._lengths: Floats = np.concatenate(lengths)
        self._prototypes: Floats = np.zeros((0, self._rows.shape[1]), self._rows.dtype)
        self.update(classifier)

    def update(self, classifier: PrototypeClassifier) -> list[int]:
        """Bring the similarities up to date with a corrected classifier, and tell which columns changed.

        Raises:
            InputError: It was learned from another pool: then new scores are needed.
        """
        if not (np.array_equal(classifier.mean_, self._mean) and np.array_equal(classifier.scale_, self._scale)):
            raise InputError("This classifier was learned from another pool. Make new scores of it: PoolScores(...).")
        prototypes = classifier.prototypes_
        if prototypes.shape != self._prototypes.shape:
            self.similarities = np.empty((len(self._rows), len(prototypes)), self._rows.dtype)
            changed = list(range(len(prototypes)))
        else:
            changed = np.flatnonzero((prototypes != self._prototypes).any(axis=1)).tolist()
        self._prototypes, probe = prototypes.copy(), classifier.probe_
        directions = [prototypes[changed], *([] if probe is None else [probe.coefficients])]
        if len(stacked := np.concatenate(directions)):
            # Rows are many: they are gone through once for all that changed.
            products = self._products(stacked)
            near = products[:, : len(changed)]
            self.similarities[:, changed] = self._compared(near, prototypes[changed], classifier.metric)
        if probe is None:
            self.logits = self.similarities / classifier.temperature_
        else:
            along, lengths = products[:, len(changed) :], self._lengths[:, None]
            scores = np.divide(along, lengths, out=np.zeros_like(along), where=lengths > 0)
            self.logits = (scores + probe.intercept) / probe.temperature
        return changed

    def _products(self, directions: Floats) -> NDArray[Any]:
        """Of standardised rows with `directions`, (class, dim): (row, class)."""
        scaled = directions / self._scale
        return np.asarray(self._rows @ scaled.T - scaled @ self._mean)

    def _compared(self, products: Floats, prototypes: Floats, metric: str) -> NDArray[Any]:
        lengths, norms = self._lengths[:, None], np.linalg.norm(prototypes, axis=1)
        if metric == "euclidean":
            return np.asarray(-np.sqrt(np.maximum(lengths**2 - 2 * products + norms**2, 0)))
        both = lengths * norms
        return np.asarray(np.divide(products, both, out=np.zeros_like(products), where=both > 0))
