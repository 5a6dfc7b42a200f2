"""From prototypes to labels: what every nearest-prototype classifier answers."""

from __future__ import annotations

from typing import Any, Literal, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from limbeck.errors import InputError
from limbeck.prototypes._arrays import Floats, chunks
from limbeck.prototypes._calibration import level_scores
from limbeck.prototypes._space import METRICS, Standard


class NearestPrototype(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """The part of `PrototypeClassifier` that names sounds; see there."""

    metric: Literal["cosine", "euclidean"]
    classes_: NDArray[Any]
    prototypes_: Floats
    mean_: Floats
    scale_: Floats
    temperature_: float
    threshold_: float
    levels_: Floats
    multi_label_: bool

    def similarities(self, X: ArrayLike) -> Floats:  # noqa: N803
        """Similarity of `X`, (row, dim), to each class's prototype, (row, class): the cosine, or minus the distance."""
        rows = self._rows(X)
        between = METRICS[self.metric].between
        return np.concatenate([between(self._standard(rows[part]), self.prototypes_) for part in chunks(len(rows))])

    def decision_function(self, X: ArrayLike) -> Floats:  # noqa: N803
        """`similarities` of `X`, (row, dim); of two classes the difference, (row,), as scikit-learn has it."""
        scores = self.similarities(X)
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 and not self.multi_label_ else scores

    def predict_proba(self, X: ArrayLike) -> Floats:  # noqa: N803
        """Probability of each class, (row, class), given that `X`, (row, dim), are of them; rejection has no part.

        After `fit` with several labels a row: `multi_label_scores`.
        """
        scores = self.similarities(X)
        if self.multi_label_:
            return level_scores(scores, *self.levels_)
        return cast(Floats, softmax(scores / self.temperature_, axis=1))

    def predict(self, X: ArrayLike) -> NDArray[Any]:  # noqa: N803
        """The label nearest to each of `X`, (row, dim); for a rejected sound ``""``, or -1 where labels are numbers.

        After `fit` with several labels a row: 0 and 1, (row, class).
        """
        scores = self.similarities(X)
        if self.multi_label_:
            return (level_scores(scores, *self.levels_) >= 0.5).astype(int)
        named: NDArray[Any] = self.classes_[scores.argmax(axis=1)]
        known = scores.max(axis=1) >= self.threshold_
        return named if known.all() else np.where(known, named, self._nobody())

    def multi_label_scores(self, X: ArrayLike) -> Floats:  # noqa: N803
        """For each class on its own how much `X`, (row, dim), is of it, (row, class), above 0 and below 1.

        0.12 is what other sounds of the pool have on average, 0.88 what the class's own have. Scores of different
        classes can be compared.
        """
        return level_scores(self.similarities(X), *self.levels_)

    def top(self, X: ArrayLike, k: int = 3) -> list[list[tuple[Any, float]]]:  # noqa: N803
        """The `k` most probable labels of `X`, (row, dim), with their probabilities, best first, rejected or not."""
        probability = self.predict_proba(X)
        order = np.argsort(-probability, axis=1, kind="stable")[:, :k]
        return [
            [(self.classes_[c].item(), float(p[c])) for c in best] for p, best in zip(probability, order, strict=True)
        ]

    @property
    def _standard(self) -> Standard:
        return Standard(self.mean_, self.scale_)

    def _rows(self, X: ArrayLike) -> Floats:  # noqa: N803
        check_is_fitted(self)
        return cast(Floats, validate_data(self, X, reset=False, dtype=[np.float64, np.float32]))

    def _nobody(self) -> Any:
        """The label of a sound that is none of these."""
        label: Any = -1 if self.classes_.dtype.kind in "iuf" else ""
        if label in self.classes_.tolist():
            raise InputError(f"{label!r} is kept for sounds that are none of these; name the class otherwise.")
        return label

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
