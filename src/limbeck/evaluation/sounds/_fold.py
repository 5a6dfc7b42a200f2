"""One division of the embedded recordings: what a classifier may see, and what it is judged by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from limbeck.errors import InputError

Array = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Sounds:
    """Embedded recordings.

    Attributes:
        joint: In the space shared with text, rows of length 1, float32, (recording, dim).
        features: In the encoder's own audio space, float32, (recording, features_dim).
        targets: Which classes each has, (recording, class); None where that is hidden.
    """

    joint: Array
    features: Array
    targets: npt.NDArray[np.bool_] | None

    def __len__(self) -> int:
        return len(self.joint)

    def select(self, rows: Sequence[int] | Rows) -> Sounds:
        """Those at some positions."""
        rows = np.asarray(rows, dtype=np.int64)
        return Sounds(self.joint[rows], self.features[rows], None if self.targets is None else self.targets[rows])

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """The targets.

        Raises:
            InputError: They are hidden.
        """
        if self.targets is None:
            raise InputError(
                "Labels are hidden here: only classifiers that say they are supervised see those of the pool."
            )
        return self.targets

    @property
    def labelled(self) -> Sounds:
        """Those with a label."""
        return self.select(np.flatnonzero(self.known.any(1)))


@dataclass(frozen=True)
class Fold:
    """A pool, a test split and the words of the classes.

    Attributes:
        pool: Recordings to learn from.
        test: Recordings to classify, each with a label.
        validation: Recordings kept for choosing an epoch; mostly none.
        texts: Rows of length 1 in the joint space, float32, (prompt, class, dim).
        multi_label: Whether recordings can have several classes.
    """

    name: str
    pool: Sounds
    test: Sounds
    validation: Sounds
    texts: Array
    multi_label: bool = False

    @property
    def text(self) -> Array:
        """One direction for each class: the prompts' mean at length 1, (class, dim)."""
        mean = self.texts.mean(0)
        return np.asarray(mean / np.linalg.norm(mean, axis=1, keepdims=True), dtype=np.float32)

    def seen(self, *, labels: bool) -> Fold:
        """As a classifier sees it: test labels never, the pool's only where `labels`."""
        test = replace(self.test, targets=None)
        if labels:
            return replace(self, test=test)
        bare = replace(self.pool, targets=None)
        return replace(self, pool=bare, test=test, validation=replace(self.validation, targets=None))
