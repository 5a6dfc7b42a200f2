"""A comparison's tables in forms that others read. One module a form; its stem is the form's name."""

from __future__ import annotations

from limbeck import _discover
from limbeck.report.forms._contract import Form

__all__ = ["Form", "load", "names"]


def names() -> tuple[str, ...]:
    """Names of all forms.

    Example:
        >>> names()
        ('csv', 'json', 'latex', 'markdown')
    """
    return _discover.names(__name__)


def load(name: str) -> type[Form]:
    """The class of a form by name.

    Raises:
        UnknownNameError: There is no such form; the message lists the known ones.

    Example:
        >>> load("latex").suffix
        '.tex'
    """
    return _discover.load(__name__, name, Form)
