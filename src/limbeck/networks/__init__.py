"""What is trained from scratch, and what random features come from. One module a network; `names()` lists them.

Example:
    >>> names()
    ('alexnet', 'convnet', 'convnet3d', 'resnet18', 'transformer', 'vgg11')
"""

from limbeck import _discover
from limbeck.networks._architecture import Architecture
from limbeck.networks._contract import Encoder, Grid, Head, Network, Shape
from limbeck.networks._contrast import best_cosines, class_contrast, place_contrast
from limbeck.networks._embed import GRAPH_PIXELS, embed
from limbeck.networks._memory import keep_freed_memory
from limbeck.networks._student import HEAD, Student

__all__ = [
    "GRAPH_PIXELS",
    "HEAD",
    "Architecture",
    "Encoder",
    "Grid",
    "Head",
    "Network",
    "Shape",
    "Student",
    "best_cosines",
    "class_contrast",
    "embed",
    "keep_freed_memory",
    "load",
    "names",
    "place_contrast",
]

names = _discover.lister(Network)
load = _discover.loader(Network)
