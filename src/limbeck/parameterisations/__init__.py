"""Ways to hold samples. One module each; `names()` lists them without importing any."""

from limbeck import _discover
from limbeck.parameterisations._contract import (
    Box,
    Grid,
    Hold,
    Parameterisation,
    Tensors,
    boxes_of,
    class_major,
    cut,
    joined,
    modality_of,
    parse,
)

__all__ = [
    "Box",
    "Grid",
    "Hold",
    "Parameterisation",
    "Tensors",
    "boxes_of",
    "class_major",
    "cut",
    "joined",
    "load",
    "modality_of",
    "names",
    "parse",
]

names = _discover.lister(Parameterisation)
load = _discover.loader(Parameterisation)
