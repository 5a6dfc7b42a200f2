"""Things around a listener: scenes whose sounds have directions, in flat pictures and in those of all around.

Five of the `KINDS`, no two of which look or sound alike, stand or go round the listener before a textured background.
Some sound, some only move as if they did; what sounds may be where no picture shows it. Boxes, directions and dry
sounds are exact: picture and sound are functions of the numbers of `Surroundings`.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field
from scipy.ndimage import map_coordinates

from limbeck._config import Config
from limbeck.media.projection import Picture
from limbeck.playground._canvas import Box, Canvas, Pen, Pixels
from limbeck.playground._voices import Wave, coloured_noise, total
from limbeck.playground.cast import Cast
from limbeck.playground.kinds import KINDS, Kind, draw_cast
from limbeck.playground.stage import BY_NAME

Array = npt.NDArray[np.float64]

VERSION = 1
"""Raised whenever the same numbers would give another clip; older files are then made again."""
APART = KINDS[::2]
"""The kinds, no two of which look or sound alike."""
FPS = 12
FRAMES = 48
SECONDS = FRAMES / FPS
SAMPLE_RATE_HZ = 16_000
MOST_SILENT = 3
SHAPE = 0.5
"""Height of a picture by its width."""
_SPRITE = 48
"""Pixels a side of the picture of one thing, before it is put into the scene."""
_FILL = 0.64
"""Part of that side which a thing fills."""
_START, _START_S = 0.2, 0.1
"""By how much of its size a thing starts when it is hit, plucked or shaken, and for how long."""
_OPAQUE = 0.5
_TRIES = 200
_CLEAR = 0.62
"""Least distance of two things, by the sum of their widths."""


class Thing(Config):
    """Something that may be seen and heard, and where it is: evenly from a first direction to a last one.

    Attributes:
        cast: What it is like. Its place and speed there mean nothing here.
        azimuths: Degrees to the left of the front at the beginning and at the end, of any number of turns.
        elevations: Degrees above the horizon, likewise.
        width: How wide it looks, in degrees.
        sounds: Whether it is heard. It moves in either case.
        seen: Whether it is in the picture.
    """

    cast: Cast
    azimuths: tuple[float, float]
    elevations: tuple[float, float]
    width: float = Field(gt=0, lt=90)
    sounds: bool
    seen: bool

    def at(self, times: npt.ArrayLike) -> Array:
        """Unit vectors, (3, ...), towards its middle at some `times` in seconds: to the front, to the left, up."""
        gone = np.asarray(times, np.float64) / SECONDS
        around, up = (np.radians(a + (b - a) * gone) for a, b in (self.azimuths, self.elevations))
        return np.stack([np.cos(around) * np.cos(up), np.sin(around) * np.cos(up), np.sin(up)])


class Surroundings(Config):
    """Everything a clip is made from.

    Attributes:
        width: Degrees from the left to the right edge of a flat picture; None for one of all around.
        things: Those that sound come first; the first one gives the clip its class.
        colours: Of the background, RGB in [0, 1].
        texture_seed: Of the background's texture.
        grain: Standard deviation of each frame's noise, whose seed is `grain_seed`.
        noise_gain: Level of the steady noise from nowhere, a thing being 1; `noise_seed` is its seed.
        level: Root mean square of the first sound in the mixture.
    """

    width: float | None
    things: tuple[Thing, ...] = Field(min_length=1)
    colours: tuple[tuple[float, float, float], tuple[float, float, float]]
    texture_seed: int = Field(ge=0)
    grain: float = Field(ge=0)
    grain_seed: int = Field(ge=0)
    noise_gain: float = Field(ge=0)
    noise_seed: int = Field(ge=0)
    level: float = Field(gt=0)

    @property
    def heard(self) -> tuple[Thing, ...]:
        """The things that sound."""
        return tuple(thing for thing in self.things if thing.sounds)


class Shown(NamedTuple):
    """One frame.

    Attributes:
        image: RGB, uint8, (height, 2 height, 3).
        boxes: Of each thing, (left, top, right, bottom) as fractions of the picture, or None where it is not seen. In a
            picture of all around one that crosses the edge has a left below 0 or a right above 1.
    """

    image: npt.NDArray[np.uint8]
    boxes: tuple[Box | None, ...]


def draw_surroundings(
    kind: Kind, seed: int, *, width: float | None = None, sounding: int = 1, silent: int = 1
) -> Surroundings:
    """A scene in which a thing of a `kind`, one of `APART`, sounds, all numbers drawn from `seed` >= 0.

    Its picture is of all around, or flat and so many degrees wide (`width`). So many things are seen and heard
    (`sounding`, up to 2); with 0 the one that is heard is not in the picture. So many are seen and silent (`silent`, up
    to 3). All things are of different kinds.

    Example:
        >>> scene = draw_surroundings(APART[0], 1, sounding=2)
        >>> [thing.sounds for thing in scene.things], scene.things[0].cast.kind
        ([True, True, False], 'metal bar')
    """
    kinds, places, casts, lens = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(4))
    others = [other for other in APART if other is not kind]
    drawn = [kind, *(others[i] for i in kinds.permutation(len(others)))][: max(sounding, 1) + silent]
    things: list[Thing] = []
    for number, each in enumerate(drawn):
        gain = 1.0 if number == 0 else float(10 ** (casts.uniform(-3, 3) / 20))
        cast = draw_cast(each, casts, SECONDS).model_copy(update={"speed": 0.0, "gain": gain})
        sounds = number < max(sounding, 1)
        tries = (_placed(cast, places, width, sounds=sounds, seen=sounding > 0 or number > 0) for _ in range(_TRIES))
        best = max(_until_clear(tries, things), key=lambda found: found[0])
        things.append(best[1])
    first, second = (tuple(float(c) for c in lens.uniform(0.15, 0.85, 3)) for _ in range(2))
    return Surroundings(
        width=width,
        things=tuple(things),
        colours=(first, second),
        texture_seed=int(lens.integers(2**31)),
        grain=float(lens.uniform(0.005, 0.03)),
        grain_seed=int(lens.integers(2**31)),
        noise_gain=float(10 ** (lens.uniform(-36, -20) / 20)),
        noise_seed=int(lens.integers(2**31)),
        level=float(10 ** (lens.uniform(-28, -18) / 20)),
    )


def frames(scene: Surroundings, size: int) -> Iterator[Shown]:
    """The frames of a `scene`, `size` pixels high and twice as wide."""
    picture = Picture(scene.width)
    height, width = size, 2 * size
    rows, columns = np.meshgrid((np.arange(height) + 0.5) / height, (np.arange(width) + 0.5) / width, indexing="ij")
    rays = picture.vectors(rows, columns, SHAPE).astype(np.float32)
    behind = _background(scene, rays)
    grain = np.random.default_rng(scene.grain_seed)
    for number in range(FRAMES):
        seconds = number / FPS
        pixels = behind.copy()
        boxes = tuple(_put(pixels, rays, thing, seconds, closed=scene.width is None) for thing in scene.things)
        noisy = pixels + grain.standard_normal(pixels.shape[1:], np.float32) * np.float32(scene.grain)
        image = (np.clip(noisy, 0, 1) * 255 + 0.5).astype(np.uint8)
        yield Shown(np.ascontiguousarray(image.transpose(1, 2, 0)), boxes)


def stems(scene: Surroundings) -> tuple[list[Wave], Wave]:
    """The dry sounds of the things that sound, in order, and the noise; each mono, float32 (sample,).

    Their sum is the sound of the clip, in [-0.9, 0.9].
    """
    waves = [
        BY_NAME[thing.cast.kind].voice(thing.cast, SAMPLE_RATE_HZ, SECONDS) * thing.cast.gain for thing in scene.heard
    ]
    samples = len(waves[0])
    noise = scene.noise_gain * coloured_noise(np.random.default_rng(scene.noise_seed), samples, SAMPLE_RATE_HZ, 1.0)
    peak = float(np.abs(total([*waves, noise])).max()) * scene.level
    gain = np.float32(scene.level * min(1.0, 0.9 / max(peak, 1e-6)))
    return [np.asarray(wave * gain, np.float32) for wave in waves], np.asarray(noise * gain, np.float32)


def ambisonic(scene: Surroundings) -> Wave:
    """What a listener in the middle hears: AmbiX of first order, float32 (4, sample); the noise comes from nowhere."""
    waves, noise = stems(scene)
    times = np.arange(len(noise)) / SAMPLE_RATE_HZ
    out = np.zeros((4, len(noise)), np.float32)
    out[0] = noise
    for wave, thing in zip(waves, scene.heard, strict=True):
        x, y, z = thing.at(times)
        out += np.stack([wave, wave * y, wave * z, wave * x]).astype(np.float32)
    return out


def scene_table(scene: Surroundings, recordings: list[str]) -> dict[str, Any]:
    """The scene as the table of a file that `limbeck spatial` reads, with the dry sounds in `recordings`."""
    powers = [float(np.mean(np.square(wave))) for wave in stems(scene)[0]]
    return {
        "duration": SECONDS,
        "rate": SAMPLE_RATE_HZ,
        "sources": [
            {
                "words": thing.cast.kind,
                "recording": recording,
                "end": SECONDS,
                "level": round(10 * math.log10(power / powers[0]), 3),
                "repeat": "once",
                "waypoints": [
                    {"time": time, "azimuth": azimuth, "elevation": elevation, "distance": 2.0}
                    for time, azimuth, elevation in zip((0.0, SECONDS), thing.azimuths, thing.elevations, strict=True)
                ],
            }
            for thing, recording, power in zip(scene.heard, recordings, powers, strict=True)
        ],
    }


def truth(scene: Surroundings, boxes: list[tuple[Box | None, ...]], size: int) -> Mapping[str, Any]:
    """What is known of a clip, as JSON: of each thing its class, directions and boxes; and the `scene` itself.

    The `boxes` are of each frame, as `frames` gives them, `size` is the video's height in pixels.
    """
    times = np.arange(FRAMES) / FPS
    things = []
    for number, thing in enumerate(scene.things):
        x, y, z = thing.at(times)
        azimuth, elevation = np.degrees(np.arctan2(y, x)), np.degrees(np.arcsin(np.clip(z, -1, 1)))
        own = [frame[number] for frame in boxes]
        things.append(
            {
                "class": thing.cast.kind,
                "sounds": thing.sounds,
                "seen": thing.seen,
                "azimuth_deg": azimuth.round(4).tolist(),
                "elevation_deg": elevation.round(4).tolist(),
                "boxes_xyxy": [box and [round(edge, 5) for edge in box] for box in own],
                "onsets_s": [onset for onset in thing.cast.onsets_s if 0 <= onset < SECONDS],
            }
        )
    return {
        "version": VERSION,
        "class": scene.things[0].cast.kind,
        "field_of_view_deg": scene.width,
        "fps": FPS,
        "frames": FRAMES,
        "size": size,
        "sample_rate_hz": SAMPLE_RATE_HZ,
        "things": things,
        "scene": scene.to_json(),
    }


def _placed(cast: Cast, rng: np.random.Generator, width: float | None, *, sounds: bool, seen: bool) -> Thing:
    """A thing somewhere: half of them stay there, the others go on by 10 to 70 degrees, as far as the picture shows."""
    if width is None:
        wide, (across, up) = float(rng.uniform(26, 44)), (180.0, 35.0)
    else:
        wide = float(width * rng.uniform(0.17, 0.25))
        lower = math.degrees(math.atan(SHAPE * math.tan(math.radians(width / 2))))
        across, up = width / 2 - 0.7 * wide, max(lower - 0.6 * wide, 0.0)
    moves = float(rng.random() < 0.5)
    if seen or width is None:
        azimuth, elevation = rng.uniform(-across, across), rng.uniform(-up, up)
        turn, climb = moves * rng.choice([-1, 1]) * rng.uniform(10, 70), moves * rng.uniform(-10, 10)
        azimuths = (azimuth, azimuth + turn) if width is None else (azimuth, np.clip(azimuth + turn, -across, across))
        elevations = (elevation, np.clip(elevation + climb, -up, up))
    else:
        azimuths = (rng.choice([-1, 1]) * rng.uniform(width / 2 + 20, 180),) * 2
        elevations = (rng.uniform(-30, 30),) * 2
    first, last = (tuple(round(float(v), 3) for v in ends) for ends in (azimuths, elevations))
    return Thing(cast=cast, azimuths=first, elevations=last, width=wide, sounds=sounds, seen=seen)


def _until_clear(tries: Iterator[Thing], others: list[Thing]) -> Iterator[tuple[float, Thing]]:
    """Things with how clear they are of others that are seen, in degrees, until one is."""
    times = np.linspace(0, SECONDS, 9)
    for thing in tries:
        room = min(
            (
                float(np.degrees(np.arccos(np.clip((thing.at(times) * other.at(times)).sum(0), -1, 1))).min())
                - _CLEAR * (thing.width + other.width)
                for other in others
            ),
            default=0.0,
        )
        yield room, thing
        if room >= 0:
            return


def _background(scene: Surroundings, rays: Pixels) -> Pixels:
    """Two colours that mix in waves of many lengths, without a seam, (3, height, width)."""
    rng = np.random.default_rng(scene.texture_seed)
    mix = np.zeros(rays.shape[1:])
    # A flat picture shows a part of the world, so its waves are shorter.
    closer = 1.0 if scene.width is None else 150 / scene.width
    for _ in range(28):
        axis = rng.standard_normal(3)
        waves = closer * 2 ** rng.uniform(0.5, 5)
        mix += np.sin(waves * np.tensordot(axis / np.linalg.norm(axis), rays, 1) + rng.uniform(0, 2 * np.pi)) / 5
    part = 1 / (1 + np.exp(-1.5 * mix))
    first, second = (np.array(colour)[:, None, None] for colour in scene.colours)
    return np.asarray(first + part * (second - first), np.float32)


def _put(pixels: Pixels, rays: Pixels, thing: Thing, seconds: float, *, closed: bool) -> Box | None:
    """Paint a thing into the picture and say where it is."""
    if not thing.seen:
        return None
    middle = thing.at(seconds)
    left = np.array([-middle[1], middle[0], 0.0]) / np.hypot(*middle[:2])
    ahead = np.tensordot(middle, rays, 1)
    half = math.tan(math.radians(thing.width / 2)) / _FILL
    rows, columns = np.nonzero(ahead > 1 / math.sqrt(1 + 2 * half**2))
    near = rays[:, rows, columns]
    away = ahead[rows, columns] * half
    across, down = -(left @ near) / away, -(np.cross(middle, left) @ near) / away
    at = np.stack([down, across]) * (_SPRITE / 2) + (_SPRITE - 1) / 2
    *colour, alpha = (map_coordinates(plane, at, order=1, cval=0.0) for plane in _sprite(thing.cast, seconds))
    pixels[:, rows, columns] = pixels[:, rows, columns] * (1 - alpha) + np.stack(colour)
    shown = alpha >= _OPAQUE
    if not shown.any():
        return None
    tall, wide = ahead.shape
    rows, columns = rows[shown], columns[shown]
    if closed:  # what crosses the seam is one piece
        own = (0.5 - math.atan2(middle[1], middle[0]) / (2 * math.pi)) * wide
        columns = columns + wide * np.round((own - columns) / wide).astype(int)
    return (
        float(columns.min() / wide),
        float(rows.min() / tall),
        float((columns.max() + 1) / wide),
        float((rows.max() + 1) / tall),
    )


def _sprite(cast: Cast, seconds: float) -> Pixels:
    """A thing alone, (4, side, side): its colours times its opacity, and that."""
    plane = np.zeros((4, _SPRITE, _SPRITE), np.float32)
    canvas = Canvas(plane[:3], opacity=plane[3])
    size = _FILL * (1 + _START * math.exp(-cast.since(seconds) / _START_S))
    BY_NAME[cast.kind].look(Pen(canvas, 0.5, 0.5, size, cast.tilt, float(cast.mirror)), cast, seconds)
    return plane
