"""Sound with a direction: scenes of sounds around a listener, from sentences, filled with recordings, rendered.

Azimuths grow to the left from 0 in front, elevations upwards, in degrees; distances in metres, times in seconds.
Everything is loaded on first use, so that reading a sentence does not load what reads recordings.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from limbeck.spatial._convert import convert
    from limbeck.spatial._fill import Choice, Found, fill
    from limbeck.spatial._learn import learn
    from limbeck.spatial._measured import FileMeasured, Scores, measure_file
    from limbeck.spatial._named import named, where
    from limbeck.spatial._page import page
    from limbeck.spatial._produce import Produced, SourceHeard, produce
    from limbeck.spatial.grammar import Reading, describe, parse
    from limbeck.spatial.scene import Listener, Room, Scene, Source, Waypoint

_HOMES = {
    "_convert": ("convert",),
    "_fill": ("Choice", "Found", "fill"),
    "_learn": ("learn",),
    "_measured": ("FileMeasured", "Scores", "measure_file"),
    "_named": ("named", "where"),
    "_page": ("page",),
    "_produce": ("Produced", "SourceHeard", "produce"),
    "grammar": ("Reading", "describe", "parse"),
    "scene": ("Listener", "Room", "Scene", "Source", "Waypoint"),
}

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
    "learn",
    "measure_file",
    "named",
    "page",
    "parse",
    "produce",
    "where",
]


def __getattr__(name: str) -> Any:
    """Load a public name from its home."""
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"limbeck.spatial.{home}"), name)
    raise AttributeError(f"module 'limbeck.spatial' has no attribute {name!r}")


def __dir__() -> list[str]:
    """Public names."""
    return sorted(__all__)
