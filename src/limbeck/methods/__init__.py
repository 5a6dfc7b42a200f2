"""Labelled clips to a distilled set. One module a method; `names()` lists them without importing any.

Example:
    >>> names()[:5]
    ('apm', 'avdd', 'best', 'coded', 'covmatch')
"""

from limbeck import _discover
from limbeck.methods._choose import ByClass, ComparesFeatures, Selection, chosen_clips, features_by_class
from limbeck.methods._contract import Method, finished
from limbeck.methods._descent import SGD, Adam, Optimiser, Steps
from limbeck.methods._encoders import EncoderDraw, EncoderDraws, EncoderSource
from limbeck.methods._experts import AsksExperts, ExpertKeys, Experts, Training
from limbeck.methods._optimised import Optimised
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
    "ComparesFeatures",
    "EncoderDraw",
    "EncoderDraws",
    "EncoderSource",
    "ExpertKeys",
    "Experts",
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
    "Steps",
    "Training",
    "chosen_clips",
    "features_by_class",
    "finished",
    "load",
    "names",
    "started",
    "steps",
]

names = _discover.lister(Method)
load = _discover.loader(Method)
