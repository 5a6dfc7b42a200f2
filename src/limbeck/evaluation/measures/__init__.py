"""What a distilled set is worth: accuracy, and more. One module a measure; `names()` lists them."""

from limbeck import _discover
from limbeck.evaluation._subject import Subject
from limbeck.evaluation.measures._contract import Column, Measure, Taken, Values

__all__ = ["Column", "Measure", "Subject", "Taken", "Values", "load", "names"]


def names() -> tuple[str, ...]:
    """Names of all measures."""
    return _discover.names(__name__)


def load(name: str) -> type[Measure]:
    """The settings class of the measure of that name.

    Raises:
        UnknownNameError: No measure has it.
    """
    return _discover.load(__name__, name, Measure)
