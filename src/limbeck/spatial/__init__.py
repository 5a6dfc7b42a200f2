"""Sound with a direction: scenes of sounds around a listener, from sentences, filled with recordings, rendered.

Azimuths grow to the left from 0 in front, elevations upwards, in degrees; distances in metres, times in seconds.
"""

from limbeck.spatial._convert import convert
from limbeck.spatial._fill import Choice, Found, fill
from limbeck.spatial._measured import FileMeasured, Scores, measure_file
from limbeck.spatial._named import named
from limbeck.spatial._page import page
from limbeck.spatial._produce import Produced, SourceHeard, produce
from limbeck.spatial.grammar import Reading, describe, parse
from limbeck.spatial.scene import Listener, Room, Scene, Source, Waypoint

__all__ = [
    "Choice",
    "FileMeasured",
    "Found",
    "Listener",
    "Produced",
    "Reading",
    "Room",
    "Scene",
    "Scores",
    "Source",
    "SourceHeard",
    "Waypoint",
    "convert",
    "describe",
    "fill",
    "measure_file",
    "named",
    "page",
    "parse",
    "produce",
]
