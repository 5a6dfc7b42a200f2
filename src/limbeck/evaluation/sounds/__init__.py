"""How well sounds are named: classifiers, folds, metrics that mean one thing, and what accuracy depends on."""

from limbeck.evaluation.sounds._embedded import EmbeddedDataset, Sentence
from limbeck.evaluation.sounds.embeddings import embed
from limbeck.evaluation.sounds.results import AblationFacts, Cell, SoundResults

__all__ = ["AblationFacts", "Cell", "EmbeddedDataset", "Sentence", "SoundResults", "embed"]
