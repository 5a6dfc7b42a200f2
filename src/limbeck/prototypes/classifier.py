"""Words and unlabelled recordings, or labelled ones, to prototypes, and prototypes to labels of new sounds.

Source: audio-text prototypes (INTERSPEECH 2023, pages 266-270, https://arxiv.org/abs/2306.12300).
Differs from the paper: not at all as `PrototypeClassifier.paper()`. Otherwise neighbours are chosen in the joint space
    but averaged in the audio network's own, standardised, and compared by cosine; their number comes from the pool.
Cost: learning takes one product of pool and text and one pass for mean and deviation.
"""

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from typing import Any, Literal, Self, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from limbeck.errors import InputError
from limbeck.prototypes import _arrays
from limbeck.prototypes._arrays import Floats, Mask, Positions, chunks
from limbeck.prototypes._calibration import (
    agreement,
    fewest_mistakes,
    known_fraction,
    level_scores,
    levels,
    losing,
    temperature,
)
from limbeck.prototypes._leave_one_out import (
    leave_one_out_scores,
    nearest_without_likes,
    out_of_vocabulary_scores,
    weighted_mean,
)
from limbeck.prototypes._neighbours import WEIGHTS, fair_half, nearest
from limbeck.prototypes._parameters import AUTO, check_parameters
from limbeck.prototypes._prompts import PROMPTS, joined
from limbeck.prototypes._refine import refined
from limbeck.prototypes._space import METRICS, Standard
from limbeck.prototypes.confidence import Confidence
from limbeck.prototypes.probe import Evidence, LeftOut, Lessons, Probe, considered

Cases = tuple[Floats, Mask, Positions]
Space = Literal["joint", "features", "array"]
SAMPLE = 20_000
"""Recordings, evenly spaced over the pool, that temperature, threshold, levels and refinement look at."""
JUDGED = 4_000
"""Of these, evenly spaced, those that are compared with prototypes learned without their likes."""
LEARNED_AT_MOST = 1_000
"""Recordings, evenly spaced, that a probe learns from: it is considered after every click."""


class PrototypeClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Nearest-prototype classifier whose prototypes come from words, from labels, or from both.

    `fit_from_text` learns from unlabelled recordings and the words' vectors, `fit` from labelled vectors. Prediction is
    the same. Every choice that is made for you is made on the pool: no test data and no labels have a part in it.

    Args:
        neighbours: Recordings a class, or ``"auto"``: half of a class's fair share of the pool, at most 35.
        metric: ``"cosine"`` or ``"euclidean"``.
        standardise: Bring each dimension to mean 0 and deviation 1 over the pool before comparing.
        weights: ``"uniform"``, or ``"similarity"``: by how far a neighbour is above the first one left out.
        exclusive: A recording serves only the class it is most similar to.
        refine: Rounds of expectation and maximisation over the pool; 0 for none, 10 is plenty. Needs the cosine; `fit`
            has no use for it.
        prompts: ``"entropy"`` weights several prompts by how sure they make the pool, ``"even"`` weights them alike.
        reject: Name a sound "none of these" where it is too far from all prototypes. None: never. A share, such as
            0.05: so that this share of new sounds of the words is lost. ``"auto"``: where known sounds and sounds of a
            class that is not in the list are told apart best.
        temperature: What similarities are divided by before the softmax; ``"auto"``: so that over the pool predictions
            are on average as sure as words and prototypes agree (with labels: as prototypes are right about recordings
            left out).

    Attributes:
        classes_: Labels, (class,): as given by `fit_from_text`, sorted by `fit`.
        prototypes_: (class, dim), in the standardised space.
        mean_: Subtracted from vectors, (dim,); zeros without `standardise`.
        scale_: Vectors are divided by it, (dim,).
        neighbours_: Positions in the pool, most similar first, int64 (neighbour,) each.
        neighbour_weights_: How much each counts, (neighbour,) each.
        neighbours_count_: Neighbours that were asked for; 0 after `fit`.
        prompt_weights_: (prompt,), of sum 1; empty after `fit`.
        agreement_: Share of the pool that words and prototypes call the same, or of labelled rows that prototypes of
            the others name rightly; not a number after `fit` with several labels a row.
        temperature_: Above 0.
        threshold_: Least similarity of a sound that gets a name; minus infinity without `reject`.
        levels_: Similarity to each class that others, and its own, have on average, (2, class).
        space_: Where vectors to be named live: ``"joint"`` or ``"features"`` of an encoder, ``"array"`` after `fit`.
        multi_label_: Whether `fit` had several labels a row.
        probe_: What names sounds instead of the nearest prototype, see `consider_probe`; mostly None.
        evidence_: What `consider_probe` found; None where it was not asked, or too little was accepted.

    Example:
        >>> pool = np.array([[1.0, 0.1], [0.9, 0.0], [0.1, 1.0], [0.0, 0.9]])
        >>> clf = PrototypeClassifier(neighbours=2).fit_from_text(pool, np.eye(2), ["bark", "rain"])
        >>> clf.predict([[0.8, 0.3]]).tolist(), [n.tolist() for n in clf.neighbours_]
        (['bark'], [[0, 1], [2, 3]])
    """

    probe_: Probe | None
    evidence_: Evidence | None
    _confidence: Confidence | None
    _cases: Cases | None
    """Scores, whether they are right, and places of recordings, (case,): what `confidence_` is to be learned from."""
    _words: Floats | None
    _examples: tuple[Floats, Positions, Floats]
    """Labelled rows (row, dim), places of their classes (row,) and what each counts (row,)."""

    def __init__(
        self,
        neighbours: int | Literal["auto"] = "auto",
        *,
        metric: Literal["cosine", "euclidean"] = "cosine",
        standardise: bool = True,
        weights: Literal["uniform", "similarity"] = "uniform",
        exclusive: bool = False,
        refine: int = 0,
        prompts: Literal["entropy", "even"] = "entropy",
        reject: Literal["auto"] | float | None = None,
        temperature: Literal["auto"] | float = "auto",
    ) -> None:
        self.neighbours = neighbours
        self.metric = metric
        self.standardise = standardise
        self.weights = weights
        self.exclusive = exclusive
        self.refine = refine
        self.prompts = prompts
        self.reject = reject
        self.temperature = temperature

    @classmethod
    def paper(cls) -> Self:
        """The published method: the 35 most similar, plain mean, Euclidean distance. Its pool is the joint space's.

        Do not give `features` to `fit_from_text`: the method knows one space.
        """
        return cls(35, metric="euclidean", standardise=False, prompts="even")

    def fit_from_text(
        self, pool: ArrayLike, text: ArrayLike, labels: Sequence[str], *, features: ArrayLike | None = None
    ) -> Self:
        """Learn from unlabelled recordings and words. The pool is kept by reference, as corrections need it.

        Args:
            pool: Recordings in the joint space, rows of length 1, (recording, dim).
            text: The labels' words in the joint space, (class, dim), or (prompt, class, dim) for several prompts.
            labels: Names of the classes, in the order of `text`.
            features: The same recordings in the audio network's own space, (recording, features_dim). Given, prototypes
                are averaged and new sounds compared there.

        Raises:
            InputError: A parameter, a shape or a number does not fit.
        """
        check_parameters(self.get_params())
        joint, classes = _arrays.rows(pool, "pool"), _arrays.label_array(labels)
        prompts = _arrays.class_text(text, len(classes), joint.shape[1]).astype(joint.dtype)
        rows = joint if features is None else _arrays.rows(features, "features")
        if self.standardise and len(joint) < 2:
            raise InputError(
                "One recording alone has no deviation to standardise by, and every sound would get the first label. "
                "Give more recordings, or learn with standardise=False."
            )
        if len(rows) != len(joint):
            raise InputError(f"features must have a row for each of the pool's {len(joint)}; got {len(rows)}.")
        count = fair_half(len(joint), len(classes)) if self.neighbours == AUTO else int(self.neighbours)
        if count > len(joint):
            raise InputError(
                f"{count} neighbours were requested from a pool of {len(joint)} recordings; ask for fewer or give more."
            )
        sample = _evenly(len(joint))
        self.prompt_weights_ = PROMPTS[self.prompts](joint[sample], prompts)
        words = joined(prompts, self.prompt_weights_) if len(prompts) > 1 else prompts[0]
        found = nearest(joint, words, count, exclusive=self.exclusive)
        self._initialise(rows, classes, "joint" if features is None else "features")
        self.multi_label_ = False
        self.neighbours_count_ = count
        self.neighbours_ = [own for own, _, _ in found]
        self.neighbour_weights_ = [WEIGHTS[self.weights](similarity, cut) for _, similarity, cut in found]
        self._sample = np.unique(np.concatenate([sample, *self.neighbours_]))
        self._words = joint[self._sample] @ words.T
        self._relearn()
        return self._calibrate(self._words.argmax(axis=1))

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:  # noqa: N803
        """Learn from labelled vectors `X`, (row, dim): a prototype is the mean of its class.

        Labels `y` are (row,); or 0 and 1, (row, class), where a row may have several.

        Raises:
            ValueError: Shapes or numbers do not fit.
        """
        check_parameters(self.get_params())
        labels = None if y is None else np.asarray(y)
        if labels is not None and labels.ndim == 2 and labels.shape[1] == 1:
            labels = column_or_1d(labels, warn=True)
        rows, target = validate_data(self, X, labels, dtype=[np.float64, np.float32], multi_output=True)
        check_classification_targets(target)
        if target.ndim == 2:
            classes, member = np.arange(target.shape[1]), target.astype(bool)
        else:
            classes, place = np.unique(target, return_inverse=True)
            member = place[:, None] == np.arange(len(classes))
        self._initialise(rows, classes, "array")
        self.multi_label_ = target.ndim == 2
        self.neighbours_count_ = 0
        self.prompt_weights_ = np.zeros(0, rows.dtype)
        self.neighbours_ = [np.flatnonzero(column) for column in member.T]
        self.neighbour_weights_ = [np.ones(len(own), rows.dtype) for own in self.neighbours_]
        self._sample, self._words = _evenly(len(rows)), None
        self._relearn()
        of_class = member[self._sample]
        if not self.multi_label_:
            return self._calibrate(of_class.argmax(axis=1))
        self.agreement_, self.threshold_ = np.nan, -np.inf
        self.temperature_ = 1.0 if self.temperature == AUTO else float(self.temperature)
        self.levels_ = levels(self._leave_one_out_scores(), of_class, ~of_class)
        return self

    def fit_from_examples(
        self,
        X: ArrayLike,  # noqa: N803
        y: Sequence[str],
        pool: ArrayLike,
        *,
        space: Literal["joint", "features"] = "features",
    ) -> Self:
        """Learn from labelled recordings `X`, (row, dim), with a label `y` each, among unlabelled ones.

        A prototype is the mean of its examples; the `pool`, (recording, dim), only says what mean and deviation are.
        They are of one `space` of an encoder.

        Raises:
            InputError: A parameter, a shape or a number does not fit.
        """
        check_parameters(self.get_params())
        rows, names = _arrays.rows(X, "examples"), list(y)
        if len(names) != len(rows):
            raise InputError(f"Every example needs a label; got {len(rows)} examples and {len(names)} labels.")
        self._initialise(_arrays.rows(pool, "pool"), _arrays.label_array(list(dict.fromkeys(names))), space)
        place = np.array([self._position(name) for name in names], np.int64)
        self._pool, self._sample, self._words = rows, np.arange(len(rows)), None
        self.multi_label_, self.neighbours_count_, self.prompt_weights_ = False, 0, np.zeros(0, rows.dtype)
        self.neighbours_ = [np.flatnonzero(place == label) for label in range(len(self.classes_))]
        self.neighbour_weights_ = [np.ones(len(own), rows.dtype) for own in self.neighbours_]
        self._relearn()
        return self._calibrate(place)

    def with_examples(self, X: ArrayLike, y: Sequence[str]) -> Self:  # noqa: N803
        """Put labelled recordings `X`, (row, dim), to the end of the pool and among the neighbours of their labels `y`.

        A label that is not in `classes_` becomes a class that stands for its examples alone. Temperature and threshold
        stay. After `pruned`, for the pool is copied.

        Raises:
            InputError: A number does not fit.
        """
        self._check_correctable()
        rows, first = self._rows(X), len(self._pool)
        new = [name for name in dict.fromkeys(y) if name not in self.classes_.tolist()]
        self._regroup({name: (name,) for name in self.classes_.tolist()} | dict.fromkeys(new, ()))
        self._pool = np.concatenate([self._pool, rows.astype(self._pool.dtype)])
        for place, name in enumerate(self.classes_.tolist()):
            own = np.array([first + row for row, label in enumerate(y) if label == name], np.int64)
            weights = self.neighbour_weights_[place]
            self.neighbours_[place] = np.concatenate([self.neighbours_[place], own])
            self.neighbour_weights_[place] = np.concatenate(
                [weights, np.full(len(own), max(weights, default=1), self._pool.dtype)]
            )
        return self._relearn()

    def regrouped(self, groups: Mapping[str, Sequence[str]]) -> Self:
        """A copy with other classes: each new label stands for what some of the old ones stood for, together.

        So classes are renamed (``{"rain": ["drizzle"]}``), joined, and, where a new label takes them not up, dropped.
        Temperature and threshold stay, levels of classes that are joined are averaged.

        Raises:
            InputError: A label is unknown, or none is left.
        """
        self._check_correctable()
        if not groups:
            raise InputError("At least one class has to stay.")
        other = copy(self)
        other._regroup(groups)
        return other._relearn()

    def _regroup(self, groups: Mapping[str, Sequence[str]]) -> None:
        places = [[self._position(old) for old in olds] for olds in groups.values()]
        joined = [_joined([(self.neighbours_[c], self.neighbour_weights_[c]) for c in olds]) for olds in places]
        rows, labels, weights = self._examples
        taken = [(new, labels == old) for new, olds in enumerate(places) for old in olds]
        nothing = np.zeros(0, np.int64)
        at = np.concatenate([nothing, *(np.flatnonzero(mask) for _, mask in taken)])
        now = np.concatenate([nothing, *(np.full(int(mask.sum()), new) for new, mask in taken)])
        self._examples = rows[at], now, weights[at]
        every = list(range(self.levels_.shape[1]))
        self.levels_ = np.stack([self.levels_[:, olds or every].mean(axis=1) for olds in places], axis=1)
        if self._words is not None:
            lowest = self._words.min(axis=1)
            self._words = np.stack([self._words[:, olds].max(axis=1) if olds else lowest for olds in places], axis=1)
        self.classes_ = _arrays.label_array(list(groups))
        self.neighbours_ = [own for own, _ in joined]
        self.neighbour_weights_ = [own.astype(self._pool.dtype) for _, own in joined]

    def pruned(self) -> tuple[Self, Positions]:
        """A copy that keeps of the pool the neighbours only, and which rows of the pool these were, ascending.

        Its `neighbours_` are positions among them.
        """
        check_is_fitted(self)
        kept = np.unique(np.concatenate(self.neighbours_))
        small = copy(self)
        small._pool, small._words = self._pool[kept], None
        small.neighbours_ = [np.searchsorted(kept, own) for own in self.neighbours_]
        small.neighbour_weights_ = list(self.neighbour_weights_)
        return small, kept

    def add_labelled(self, X: ArrayLike, y: ArrayLike, *, weight: float = 1.0) -> Self:  # noqa: N803
        """Put a few labelled examples to the neighbours and learn the prototypes again.

        Vectors `X`, (row, dim), are in the classifier's space, labels `y`, (row,), of `classes_`; an example counts
        `weight` where a neighbour counts 1. Temperature, threshold and levels stay.

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
        known, labels, weights = self._examples
        self._examples = (
            np.concatenate([known, rows]),
            np.concatenate([labels, label]),
            np.concatenate([weights, np.full(len(rows), float(weight))]),
        )
        return self._relearn()

    def without(self, label: str, index: int) -> Self:
        """Take a wrong neighbour, at `index` of the pool, from the class `label` and learn again; none takes the place.

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
        """Give the class `label` the recording at `index` of the pool, with the weight of its first; learn again.

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

    def with_recordings(self, X: ArrayLike) -> Self:  # noqa: N803
        """Put recordings `X`, (row, dim), to the end of the pool, where they stand for nothing yet. The pool is copied.

        Raises:
            InputError: A number does not fit.
        """
        self._check_correctable()
        self._pool = np.concatenate([self._pool, self._rows(X).astype(self._pool.dtype)])
        return self

    def consider_probe(
        self,
        accepted: Mapping[str, Iterable[int]],
        refused: Mapping[str, Iterable[int]] | None = None,
        recordings: Sequence[str] | None = None,
    ) -> Self:
        """Name sounds by a linear probe, instead of the nearest prototype, if that is better for sure.

        Both learn from what stands for classes now. They are compared on what people accepted, left out of learning by
        cross-validation, and `evidence_` says how; see `limbeck.prototypes.probe` for the rule. What was rejected is
        still what is too far from all prototypes. Every correction goes back to prototypes, so ask after the last one.
        Refined prototypes stay.

        Args:
            accepted: Positions in the pool, by label, that a person said are of it. Those that do not stand for their
                label are of no account.
            refused: Positions, by label, that a person said are not.
            recordings: For each of the pool the name of the recording that it is of: what is of one recording is left
                out together. By default each is its own.

        Raises:
            InputError: A label is unknown.

        Example:
            >>> pool = np.array([[1.0, 0.1], [0.9, 0.0], [0.1, 1.0], [0.0, 0.9]])
            >>> clf = PrototypeClassifier(neighbours=2).fit_from_text(pool, np.eye(2), ["bark", "rain"])
            >>> clf.consider_probe({"bark": [0], "rain": [2]}).probe_ is None  # two are too few
            True
        """
        check_is_fitted(self)
        self._forget_probe()
        if not self.multi_label_ and not self._refined:
            lessons = self._lessons(accepted, refused or {}, recordings)
            self.evidence_, self.probe_, found = considered(lessons, METRICS[self.metric], self.temperature_)
            self._cases = None if found is None else self._known_cases(lessons, found)
        return self

    @property
    def confidence_(self) -> Confidence | None:
        """How scores become probabilities, calibrated on what `consider_probe` was told; None where that is too little.

        What was accepted is of its class and of no other; of what was refused only that is known. Each is left out of
        learning, and what would be rejected is not counted.
        """
        if self._cases is not None:
            self._confidence, self._cases = Confidence.of(*self._cases, source="corrections"), None
        return self._confidence

    def _known_cases(self, lessons: Lessons, found: LeftOut) -> Cases:
        judged = lessons.accepted & lessons.member.any(axis=1)
        known = judged[:, None] | lessons.refused
        row, place = np.nonzero(known & (found.similarities.max(axis=1) >= self.threshold_)[:, None])
        recordings = np.unique(lessons.recording, return_inverse=True)[1]
        return softmax(found.logits, axis=1)[row, place], lessons.member[row, place], recordings[row]

    def _lessons(
        self,
        accepted: Mapping[str, Iterable[int]],
        refused: Mapping[str, Iterable[int]],
        recordings: Sequence[str] | None,
    ) -> Lessons:
        no = [(row, self._position(label)) for label, rows in refused.items() for row in rows]
        used = np.unique(np.concatenate([*self.neighbours_, np.array([row for row, _ in no], np.int64)]))
        member, against = (np.zeros((len(used), len(self.classes_)), bool) for _ in range(2))
        weights, known = np.zeros(len(used)), np.zeros(len(used), bool)
        for place, (own, counts) in enumerate(zip(self.neighbours_, self.neighbour_weights_, strict=True)):
            at = np.searchsorted(used, own)
            member[at, place] = True
            weights[at] = np.maximum(weights[at], counts)
        for row, place in no:
            against[np.searchsorted(used, row), place] = True
        for label, rows in accepted.items():
            at = np.searchsorted(used, np.intersect1d(np.fromiter(rows, np.int64), used))
            known[at] |= member[at, self._position(label)]
        weights[~member.any(axis=1)] = 1
        examples, labels, example_weights = self._examples
        names = [f"row {row}" if recordings is None else recordings[row] for row in used.tolist()]
        counted = np.flatnonzero(np.concatenate([weights, example_weights]) > 0)
        kept = counted[_evenly(len(counted), LEARNED_AT_MOST)]
        return Lessons(
            self._standard(np.concatenate([self._pool[used], examples])),
            np.concatenate([member, labels[:, None] == np.arange(len(self.classes_))]),
            np.concatenate([against & ~member, np.zeros((len(labels), len(self.classes_)), bool)]),
            np.concatenate([weights, example_weights]),
            np.concatenate([known, np.ones(len(labels), bool)]),
            np.array([*names, *(f"example {number}" for number in range(len(labels)))]),
        ).select(kept)

    def logits(self, X: ArrayLike) -> Floats:  # noqa: N803
        """What `X`, (row, dim), are named by: the largest wins, the softmax are probabilities, (row, class).

        Similarities, or scores of the probe, over their temperature.
        """
        if self.probe_ is None:
            return self.similarities(X) / self.temperature_
        rows = self._rows(X)
        scores = [self.probe_.scores(self._standard(rows[part])) for part in chunks(len(rows))]
        return np.concatenate(scores) / self.probe_.temperature

    def similarities(self, X: ArrayLike) -> Floats:  # noqa: N803
        """Similarity of `X`, (row, dim), to each class's prototype, (row, class): the cosine, or minus the distance."""
        rows = self._rows(X)
        between = METRICS[self.metric].between
        return np.concatenate([between(self._standard(rows[part]), self.prototypes_) for part in chunks(len(rows))])

    def decision_function(self, X: ArrayLike) -> Floats:  # noqa: N803
        """`similarities` of `X`, (row, dim), or `logits` of a probe; of two classes the difference, (row,)."""
        scores = self.similarities(X)
        scores = scores if self.probe_ is None else self.logits(X)
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 and not self.multi_label_ else scores

    def predict_proba(self, X: ArrayLike) -> Floats:  # noqa: N803
        """Probability of each class, (row, class), given that `X`, (row, dim), are of them; rejection has no part.

        After `fit` with several labels a row: `multi_label_scores`.
        """
        check_is_fitted(self)
        if self.multi_label_:
            return self.multi_label_scores(X)
        return cast(Floats, softmax(self.logits(X), axis=1))

    def predict(self, X: ArrayLike) -> NDArray[Any]:  # noqa: N803
        """The nearest label to each of `X`, (row, dim), or the probe's; ``""``, or -1 for numbers, where rejected.

        After `fit` with several labels a row: 0 and 1, (row, class).
        """
        scores = self.similarities(X)
        if self.multi_label_:
            return (level_scores(scores, *self.levels_) >= 0.5).astype(int)
        chosen = scores if self.probe_ is None else self.logits(X)
        named: NDArray[Any] = self.classes_[chosen.argmax(axis=1)]
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

    def _initialise(self, pool: Floats, classes: NDArray[Any], space: Space) -> None:
        self._pool = pool
        self.n_features_in_ = pool.shape[1]
        self.classes_ = classes
        self.space_ = space
        self._examples = np.zeros((0, pool.shape[1]), pool.dtype), np.zeros(0, np.int64), np.zeros(0)
        if self.reject is not None:
            self._nobody()
        zeros = np.zeros(pool.shape[1], pool.dtype)
        standard = Standard.of(pool) if self.standardise else Standard(zeros, zeros + 1)
        self.mean_, self.scale_ = standard.mean, standard.scale

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

    def _relearn(self) -> Self:
        means = []
        examples, labels, example_weights = self._examples
        for label, (own, weights) in enumerate(zip(self.neighbours_, self.neighbour_weights_, strict=True)):
            rows = np.concatenate([self._pool[own], examples[labels == label]])
            counts = np.concatenate([weights, example_weights[labels == label]])
            means.append(weighted_mean(rows, counts) if len(rows) else self.mean_)
        self.prototypes_ = self._standard(np.stack(means))
        self._forget_probe()
        if self._refined:
            self._refine()
        return self

    def _forget_probe(self) -> None:
        self.probe_, self.evidence_ = None, None
        self._confidence, self._cases = None, None

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

    def _nearest_without_likes(self, rows: Positions) -> Floats:
        return nearest_without_likes(
            self._pool, rows, self.neighbours_, self.neighbour_weights_, self._standard, METRICS[self.metric]
        )

    def _known(self) -> Floats:
        """How far each recording of the sample counts as a known sound, (recording,); labelled ones all do."""
        if self._words is None:
            return np.ones(len(self._sample))
        return known_fraction(self._words, [np.searchsorted(self._sample, own) for own in self.neighbours_])

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
        if not len(places := np.flatnonzero(self.classes_ == label)):
            raise InputError(f"There is no class {label!r}; known: {', '.join(map(str, self.classes_.tolist()))}.")
        return int(places[0])

    def _calibrate(self, reference: Positions) -> Self:
        """Set everything by what another view, words or labels, calls the sample (recording,)."""
        metric, rows = METRICS[self.metric], self._standard(self._pool[self._sample])
        scores = metric.between(rows, self.prototypes_) if self._refined else self._leave_one_out_scores()
        predicted = scores.argmax(axis=1)
        agree = predicted == reference
        self.agreement_, self.threshold_ = agreement(predicted, reference), -np.inf
        self.temperature_ = (
            temperature(scores, self.agreement_) if self.temperature == AUTO else float(self.temperature)
        )
        if self.reject is not None:
            judged = _evenly(len(self._sample), JUDGED)
            own = scores[judged].max(axis=1) if self._refined else self._nearest_without_likes(self._sample[judged])
            if self.reject == AUTO:
                outside = out_of_vocabulary_scores(rows, self.prototypes_, predicted, metric, centred=self.standardise)
                self.threshold_ = fewest_mistakes(own[agree[judged]], outside[judged][agree[judged]])
            else:
                self.threshold_ = losing(own, self._known()[judged], float(self.reject))
        is_predicted = np.eye(scores.shape[1], dtype=bool)[predicted]
        self.levels_ = levels(scores, is_predicted & agree[:, None], ~is_predicted)
        return self


def _joined(classes: Sequence[tuple[Positions, Floats]]) -> tuple[Positions, Floats]:
    """Neighbours of several classes with their weights: each once, with its largest."""
    largest: dict[int, float] = {}
    for own, weights in classes:
        for row, weight in zip(own.tolist(), weights.tolist(), strict=True):
            largest[row] = max(weight, largest.get(row, 0.0))
    return np.array(list(largest), np.int64), np.array(list(largest.values()))


def _evenly(total: int, most: int = SAMPLE) -> Positions:
    return np.unique(np.linspace(0, total - 1, min(total, most)).astype(np.int64))
