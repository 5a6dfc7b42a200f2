"""Naming sounds: embeddings and words to prototypes, prototypes to labels, in scikit-learn's manners."""

from limbeck.prototypes._parameters import check_parameters
from limbeck.prototypes._prompts import by_entropy, class_texts
from limbeck.prototypes._sensitivity import AtCount, sensitivity
from limbeck.prototypes.classifier import PrototypeClassifier
from limbeck.prototypes.confidence import Bin, Confidence
from limbeck.prototypes.pool_scores import PoolScores
from limbeck.prototypes.probe import Evidence, Probe
from limbeck.prototypes.saved import CONFIG, Piece, SoundClassifier

__all__ = [
    "CONFIG",
    "AtCount",
    "Bin",
    "Confidence",
    "Evidence",
    "Piece",
    "PoolScores",
    "Probe",
    "PrototypeClassifier",
    "SoundClassifier",
    "by_entropy",
    "check_parameters",
    "class_texts",
    "sensitivity",
]
