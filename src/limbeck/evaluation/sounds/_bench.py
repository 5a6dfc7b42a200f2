"""What a recipe's studies work on: embedded recordings, their divisions, and the encoder's words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from limbeck.datasets.sounds import SoundDataset
from limbeck.encoders import Encoder
from limbeck.errors import InputError
from limbeck.evaluation.sounds._fold import Array, Fold, Sounds
from limbeck.evaluation.sounds._hear import Noise
from limbeck.evaluation.sounds.embeddings import Embedded

Sentence = Annotated[str, Field(pattern=r"\{label\}")]
"""A prompt, with ``{label}`` where the words go."""


@dataclass(frozen=True)
class Bench:
    """Made once for a run.

    Attributes:
        dataset: The recordings.
        encoder: Embeds texts.
        prompts: Sentences with ``{label}`` in them.
        embedded: Gives the recordings' vectors, clean (None) or with noise.
    """

    dataset: SoundDataset
    encoder: Encoder
    prompts: tuple[str, ...]
    embedded: Callable[[Noise | None], Embedded]

    def texts(self, prompts: Sequence[str]) -> Array:
        """The classes' words in every prompt, rows of length 1, float32, (prompt, class, dim).

        Args:
            prompts: Sentences with ``{label}`` where the words go.

        Raises:
            InputError: One has no such place.
        """
        from limbeck.prototypes import class_texts

        sentences = class_texts(self.dataset.classes, prompts, self.dataset.words)
        return np.stack([self.encoder.embed_text(row).numpy().astype(np.float32) for row in sentences])

    def folds(self, *, pool_noise: Noise | None = None, test_noise: Noise | None = None) -> list[Fold]:
        """Every division of the dataset; recordings that cannot be read, and tests without a label, are left out.

        Args:
            pool_noise: Mixed into the recordings to learn from.
            test_noise: Mixed into those to classify.

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
                    pool=pool.take(rows[0]),
                    test=test.take(tested),
                    validation=pool.take(rows[1]),
                    texts=texts,
                    multi_label=self.dataset.multi_label,
                )
            )
        return made

    def _sounds(self, noise: Noise | None) -> Sounds:
        place = {c: i for i, c in enumerate(self.dataset.classes)}
        targets = np.zeros((len(self.dataset.recordings), len(place)), dtype=bool)
        for i, recording in enumerate(self.dataset.recordings):
            targets[i, [place[label] for label in recording.labels]] = True
        found = self.embedded(noise)
        return Sounds(found.joint, found.features, targets)
