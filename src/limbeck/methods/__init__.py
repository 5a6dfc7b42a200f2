"""Labelled clips to a distilled set. One module a method; `names()` lists them without importing any.

Example:
    >>> names()[:5]
    ('avdd', 'best', 'coded', 'davdd', 'dc')
"""

from limbeck import _discover
from limbeck.methods._choose import ByClass, FeatureSelection, Selection
from limbeck.methods._contract import Method
from limbeck.methods._descent import SGD, Adam, Optimiser
from limbeck.methods._encoders import EncoderDraw, EncoderDraws
from limbeck.methods._experts import AsksExperts, ExpertKeys, Experts, Training
from limbeck.methods._optimised import EncoderSource, Optimised
from limbeck.methods._run import Checkpoint, Passes, RunContext, StepReport
from limbeck.methods._start import NamedStart, Start
from limbeck.methods._steps import Block, Held, Step, started, steps

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
    "FeatureSelection",
    "Held",
    "Method",
    "NamedStart",
    "Optimised",
    "Optimiser",
    "Passes",
    "RunContext",
    "Selection",
    "Start",
    "Step",
    "StepReport",
    "Training",
    "load",
    "names",
    "started",
    "steps",
]

names = _discover.lister(Method)
load = _discover.loader(Method)
