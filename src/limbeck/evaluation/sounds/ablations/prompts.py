"""Accuracy by prompt (`prompts`): each by itself, all together, and what may be chosen without labels.

Source: the five prompts are those of PROTO's ablation (Interspeech 2023, arXiv 2306.12300), which takes the best one on
the test folds for its main table. Here one row takes the prompt under which the pool's own zero-shot predictions are
surest, which needs no labels.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import ClassVar, final

from limbeck.evaluation.sounds._embedded import EmbeddedDataset, Fold, Sentence
from limbeck.evaluation.sounds.ablations._contract import Ablation, Point, each
from limbeck.evaluation.sounds.embeddings import Array

PUBLISHED = (
    "{label}",
    "I can hear {label}",
    "This is an audio of {label}",
    "This is {label}",
    "This is a sound of {label}",
)


@final
class Prompts(Ablation):
    """Sentences around the class's words: `texts` with ``{label}`` in them."""

    title: ClassVar[str] = "Prompts"
    about: ClassVar[str] = (
        "All together: each row's own rule for several prompts (zero-shot: the mean direction; prototypes: as the "
        "classifier's settings say). Surest on the pool: in each fold the prompt whose zero-shot predictions of the "
        "unlabelled pool have the lowest entropy; no label is looked at. The best line of this table is chosen on the "
        "test folds and is no result."
    )
    texts: tuple[Sentence, ...] = PUBLISHED

    def points(self, sounds: EmbeddedDataset) -> Iterator[Point]:
        folds, texts = sounds.folds(), sounds.texts(self.texts)

        def using(fold: Fold, *, texts: Array, seed: int) -> Fold:
            return replace(fold, texts=texts)

        def sure(fold: Fold, *, seed: int) -> Fold:
            return replace(fold, texts=texts[[surest(fold.pool.joint, texts)]])

        for i, text in enumerate(self.texts):
            yield Point(text, each(folds, partial(using, texts=texts[[i]])))
        yield Point("all together", each(folds, partial(using, texts=texts)))
        yield Point("surest on the pool", each(folds, sure))


def surest(pool: Array, texts: Array) -> int:
    """The prompt under which zero-shot predictions of a `pool`, (recording, dim), have the lowest mean entropy.

    Its rows have length 1; `texts` are (prompt, class, dim). A `limbeck.prototypes.PrototypeClassifier` would give the
    most weight to that prompt.
    """
    from limbeck.prototypes import by_entropy

    return int(by_entropy(pool, texts).argmax())
