"""Accuracy against the number of neighbours, with how many of them are right (`cluster_size`).

The count that the rule for unlabelled pools takes is found without labels and stands in the main table; this curve says
how much hangs on it. No count is chosen here.
"""

from collections.abc import Iterator
from typing import ClassVar, final

from pydantic import PositiveInt

from limbeck.evaluation.sounds._embedded import EmbeddedDataset
from limbeck.evaluation.sounds.ablations._contract import Ablation, Point
from limbeck.evaluation.sounds.classifiers import Classifier
from limbeck.evaluation.sounds.classifiers.prototypes import Prototypes


@final
class ClusterSize(Ablation):
    """Prototypes of fewer and of more neighbours of a class (`sizes`)."""

    title: ClassVar[str] = "Number of neighbours"
    axis: ClassVar[str] = "neighbours of a class"
    log: ClassVar[bool] = True
    about: ClassVar[str] = (
        "Neighbour purity: neighbours of a class that truly have it, mean over classes. Labels are used to tell it, "
        "not to choose."
    )
    sizes: tuple[PositiveInt, ...] = (1, 2, 3, 5, 8, 12, 16, 24, 35)

    def fits(self, classifier: Classifier) -> bool:
        return isinstance(classifier, Prototypes)

    def points(self, sounds: EmbeddedDataset) -> Iterator[Point]:
        """A point for each size that every pool has."""
        folds = sounds.folds()
        for size in self.sizes:
            if all(size <= len(fold.pool) for fold in folds):
                yield Point(str(size), lambda seed: folds, x=size, settings={"settings": {"neighbours": size}})
