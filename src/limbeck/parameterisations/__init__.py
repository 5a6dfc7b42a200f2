"""Ways to hold samples. One module each; `names()` lists them without importing any."""

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


def names() -> tuple[str, ...]:
    """Names of all ways to hold samples.

    Example:
        >>> names()
        ('frequencies', 'mosaic', 'plain')
    """
    return _discover.names(__name__)


def load(name: str) -> type[Parameterisation]:
    """The settings class of a way to hold samples.

    Raises:
        UnknownNameError: None has this name.
    """
    return _discover.load(__name__, name, Parameterisation)
