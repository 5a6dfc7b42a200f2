"""A dataset of sounds through an encoder: vectors, divisions of them, and the encoder's view of the words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import version
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field

from limbeck import _files
from limbeck.datasets.sounds import SoundDataset
from limbeck.encoders import Encoder
from limbeck.errors import InputError
from limbeck.evaluation.sounds.embeddings import Array, Embedded, PinkNoise

Rows = npt.NDArray[np.int64]
Sentence = Annotated[str, Field(pattern=r"\{label\}")]
"""A prompt, with ``{label}`` where the words go."""


@dataclass(frozen=True)
class Sounds:
    """Vectors of recordings, as in `Embedded`, and which classes each has, (recording, class); None where hidden."""

    joint: Array
    features: Array
    targets: npt.NDArray[np.bool_] | None

    def __len__(self) -> int:
        return len(self.joint)

    def select(self, rows: Sequence[int] | Rows) -> "Sounds":
        """Those at some positions."""
        rows = np.asarray(rows, dtype=np.int64)
        return Sounds(self.joint[rows], self.features[rows], None if self.targets is None else self.targets[rows])

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """The targets."""
        if self.targets is None:
            raise InputError(
                "Labels are hidden here: only classifiers that say they are supervised see those of the pool."
            )
        return self.targets

    @property
    def labelled(self) -> "Sounds":
        """Those with a label."""
        return self.select(np.flatnonzero(self.known.any(1)))


@dataclass(frozen=True)
class Fold:
    """A pool, a test split and the words of the classes.

    Attributes:
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

    def seen(self, *, labels: bool) -> "Fold":
        """As a classifier sees it: test labels never, the pool's only where `labels`."""
        test = replace(self.test, targets=None)
        if labels:
            return replace(self, test=test)
        bare = replace(self.pool, targets=None)
        return replace(self, pool=bare, test=test, validation=replace(self.validation, targets=None))


@dataclass(frozen=True)
class EmbeddedDataset:
    """Recordings, the encoder of their words in `prompts`, and its vectors of them, clean (None) or with noise."""

    dataset: SoundDataset
    encoder: Encoder
    prompts: tuple[str, ...]
    embedded: Callable[[PinkNoise | None], Embedded]

    def texts(self, prompts: Sequence[str]) -> Array:
        """The classes' words in place of the prompts' ``{label}``, rows of length 1, float32, (prompt, class, dim)."""
        from limbeck.prototypes import class_texts

        sentences = class_texts(self.dataset.classes, prompts, self.dataset.words)
        return np.stack([self.encoder.embed_text(row).numpy().astype(np.float32) for row in sentences])

    @cached_property
    def fingerprint(self) -> str:
        """Of the encoder, the recordings' bytes, labels and divisions, the words and the prompts."""
        recordings = [
            (r.id, r.labels, r.split, r.group, r.start_s, r.duration_s, content)
            for r, content in zip(self.dataset.recordings, self.embedded(None).contents, strict=True)
        ]
        encoder = self.encoder.id, self.encoder.arithmetic
        return _files.digest(version("limbeck"), encoder, recordings, self.dataset.words, self.prompts)

    def folds(self, *, pool_noise: PinkNoise | None = None, test_noise: PinkNoise | None = None) -> list[Fold]:
        """Every division of the dataset, `pool_noise` mixed into what is learnt from, `test_noise` into the tests.

        Recordings that cannot be read, and tests without a label, are left out.
        """
        pool, test = self._sounds(pool_noise), self._sounds(test_noise)
        lost = set(self.embedded(pool_noise).rejected) | set(self.embedded(test_noise).rejected)
        texts, made = self.texts(self.prompts), []
        for split in self.dataset.splits():
            train, validation = ([i for i in part if i not in lost] for part in (split.train, split.validation))
            tested = [i for i in split.test if i not in lost and self.dataset.recordings[i].labels]
            if not train or not tested:
                raise InputError(
                    f"Fold {split.name} of {self.dataset.title} has {len(train)} recordings to learn from and "
                    f"{len(tested)} labelled ones to test on that can be read; both must be at least 1."
                )
            parts = pool.select(train), test.select(tested), pool.select(validation)
            made.append(Fold(split.name, *parts, texts, self.dataset.multi_label))
        return made

    def _sounds(self, noise: PinkNoise | None) -> Sounds:
        place = {c: i for i, c in enumerate(self.dataset.classes)}
        targets = np.zeros((len(self.dataset.recordings), len(place)), dtype=bool)
        for i, recording in enumerate(self.dataset.recordings):
            targets[i, [place[label] for label in recording.labels]] = True
        found = self.embedded(noise)
        return Sounds(found.joint, found.features, targets)
