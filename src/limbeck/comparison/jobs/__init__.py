"""Kinds of jobs, a file each: distil and evaluate, measure, name sounds."""

from limbeck.comparison.jobs.distil import Distil
from limbeck.comparison.jobs.measure import MeasureSet
from limbeck.comparison.jobs.name_sounds import NameSounds

__all__ = ["Distil", "MeasureSet", "NameSounds"]
