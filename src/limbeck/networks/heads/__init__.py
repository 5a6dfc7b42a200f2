"""What turns features of the encoders into classes. One module a head; `names()` lists them without importing any.

Example:
    >>> names()
    ('attention', 'concat', 'ensemble', 'sum')
"""

from limbeck import _discover
from limbeck.networks._contract import Head

__all__ = ["Head", "load", "names"]

names = _discover.lister(Head)
load = _discover.loader(Head)
