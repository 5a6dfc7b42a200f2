"""Classifiers of sounds. One module a classifier; `names()` lists them."""

from limbeck import _discover
from limbeck.evaluation.sounds._embedded import Fold, Sounds
from limbeck.evaluation.sounds.classifiers._contract import Classifier, Predictions

__all__ = ["Classifier", "Fold", "Predictions", "Sounds", "load", "names"]

names = _discover.lister(Classifier)
load = _discover.loader(Classifier)
