"""A dataset of sounds through an encoder: vectors, divisions, and the encoder's view of the words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import Annotated

import numpy as np
from pydantic import Field

from limbeck import _files
from limbeck.datasets.sounds import SoundDataset
from limbeck.encoders import Encoder
from limbeck.errors import InputError
from limbeck.evaluation.sounds._fold import Array, Fold, Sounds
from limbeck.evaluation.sounds.embeddings import Embedded, PinkNoise

Sentence = Annotated[str, Field(pattern=r"\{label\}")]
"""A prompt, with ``{label}`` where the words go."""


@dataclass(frozen=True)
class EmbeddedDataset:
    """Recordings, their vectors, and the encoder that made them.

    Attributes:
        dataset: The recordings.
        encoder: Embeds texts.
        prompts: Sentences with ``{label}`` in them.
        embedded: Gives the recordings' vectors, clean (None) or with noise.
    """

    dataset: SoundDataset
    encoder: Encoder
    prompts: tuple[str, ...]
    embedded: Callable[[PinkNoise | None], Embedded]

    def texts(self, prompts: Sequence[str]) -> Array:
        """The classes' words in place of every prompt's ``{label}``, rows of length 1, float32, (prompt, class, dim).

        Raises:
            InputError: One has no such place.
        """
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

        Raises:
            InputError: Nothing is left to learn from or to test on.
        """
        pool, test = self._sounds(pool_noise), self._sounds(test_noise)
        lost = set(self.embedded(pool_noise).rejected) | set(self.embedded(test_noise).rejected)
        texts, made = self.texts(self.prompts), []
        for split in self.dataset.splits():
            rows = [[i for i in part if i not in lost] for part in (split.train, split.validation)]
            tested = [i for i in split.test if i not in lost and self.dataset.recordings[i].labels]
            if not rows[0] or not tested:
                raise InputError(
                    f"Fold {split.name} of {self.dataset.title} has {len(rows[0])} recordings to learn from and "
                    f"{len(tested)} labelled ones to test on that can be read; both must be at least 1."
                )
            made.append(
                Fold(
                    name=split.name,
                    pool=pool.select(rows[0]),
                    test=test.select(tested),
                    validation=pool.select(rows[1]),
                    texts=texts,
                    multi_label=self.dataset.multi_label,
                )
            )
        return made

    def _sounds(self, noise: PinkNoise | None) -> Sounds:
        place = {c: i for i, c in enumerate(self.dataset.classes)}
        targets = np.zeros((len(self.dataset.recordings), len(place)), dtype=bool)
        for i, recording in enumerate(self.dataset.recordings):
            targets[i, [place[label] for label in recording.labels]] = True
        found = self.embedded(noise)
        return Sounds(found.joint, found.features, targets)
