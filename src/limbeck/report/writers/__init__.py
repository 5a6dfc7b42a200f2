"""A comparison's tables as files that others read. One module a writer; its stem is the writer's name."""

from __future__ import annotations

from limbeck import _discover
from limbeck.report.model import Document
from limbeck.report.writers._contract import Writer

__all__ = ["Document", "Writer", "load", "names"]


def names() -> tuple[str, ...]:
    """Names of all writers.

    Example:
        >>> names()
        ('csv', 'json', 'latex', 'markdown')
    """
    return _discover.names(__name__)


def load(name: str) -> type[Writer]:
    """The class of a writer by name.

    Raises:
        UnknownNameError: There is no such writer; the message lists the known ones.

    Example:
        >>> load("latex").suffix
        '.tex'
    """
    return _discover.load(__name__, name, Writer)
