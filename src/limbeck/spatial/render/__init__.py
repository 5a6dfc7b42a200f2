"""Scenes to sound: ambisonics, headphones, loudspeakers, in blocks, with memory that does not grow with the scene.

Each source is brought to its loudness, and read as it was sounded at the time it is heard: 1 / distance softer, late,
with its Doppler shift. Each output then hears it from its direction, without a detour by another one.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from limbeck._machine import cores
from limbeck.errors import InputError
from limbeck.spatial import directions
from limbeck.spatial.render._way import Way
from limbeck.spatial.render.binaural import Binaural
from limbeck.spatial.render.foa import Ambisonic
from limbeck.spatial.render.output import Array, Output, Response
from limbeck.spatial.render.panned import SURROUND_5_1, SURROUND_7_1_4, Speakers, Stereo
from limbeck.spatial.render.stems import REFERENCE_LUFS, Stem, opened
from limbeck.spatial.scene import Scene, Source

__all__ = [
    "AROUND",
    "OUTPUTS",
    "REFERENCE_LUFS",
    "Ambisonic",
    "Binaural",
    "Block",
    "Output",
    "Response",
    "Speakers",
    "Stem",
    "Stereo",
    "blocks",
    "heard_from",
    "opened",
    "output",
]

OUTPUTS: Mapping[str, Output] = MappingProxyType(
    {
        "foa": Ambisonic(1),
        "hoa2": Ambisonic(2),
        "hoa3": Ambisonic(3),
        "binaural": Binaural(),
        "stereo": Stereo(),
        "5.1": SURROUND_5_1,
        "7.1.4": SURROUND_7_1_4,
    }
)
"""Outputs by name."""
AROUND = tuple((azimuth, elevation) for azimuth in (45.0, 135.0, -135.0, -45.0) for elevation in (35.26, -35.26))
"""Directions that a sound from everywhere comes from, the corners of a cube: from each another part of it."""
_BLOCK = 2**16
_TIMES = 512

Sound = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Block:
    """A piece of a rendered scene.

    Attributes:
        first: Number of its first sample.
        sources: What each source is heard as, dry and without the room, (channel, sample), float32.
        mix: All together, with the room, (channel, sample), float32.
    """

    first: int
    sources: tuple[Sound, ...]
    mix: Sound


def output(name: str) -> Output:
    """The output of a name.

    Raises:
        InputError: There is none.
    """
    if name not in OUTPUTS:
        raise InputError(f"There is no output {name!r}; there are {', '.join(OUTPUTS)}.")
    return OUTPUTS[name]


def blocks(
    scene: Scene, stems: Sequence[Stem], output: Output, *, block: int = _BLOCK, air: bool = False, dry: bool = False
) -> Iterator[Block]:
    """Render a scene, piece after piece.

    Args:
        scene: The scene.
        stems: What its sources sound like, from `opened`.
        output: What to.
        block: Samples of a piece, a multiple of 128; all give the same bits.
        air: Whether the air swallows high frequencies on the way (ISO 9613-1, 20 degrees, 50 percent).
        dry: Whether the room is left out.

    Returns:
        The pieces in order; the last one may be shorter.

    Raises:
        InputError: The block is no multiple of 128.
        MissingExtraError: There is a room, and pyroomacoustics is not installed.
    """
    from limbeck.spatial.render import _room, _track

    if block < 1 or block % _track.STEP:
        raise InputError(f"A block is a multiple of {_track.STEP} samples, but {block} were asked for.")
    tracks = [_tracks(source, stem, scene) for source, stem in zip(scene.sources, stems, strict=True)]
    echoing = (
        []
        if dry or scene.room is None
        else [t for own, s in zip(tracks, scene.sources, strict=True) if s.extent == "point" for t in own]
    )
    reverbs = [
        _room.Reverb(track, output, scene.room, scene.listener.height, scene.listener.yaw, scene.rate)
        for track in echoing
        if scene.room is not None
    ]
    length = round(scene.duration * scene.rate)
    with ThreadPoolExecutor(cores()) as pool:
        for first in range(0, length, block):
            count = min(block, -(-(length - first) // _track.STEP) * _track.STEP)
            shape = (len(output.channels), count)
            direct = partial(_direct, shape=shape, output=output, first=first, rate=scene.rate, air=air)
            heard = list(pool.map(direct, tracks))
            wet = list(pool.map(partial(_echo, shape=shape), reverbs))
            kept = slice(0, length - first)
            mix = np.zeros(shape, np.float32)
            for part in (*heard, *wet):
                mix += part
            yield Block(first, tuple(part[:, kept] for part in heard), mix[:, kept])


def _direct(
    tracks: Sequence[Any], *, shape: tuple[int, int], output: Output, first: int, rate: int, air: bool
) -> Sound:
    from limbeck.spatial.render import _track

    out = np.zeros(shape, np.float32)
    for track in tracks:
        _track.add(out, track, output, first, rate, absorbing=air)
    return out


def _echo(reverb: Any, *, shape: tuple[int, int]) -> Sound:
    out = np.zeros(shape, np.float32)
    reverb.add(out)
    return out


def heard_from(scene: Scene, times: Array) -> Array:
    """From where each source is heard, as unit vectors, (3, source, time), for the head as it is turned.

    NaN where nothing of a source is heard, and for those from everywhere. Directions are those of the time at which
    the sound was sounded: distance / 343 m/s before it is heard.

    Args:
        scene: The scene.
        times: Seconds, (time,), growing.
    """
    out = np.full((3, len(scene.sources), len(times)), np.nan)
    for number, source in enumerate(scene.sources):
        if source.extent == "point":
            way = _way(source, scene.listener.yaw)
            for first in range(0, len(times), _TIMES):
                sounded = way.emitted(times[first : first + _TIMES])
                there = (sounded >= source.start) & (sounded <= source.end)
                azimuth, elevation, _ = way.at(sounded[there])
                out[:, number, first : first + _TIMES][:, there] = directions.vectors(azimuth, elevation)
    return out


def _tracks(source: Source, stem: Stem, scene: Scene) -> list[Any]:
    """The tracks of a source: one, or one from each direction of `AROUND`, none of which sounds like another."""
    from limbeck.spatial.render._track import Track

    yaw = scene.listener.yaw
    if source.extent == "point":
        return [Track(stem, _way(source, yaw), source.start, source.end)]
    apart = len(stem.samples) // len(AROUND)
    return [
        Track(stem, Way(partial(_fixed, source, angles, yaw), delayed=False), source.start, source.end, number * apart)
        for number, angles in enumerate(AROUND)
    ]


def _way(source: Source, yaw: float) -> Way:
    still = len({waypoint.model_copy(update={"time": 0.0}) for waypoint in source.waypoints}) == 1
    farthest = max(waypoint.distance for waypoint in source.waypoints)
    return Way(partial(_seen, source, yaw), still=still, farthest=farthest)


def _seen(source: Source, yaw: float, times: Array) -> tuple[Array, Array, Array]:
    """Where a source is for a listener whose head is turned."""
    azimuth, elevation, distance = source.at(times)
    return azimuth - yaw, elevation, distance


def _fixed(source: Source, angles: tuple[float, float], yaw: float, times: Array) -> tuple[Array, Array, Array]:
    """A direction of a sound from everywhere; there are so many of them that each is farther away."""
    distance = source.at(times)[2] * len(AROUND) ** 0.5
    return np.full_like(distance, angles[0] - yaw), np.full_like(distance, angles[1]), distance
