"""Ways to hold samples. One module each; `names()` lists them without importing any.

Example:
    >>> names()
    ('frequencies', 'mosaic', 'plain')
"""

from limbeck import _discover
from limbeck.parameterisations._contract import Hold, Parameterisation, Tensors, class_major, joined, modality_of, parse
from limbeck.parameterisations._grid import Box, Grid, boxes_of

__all__ = [
    "Box",
    "Grid",
    "Hold",
    "Parameterisation",
    "Tensors",
    "boxes_of",
    "class_major",
    "joined",
    "load",
    "modality_of",
    "names",
    "parse",
]

names, load = _discover.room(Parameterisation)
