"""Labelled clips to a distilled set. One module a method; `names()` lists them without importing any."""

from limbeck import _discover
from limbeck.methods._choose import ByClass, Selection, features_by_class
from limbeck.methods._contract import Checkpoint, Method, Passes, RunContext, StepReport
from limbeck.methods._descent import SGD, Adam, Optimiser
from limbeck.methods._encoders import EncoderDraw, EncoderDraws, EncoderSource
from limbeck.methods._experts import ExpertKeys, Experts, Training
from limbeck.methods._start import NamedStart, Start
from limbeck.methods._steps import Block, Held, Step, experts_of, finished, passes_of, selected, started, steps

ROOM = "limbeck.methods"


def names() -> tuple[str, ...]:
    """Names of all methods, without importing any.

    Example:
        >>> names()[:5]
        ('avdd', 'best', 'coded', 'davdd', 'dc')
    """
    return _discover.names(ROOM)


def load(name: str) -> type[Method]:
    """The class of a method.

    Raises:
        UnknownNameError: No method has this name.
    """
    return _discover.load(ROOM, name, Method)


__all__ = [
    "SGD",
    "Adam",
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
    "experts_of",
    "features_by_class",
    "finished",
    "load",
    "names",
    "passes_of",
    "selected",
    "started",
    "steps",
]
