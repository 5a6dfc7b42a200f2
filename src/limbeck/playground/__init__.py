"""Playground: generated videos with sound whose truth is known exactly.

Ten kinds of sounding things move on a stage with silent props, other sounds and a camera. Picture and sound of a thing
are functions of the same few numbers (`Cast`), so that boxes, onsets, directions and isolated sources are exact.
`Scene` holds everything one clip is made from and goes to JSON and back; the functions of `stage` make the rest of it.
Eight motions (`motion`) are classes of another kind: one frame does not tell them. The dataset
`limbeck.datasets.playground` reads what this package writes. Things around a listener, in flat pictures and in those of
all around, are in `around`, and the dataset `spatial_playground` reads those.

Example:
    >>> scene = draw_scene(KINDS[2], seed=7)
    >>> scene.main.kind, mixture(scene).shape
    ('harp', (2, 39690))
    >>> sorted(sources(scene))
    ['main', 'noise', 'other']
    >>> image, box = next(frames(scene, size=64))
    >>> image.shape, all(0 <= edge <= 1 for edge in box)
    ((64, 64, 3), True)
"""

from limbeck.playground.around import Surroundings, draw_surroundings
from limbeck.playground.around_clips import AroundClip, Drawn, planned_around, read_dry, truth_folder
from limbeck.playground.cast import Cast
from limbeck.playground.clips import (
    GeneratedClip,
    make_all,
    make_missing,
    planned,
    read_sources,
    read_truth,
    write_sounds,
)
from limbeck.playground.kinds import KINDS, SOLOS, TIED, Kind, draw_cast
from limbeck.playground.motion import MOTIONS
from limbeck.playground.stage import Scene, azimuths, draw_scene, frames, mixture, sources, truth

__all__ = [
    "KINDS",
    "MOTIONS",
    "SOLOS",
    "TIED",
    "AroundClip",
    "Cast",
    "Drawn",
    "GeneratedClip",
    "Kind",
    "Scene",
    "Surroundings",
    "azimuths",
    "draw_cast",
    "draw_scene",
    "draw_surroundings",
    "frames",
    "make_all",
    "make_missing",
    "mixture",
    "planned",
    "planned_around",
    "read_dry",
    "read_sources",
    "read_truth",
    "sources",
    "truth",
    "truth_folder",
    "write_sounds",
]
