"""How well sounds are named: ways to classify, folds, metrics that mean one thing, and what accuracy depends on."""

from limbeck.evaluation.sounds._run import run
from limbeck.evaluation.sounds.recipe import SoundRecipe
from limbeck.evaluation.sounds.results import Cell, SoundResults, Summary, summary

__all__ = ["Cell", "SoundRecipe", "SoundResults", "Summary", "run", "summary"]
