"""Labelled clips to a distilled set. One module a method; `names()` lists them without importing any."""

from limbeck import _discover
from limbeck.methods._contract import Checkpoint, Method, Passes, StepReport, Work
from limbeck.methods._encoders import Encoders, Lens
from limbeck.methods._experts import Asked, Experts, Training
from limbeck.methods._matching import Compare, Matching, MeanMatching
from limbeck.methods._optimised import Optimised, Pairs, Problem
from limbeck.methods._samples import Normal, SampleMatching
from limbeck.methods._selection import Choose, FeatureSelection, Selection, distilled

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
    "Asked",
    "Checkpoint",
    "Choose",
    "Compare",
    "Encoders",
    "Experts",
    "FeatureSelection",
    "Lens",
    "Matching",
    "MeanMatching",
    "Method",
    "Normal",
    "Optimised",
    "Pairs",
    "Passes",
    "Problem",
    "SampleMatching",
    "Selection",
    "StepReport",
    "Training",
    "Work",
    "distilled",
    "load",
    "names",
]
