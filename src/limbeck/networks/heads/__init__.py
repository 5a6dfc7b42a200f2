"""What turns features of the encoders into classes. One module a head; `names()` lists them without importing any."""

from limbeck import _discover
from limbeck.networks._contract import Head

__all__ = ["Head", "load", "names"]


def names() -> tuple[str, ...]:
    """Names of all heads.

    Example:
        >>> names()
        ('attention', 'concat', 'ensemble', 'sum')
    """
    return _discover.names(__name__)


def load(name: str) -> type[Head]:
    """The head of that name.

    Raises:
        UnknownNameError: No head has it.
    """
    return _discover.load(__name__, name, Head)
