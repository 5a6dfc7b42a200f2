"""Labelled clips to a distilled set. One module a method; `names()` lists them without importing any.

Example:
    >>> names()[:5]
    ('avdd', 'best', 'coded', 'davdd', 'dc')
"""

from limbeck import _discover
from limbeck.methods._choose import ByClass, Selection, features_by_class
from limbeck.methods._contract import Method
from limbeck.methods._descent import SGD, Adam, Optimiser
from limbeck.methods._encoders import EncoderDraw, EncoderDraws, EncoderSource
from limbeck.methods._experts import AsksExperts, ExpertKeys, Experts, Training
from limbeck.methods._held import Block, Held, Step
from limbeck.methods._run import Checkpoint, Passes, RunContext, StepReport
from limbeck.methods._start import NamedStart, Start, selected, started
from limbeck.methods._steps import finished, steps

__all__ = [
    "SGD",
    "Adam",
    "AsksExperts",
    "Block",
    "ByClass",
    "Checkpoint",
    "EncoderDraw",
    "EncoderDraws",
    "EncoderSource",
    "ExpertKeys",
    "Experts",
    "Held",
    "Method",
    "NamedStart",
    "Optimiser",
    "Passes",
    "RunContext",
    "Selection",
    "Start",
    "Step",
    "StepReport",
    "Training",
    "features_by_class",
    "finished",
    "load",
    "names",
    "selected",
    "started",
    "steps",
]

names = _discover.lister(Method)
load = _discover.loader(Method)
