"""Classifiers of sounds. One module a classifier; `names()` lists them.

Example:
    >>> names()
    ('chance', 'linear_probe', 'mlp', 'prototypes', 'supervised_prototypes', 'zero_shot')
"""

from __future__ import annotations

from limbeck import _discover
from limbeck.evaluation.sounds._fold import Fold, Sounds
from limbeck.evaluation.sounds.classifiers._contract import Classifier, Predictions

__all__ = ["Classifier", "Fold", "Predictions", "Sounds", "load", "names"]

names = _discover.lister(Classifier)
load = _discover.loader(Classifier)
