"""Kinds of jobs: distil and evaluate, measure what was distilled, name sounds."""

from limbeck.comparison.jobs.distil import Distil, MeasureSet
from limbeck.comparison.jobs.name_sounds import NameSounds

__all__ = ["Distil", "MeasureSet", "NameSounds"]
