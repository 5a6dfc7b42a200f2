"""A comparison's tables as files that others read. One module a writer; its stem is the writer's name.

Example:
    >>> names()
    ('csv', 'json', 'latex', 'markdown')
    >>> load("latex").suffix
    '.tex'
"""

from __future__ import annotations

from limbeck import _discover
from limbeck.report.model import Document
from limbeck.report.writers._contract import Writer

__all__ = ["Document", "Writer", "load", "names"]

names, load = _discover.room(Writer)
