"""Whole comparisons from one file: a recipe is a list of complete jobs, an executor runs them, tables come from disk.

Two kinds share all of it: distillations, and classifiers of sounds. Recipes are TOML; see ``limbeck list recipes``.
"""

from limbeck.comparison._plan import Line, plan
from limbeck.comparison._recipe import Job, Place, Recipe, Session
from limbeck.comparison._run import run

__all__ = ["Job", "Line", "Place", "Recipe", "Session", "plan", "run"]
