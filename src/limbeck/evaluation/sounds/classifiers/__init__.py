"""Classifiers to classify sounds. One module a classifier; `names()` lists them."""

from __future__ import annotations

from limbeck import _discover
from limbeck.evaluation.sounds._fold import Fold, Sounds
from limbeck.evaluation.sounds.classifiers._contract import Classifier, Predictions

__all__ = ["Classifier", "Fold", "Predictions", "Sounds", "load", "names"]


def names() -> tuple[str, ...]:
    """Names of all classifiers.

    Example:
        >>> names()
        ('chance', 'linear_probe', 'mlp', 'prototypes', 'supervised_prototypes', 'zero_shot')
    """
    return _discover.names(__name__)


def load(name: str) -> type[Classifier]:
    """The settings class of the classifier of that name.

    Raises:
        UnknownNameError: No classifier has it.
    """
    return _discover.load(__name__, name, Classifier)
