"""Corrections: labelled examples, wrong and missing neighbours, after each of which the prototypes are learned anew."""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from limbeck.errors import InputError
from limbeck.prototypes._arrays import Floats, Positions
from limbeck.prototypes._calibration import agreement, temperature
from limbeck.prototypes._leave_one_out import leave_one_out_scores
from limbeck.prototypes._means import weighted_mean
from limbeck.prototypes._metrics import METRICS
from limbeck.prototypes._nearest import NearestPrototype
from limbeck.prototypes._refine import refined

Space = Literal["joint", "features", "array"]
Examples = tuple[Floats, Positions, float]


class CorrectablePrototypes(NearestPrototype):
    """The part of `PrototypeClassifier` that makes prototypes of neighbours and examples; see there."""

    refine: int
    neighbours_: list[Positions]
    neighbour_weights_: list[Floats]
    space_: Space
    _pool: Floats
    _sample: Positions
    _words: Floats | None
    _examples: list[Examples]

    def add_labelled(self, X: ArrayLike, y: ArrayLike, *, weight: float = 1.0) -> Self:  # noqa: N803
        """Put a few labelled examples to the neighbours and learn the prototypes again.

        Temperature, threshold and levels stay.

        Args:
            X: Vectors in the classifier's space, (row, dim).
            y: Their labels, of `classes_`, (row,).
            weight: What an example counts, where a neighbour counts 1.

        Returns:
            Itself.

        Raises:
            InputError: A label is unknown, or a number does not fit.
        """
        self._check_correctable()
        rows = self._rows(X)
        names = np.atleast_1d(np.asarray(y))
        if names.shape != (len(rows),) or not weight > 0:
            raise InputError(
                f"Examples need a label each and a weight above 0; got {len(rows)} rows, labels of shape "
                f"{names.shape} and weight {weight}."
            )
        label = np.array([self._position(name) for name in names.tolist()], np.int64)
        self._examples = [*self._examples, (rows, label, float(weight))]
        return self._relearn()

    def without(self, label: str, index: int) -> Self:
        """Take a wrong neighbour from a class and learn its prototype again; none takes the place.

        Args:
            label: Of `classes_`.
            index: Position in the pool, of the class's `neighbours_`.

        Returns:
            Itself.

        Raises:
            InputError: The class is unknown, has no such neighbour, or no other.
        """
        self._check_correctable()
        place = self._position(label)
        keep = self.neighbours_[place] != index
        if keep.all() or not self.neighbour_weights_[place][keep].sum() > 0:
            have = ", ".join(map(str, self.neighbours_[place].tolist()))
            raise InputError(f"{label!r} has no neighbour {index} that it could do without; its neighbours: {have}.")
        self.neighbours_[place] = self.neighbours_[place][keep]
        self.neighbour_weights_[place] = self.neighbour_weights_[place][keep]
        return self._relearn()

    def with_neighbour(self, label: str, index: int) -> Self:
        """Give a class one more recording of the pool, with the weight of its first, and learn again.

        Args:
            label: Of `classes_`.
            index: Position in the pool.

        Returns:
            Itself.

        Raises:
            InputError: The class or the position is unknown, or it is a neighbour already.
        """
        self._check_correctable()
        place = self._position(label)
        if not 0 <= index < len(self._pool) or index in self.neighbours_[place]:
            raise InputError(
                f"A new neighbour of {label!r} must be a position in the pool, 0 to {len(self._pool) - 1}, that it "
                f"does not have yet; got {index}."
            )
        weights = self.neighbour_weights_[place]
        self.neighbours_[place] = np.append(self.neighbours_[place], index)
        self.neighbour_weights_[place] = np.append(weights, weights.dtype.type(max(weights, default=1)))
        return self._relearn()

    def _relearn(self) -> Self:
        rows = [self._members_of(label) for label in range(len(self.classes_))]
        means = [weighted_mean(*members) if len(members[0]) else self.mean_ for members in rows]
        self.prototypes_ = self._standard(np.stack(means))
        if self._refined:
            self._refine()
        return self

    def _members_of(self, label: int) -> tuple[Floats, Floats]:
        """Vectors a prototype is the mean of, not standardised, and their weights."""
        own = [(rows[labels == label], weight) for rows, labels, weight in self._examples]
        return (
            np.concatenate([self._pool[self.neighbours_[label]], *(rows for rows, _ in own)]),
            np.concatenate([self.neighbour_weights_[label], *(np.full(len(rows), weight) for rows, weight in own)]),
        )

    def _refine(self) -> None:
        assert self._words is not None
        scores = self._leave_one_out_scores()
        sure = agreement(scores.argmax(axis=1), self._words.argmax(axis=1))
        # Directions move; lengths stay those of means, so that a mean of recordings can be taken from them.
        length = np.linalg.norm(self.prototypes_, axis=1, keepdims=True)
        self.prototypes_ = length * refined(
            self._standard(self._pool[self._sample]),
            self._words,
            self.prototypes_,
            steps=int(self.refine),
            temperature=temperature(scores, sure),
            word_temperature=temperature(self._words, sure),
            anchor=float(np.mean([weights.sum() for weights in self.neighbour_weights_])),
        )

    def _leave_one_out_scores(self) -> Floats:
        return leave_one_out_scores(
            self._pool, self._sample, self.neighbours_, self.neighbour_weights_, self._standard, METRICS[self.metric]
        )

    @property
    def _refined(self) -> bool:
        return self.refine > 0 and self.space_ != "array"

    def _check_correctable(self) -> None:
        check_is_fitted(self)
        if self._refined and self._words is None:
            raise InputError(
                "This classifier was refined over a pool that it was saved without, so its prototypes cannot be "
                "learned anew. Learn again from the pool and correct before saving, or learn with refine=0."
            )

    def _position(self, label: Any) -> int:
        places = np.flatnonzero(self.classes_ == label)
        if not len(places):
            raise InputError(f"There is no class {label!r}; known: {', '.join(map(str, self.classes_.tolist()))}.")
        return int(places[0])
