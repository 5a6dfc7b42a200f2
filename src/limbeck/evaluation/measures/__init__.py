"""What a distilled set is worth: accuracy, and more. One module a measure; `names()` lists them."""

from limbeck import _discover
from limbeck.evaluation._subject import Subject
from limbeck.evaluation.measures._contract import Column, Measure, Values
from limbeck.evaluation.score import Taken

__all__ = ["Column", "Measure", "Subject", "Taken", "Values", "load", "names"]

names = _discover.lister(Measure)
load = _discover.loader(Measure)
