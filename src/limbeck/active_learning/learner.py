"""Learning again after every step, and what changed by it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from limbeck.active_learning.steps import Key, State, key
from limbeck.index import Pool
from limbeck.prototypes import Evidence, Piece, PoolScores, PrototypeClassifier

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.intp]
NONE = -1
"""In `Naming.named`: none of the words."""
UNSURE = 0.1
"""A window is uncertain if the likeliest word leads the next one by less in probability."""


@dataclass(frozen=True)
class Naming:
    """What a classifier makes of all windows of an index.

    Attributes:
        words: The words, as columns of `similarities`.
        similarities: To each word's prototype, (window, word).
        logits: What windows are named by, whose softmax are probabilities, (window, word).
        best: The likeliest word, (window,).
        second: The next one, (window,); the likeliest again where there is one word only.
        score: Probability of the likeliest word, from 0 to 1, (window,).
        lead: How far the likeliest is ahead in probability, from 0 to 1, (window,).
        named: `best`, or `NONE` where a window is below a threshold, (window,).
    """

    words: tuple[str, ...]
    similarities: Floats
    logits: Floats
    best: Ints
    second: Ints
    score: Floats
    lead: Floats
    named: Ints

    @classmethod
    def of(
        cls, words: Sequence[str], similarities: Floats, logits: Floats, thresholds: Floats, reject: float = -np.inf
    ) -> "Naming":
        """Name windows by their `logits` for `words`, (window, word), from the least scores of these on, `thresholds`.

        Windows whose `similarities`, (window, word), are all below `reject` are none of the words.
        """
        rows = np.arange(len(logits))
        best = logits.argmax(axis=1)
        top = logits[rows, best]
        score = 1 / np.exp(logits - top[:, None]).sum(axis=1)
        named = np.where((similarities.max(axis=1) >= reject) & (score >= thresholds[best]), best, NONE)
        if len(words) == 1:
            return cls(tuple(words), similarities, logits, best, best, score, score, named)
        rest = logits.copy()
        rest[rows, best] = -np.inf
        second = rest.argmax(axis=1)
        lead = (1 - np.exp(rest[rows, second] - top)) * score
        return cls(tuple(words), similarities, logits, best, second, score, lead, named)

    @property
    def uncertain(self) -> npt.NDArray[np.bool_]:
        """Which windows have a name that hardly leads, (window,)."""
        return np.asarray((self.lead < UNSURE) & (self.named != NONE))

    def counts(self) -> dict[str, int]:
        """How many windows each word names."""
        found = np.bincount(self.named[self.named >= 0], minlength=len(self.words))
        return dict(zip(self.words, found.tolist(), strict=True))

    def pairs(self, most: int = 6) -> list[tuple[str, str, int]]:
        """Which two words are taken for each other: the number of uncertain windows between them, most first."""
        between = self.uncertain
        ends = np.sort(np.stack([self.best[between], self.second[between]]), axis=0)
        place, count = np.unique(ends[0] * len(self.words) + ends[1], return_counts=True)
        order = np.argsort(-count, kind="stable")[:most]
        return [
            (self.words[place[i] // len(self.words)], self.words[place[i] % len(self.words)], int(count[i]))
            for i in order
        ]


class Learner:
    """A classifier of a pool that follows a state: words learn from the pool, verdicts correct them.

    Args:
        pool: All windows of an index.
        text: Gives vectors of words, (prompt, word, dim), for what is read instead of each word, by the words.
        settings: Parameters of the `PrototypeClassifier`.
        joint: Whether prototypes live in the joint space instead of the audio network's own.
        others: Windows that may not be of the pool, and their vectors in the space of prototypes, (window, dim). They
            stand for a word where they were accepted, but nothing finds or names them.
    """

    def __init__(
        self,
        pool: Pool,
        text: Callable[[Mapping[str, str]], Floats],
        *,
        settings: Mapping[str, Any] | None = None,
        joint: bool = False,
        others: tuple[Sequence[Piece], Floats] | None = None,
    ) -> None:
        self.pool = pool
        self._text = text
        self.vectors = pool.joint if joint else pool.features
        self._joint, self._settings = joint, dict(settings or {})
        self._asked: dict[str, str] = {}
        self._first: tuple[PrototypeClassifier, Ints] | None = None
        self._learned: list[set[int]] = []
        self._classifier: PrototypeClassifier | None = None
        self._scores: PoolScores | None = None
        sha256 = [file.sha256 for file in pool.file]
        starts = [round(start, 2) for start in pool.start_s.tolist()]
        self._recordings = [content or str(path) for content, path in zip(sha256, pool.path, strict=True)]
        self._row_of: dict[Key, int] = {
            (name, start): row for row, (name, start) in enumerate(zip(self._recordings, starts, strict=True))
        }
        pieces, vectors = others or ((), self.vectors[:0])
        outside = [place for place, piece in enumerate(pieces) if key(piece) not in self._row_of]
        self._others, self._other_vectors = [pieces[place] for place in outside], vectors[outside]
        self._recordings += [key(piece)[0] for piece in self._others]
        self._other_of = {key(piece): len(pool) + place for place, piece in enumerate(self._others)}
        self.naming: Naming | None = None
        self.stuck: tuple[str, ...] = ()
        """Words whose sounds were all said to be something else; the last one stays until another is accepted."""

    def piece(self, row: int) -> Piece:
        """What a window is, for steps."""
        pool = self.pool
        if row >= len(pool):
            return self._others[row - len(pool)]
        return Piece(
            path=str(pool.path[row]),
            start_s=float(pool.start_s[row]),
            duration_s=float(pool.duration_s[row]),
            sha256=pool.file[row].sha256,
        )

    def row(self, name: Key) -> int | None:
        """Where a window is in the pool; None where the index does not hold it (any more)."""
        return self._row_of.get(name)

    def rows_of(self, piece: Piece, *, whole: bool = False) -> list[int]:
        """Find the rows of a window, the `piece`, or, of a `whole` recording, of all its windows."""
        if not whole:
            row = self.row(key(piece))
            return [] if row is None else [row]
        name = piece.sha256 or piece.path
        return [row for (content, _), row in self._row_of.items() if content == name]

    def learn(self, state: State) -> Naming | None:
        """Follow a state; returns what windows are named now, or None where there is no word."""
        asked = {word: said.description or word for word, said in state.words.items()}
        if not asked:
            self._asked, self._classifier, self._scores, self.naming = {}, None, None, None
            return None
        if asked != self._asked or list(asked) != list(self._asked):
            self._fit(asked)
        self._correct(state)
        assert self._classifier is not None
        if self._scores is None:
            self._scores = PoolScores(self._classifier, self.vectors)
        self._scores.update(self._classifier)
        found, reject = self._scores, self._classifier.threshold_
        least = self.thresholds(state)
        self.naming = Naming.of(tuple(state.words), found.similarities.copy(), found.logits, least, reject)
        return self.naming

    def likeliest(self, rows: Sequence[int], most: int = 3) -> list[list[tuple[str, float]]]:
        """Tell the likeliest words of some windows, by their `rows`, at `most` so many, best first, with probabilities.

        Without words there is nothing to tell.
        """
        if self.naming is None:
            return [[] for _ in rows]
        chances = softmax(self.naming.logits[list(rows)], axis=1)
        order = np.argsort(-chances, axis=1, kind="stable")[:, :most]
        words = self.naming.words
        return [[(words[c], float(p[c])) for c in own] for p, own in zip(chances, order, strict=True)]

    def thresholds(self, state: State) -> Floats:
        """Tell the least score that each word asks for, (word,); 0 where it asks for none."""
        return np.array([said.threshold or 0.0 for said in state.words.values()])

    def scores(self, word: str) -> Floats:
        """Tell the probability of a word for every window, (window,); there are words."""
        assert self.naming is not None
        naming = self.naming
        own = naming.logits[:, naming.words.index(word)]
        return np.asarray(np.exp(own - naming.logits.max(axis=1)) * naming.score)

    @property
    def classifier(self) -> PrototypeClassifier:
        """The classifier as it is; there are words."""
        assert self._classifier is not None
        return self._classifier

    @property
    def evidence(self) -> Evidence | None:
        """How prototypes and a linear probe name what was accepted; None where too little was."""
        return None if self._classifier is None else self._classifier.evidence_

    def neighbours(self, word: str) -> list[int]:
        """Rows of the windows of the pool that a word stands for, those it found first."""
        if self._classifier is None or self.naming is None or word not in self.naming.words:
            return []
        rows = map(int, self._classifier.neighbours_[self.naming.words.index(word)])
        return [row for row in rows if row < len(self.pool)]

    def found(self, word: str) -> set[int]:
        """Rows of the windows that a word found by itself, before any verdict."""
        return self._learned[list(self._asked).index(word)]

    def kept(self) -> list[tuple[PrototypeClassifier, list[Piece]]]:
        """The classifier before any verdict and as it is, each with the windows behind it, ready to be saved."""
        assert self._first is not None
        assert self._classifier is not None
        return [
            (small, [self.piece(int(row)) for row in rows]) for small, rows in (self._first, self._classifier.pruned())
        ]

    def _fit(self, asked: Mapping[str, str]) -> None:
        """Learn from words and the pool, before any verdict."""
        made = PrototypeClassifier(**self._settings)
        features = None if self._joint else self.pool.features
        self._classifier = made.fit_from_text(self.pool.joint, self._text(asked), list(asked), features=features)
        self._first = made.pruned()
        self._learned = [set(map(int, own)) for own in made.neighbours_]
        if self._others:
            made.with_recordings(self._other_vectors)
        self._asked = dict(asked)

    def _correct(self, state: State) -> None:
        """Give and take windows until each word stands for what it found and what was accepted, less what is not it."""
        clf, words = self._classifier, list(state.words)
        assert clf is not None
        wanted = [set(own) for own in self._learned]
        yes, no = ({word: list[int]() for word in words} for _ in range(2))
        for name, verdict in state.verdicts.items():
            if (row := self._row_of.get(name, self._other_of.get(name))) is None:
                continue
            for place, word in enumerate(words):
                if word == verdict.word:
                    wanted[place].add(row)
                    yes[word].append(row)
                elif verdict.denies(word):
                    wanted[place].discard(row)
                    no[word].append(row)
        stuck = []
        for place, (word, own) in enumerate(zip(words, wanted, strict=True)):
            has = set(map(int, clf.neighbours_[place]))
            for row in sorted(own - has):
                clf.with_neighbour(word, row)
            for row in sorted(has - own) if own else ():
                clf.without(word, row)
            if not own:
                stuck.append(word)
        self.stuck = tuple(stuck)
        clf.consider_probe(yes, no, self._recordings)


def changes(before: Naming | None, after: Naming | None) -> dict[str, Any]:
    """Tell what changed from what windows were named `before` to `after`, as JSON-able data."""
    told = {
        "uncertain": 0 if after is None else int(after.uncertain.sum()),
        "uncertain_before": 0 if before is None else int(before.uncertain.sum()),
        "renamed": 0,
        "moves": [],
    }
    if before is None or after is None or before.words != after.words:
        return told
    moved = np.flatnonzero(before.named != after.named)
    pairs, counts = np.unique(np.stack([before.named[moved], after.named[moved]]), axis=1, return_counts=True)
    label = ["none of these" if place == NONE else after.words[place] for place in range(NONE, len(after.words))]
    order = np.argsort(-counts, kind="stable")[:4]
    moves = [[label[pairs[0, i] + 1], label[pairs[1, i] + 1], int(counts[i])] for i in order]
    return told | {"renamed": len(moved), "moves": moves}
