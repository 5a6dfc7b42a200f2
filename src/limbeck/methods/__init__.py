"""Labelled clips to a distilled set. One module a method; `names()` lists them without importing any."""

from limbeck import _discover
from limbeck.methods._contract import Checkpoint, Method, StepReport, Work

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


__all__ = ["Checkpoint", "Method", "StepReport", "Work", "load", "names"]
