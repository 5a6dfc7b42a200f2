"""One clip: a thing, what stands and sounds around it, the camera; and from these its frames, sounds and truth."""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from limbeck._config import Config
from limbeck.playground._canvas import Box, Canvas, Colour, Pen, Pixels, hsv
from limbeck.playground._voices import Wave, coloured_noise, total
from limbeck.playground.cast import CLIP_S, FPS, FRAMES, Cast
from limbeck.playground.kinds import KINDS, Kind, draw_cast
from limbeck.playground.motion import MOTIONS

VERSION = 1
"""Raised whenever the same numbers would give another clip; older files are then made again."""

SAMPLE_RATE_HZ = 22050
FIELD_OF_VIEW_DEG = 90.0
BY_NAME = {kind.name: kind for kind in (*KINDS, *MOTIONS)}


class Backdrop(Config):
    """What is behind everything: two colours (RGB in [0, 1]) across each other, and blotches.

    The `angle` of the way from the first to the second is in radians; `blotches` is their standard deviation.
    """

    first: Colour
    second: Colour
    angle: float
    blotches: float = Field(ge=0)
    seed: int = Field(ge=0)


class Prop(Config):
    """A silent thing that stands or drifts about; what is in `front` may hide a part of the main thing.

    Two `sides` mean a disc. Its place at the clip's middle (from the upper left), its `size` (a radius) and its `drift`
    (to the right, a second) are in picture heights, its `angle` in radians, its `colour` RGB in [0, 1].
    """

    sides: int = Field(ge=2, le=8)
    x: float
    y: float
    size: float = Field(gt=0)
    angle: float
    drift: float
    colour: Colour
    front: bool


class Camera(Config):
    """How the picture is taken.

    `exposure` is a factor on all colours, `tint` are those on red, green and blue; `vignette` is the part of the light
    that is lost in the corners, `grain` the standard deviation of each frame's noise.
    """

    exposure: float = Field(gt=0)
    tint: Colour
    vignette: float = Field(ge=0, le=1)
    grain: float = Field(ge=0)
    seed: int = Field(ge=0)


class Scene(Config):
    """Everything a clip is made from.

    Attributes:
        main: The thing the clip is about.
        other: A thing that sounds out of the picture, from `other_azimuth_deg`; or None.
        props: Silent things, from back to front among their own.
        noise_gain: Level of the steady noise, the main thing being 1.
        noise_slope: Of its spectrum: 0 white, 2 brown.
        level: Root mean square of the main sound in the mixture.
    """

    main: Cast
    other: Cast | None
    other_azimuth_deg: float
    props: tuple[Prop, ...]
    backdrop: Backdrop
    camera: Camera
    noise_gain: float = Field(ge=0)
    noise_slope: float
    noise_seed: int = Field(ge=0)
    level: float = Field(gt=0)


def draw_scene(kind: Kind, seed: int) -> Scene:
    """A scene about a thing of `kind`, one of `KINDS`, all numbers drawn from `seed` >= 0.

    Example:
        >>> draw_scene(KINDS[0], 1) == draw_scene(KINDS[0], 1) != draw_scene(KINDS[0], 2)
        True
    """
    thing, around, lens = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(3))
    other = None
    if around.random() < 0.6:
        cast = draw_cast(KINDS[int(around.integers(len(KINDS)))], around, CLIP_S)
        other = cast.model_copy(update={"gain": _from_db(around.uniform(-16.0, -2.0))})
    scene = Scene(
        main=draw_cast(kind, thing, CLIP_S),
        other=other,
        other_azimuth_deg=float(around.choice([-1, 1]) * around.uniform(50, 85)),
        props=tuple(
            Prop(
                sides=int(around.choice([2, 3, 4, 4, 5])),
                x=float(around.uniform(0.0, 1.0)),
                y=float(around.uniform(0.1, 0.95)),
                size=float(around.uniform(0.05, 0.15)),
                angle=float(around.uniform(0, 2 * math.pi)),
                drift=float(around.uniform(-0.15, 0.15)),
                colour=_colour(around, (0.2, 0.9), (0.3, 0.95)),
                front=bool(around.random() < 0.3),
            )
            for _ in range(int(around.integers(0, 5)))
        ),
        backdrop=Backdrop(
            first=_colour(around, (0.05, 0.4), (0.35, 0.9)),
            second=_colour(around, (0.05, 0.4), (0.35, 0.9)),
            angle=float(around.uniform(0, 2 * math.pi)),
            blotches=float(around.uniform(0.0, 0.06)),
            seed=int(around.integers(2**31)),
        ),
        camera=Camera(
            exposure=float(lens.uniform(0.75, 1.2)),
            tint=tuple(float(v) for v in lens.uniform(0.9, 1.1, 3)),
            vignette=float(lens.uniform(0.0, 0.35)),
            grain=float(lens.uniform(0.005, 0.03)),
            seed=int(lens.integers(2**31)),
        ),
        noise_gain=_from_db(around.uniform(-34.0, -8.0)),
        noise_slope=float(around.uniform(0.0, 2.0)),
        noise_seed=int(around.integers(2**31)),
        level=_from_db(around.uniform(-30.0, -16.0)),
    )
    if kind.alone:
        scene = scene.model_copy(update={"other": None, "noise_gain": 0.0})
    return tied(scene, *around.random(2)) if kind.tied else scene


def tied(scene: Scene, light: float, hue: float) -> Scene:
    """A scene whose sound and picture share two numbers in [0, 1], beside what its thing's do.

    The more `light`, the louder and the brighter: the level goes from -40 to -10 dB (less where peaks would clip), the
    exposure from 0.3 to 1.2. The `hue` of what is behind goes from red to blue as the slope of the noise goes from
    white to brown; noise is 14 dB below the thing. Nothing else sounds, and no silent thing stands about.
    """
    behind = scene.backdrop.model_copy(update={"first": hsv(0.66 * hue, 0.8, 0.8), "second": hsv(0.66 * hue, 0.8, 0.5)})
    return scene.model_copy(
        update={
            "other": None,
            "props": (),
            "backdrop": behind,
            "camera": scene.camera.model_copy(update={"exposure": 0.3 + 0.9 * light}),
            "noise_gain": _from_db(-14.0),
            "noise_slope": 2.0 * hue,
            "level": _from_db(-40.0 + 30.0 * light),
        }
    )


def frames(scene: Scene, size: int) -> Iterator[tuple[npt.NDArray[np.uint8], Box]]:
    """The frames of a `scene`, RGB uint8 (`size`, `size`, 3), and for each the box of the main thing.

    That is (x0, y0, x1, y1) in picture heights, cut to the picture.
    """
    kind, cast, camera = BY_NAME[scene.main.kind], scene.main, scene.camera
    line = np.asarray((np.arange(size) + 0.5) / size, np.float32)
    x, y = line[None, :], line[:, None]
    behind = _backdrop(scene.backdrop, x, y)
    fall = 1.0 - camera.vignette * 2.0 * ((x - 0.5) ** 2 + (y - 0.5) ** 2)
    light = np.asarray(camera.exposure * fall * np.array(camera.tint, np.float32)[:, None, None], np.float32)
    grain = np.random.default_rng(camera.seed)
    for i in range(FRAMES):
        t = i / FPS
        canvas = Canvas(behind.copy())
        whole = Pen(canvas, 0.0, 0.0)
        if kind.stance.setting:
            kind.stance.setting(whole, cast, t)
        _draw(whole, (prop for prop in scene.props if not prop.front), t)
        canvas.touched = None
        kind.look(Pen(canvas, cast.x, cast.y, cast.scale, cast.tilt, cast.mirror), cast, t)
        box = canvas.touched or (cast.x, cast.y, cast.x, cast.y)
        _draw(whole, (prop for prop in scene.props if prop.front), t)
        noise = grain.standard_normal((1, size, size), np.float32) * np.float32(camera.grain)
        picture = np.clip(canvas.pixels * light + noise, 0.0, 1.0)
        image = np.ascontiguousarray((picture * 255.0 + 0.5).astype(np.uint8).transpose(1, 2, 0))
        x0, y0, x1, y1 = (min(max(v, 0.0), 1.0) for v in box)
        yield image, (x0, y0, x1, y1)


def azimuths(scene: Scene, times: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Azimuth in degrees of a scene's main thing: 0 ahead, positive to the right, the picture spanning -45 to 45.

    The `times` are in seconds from the beginning of the clip of the `scene`.
    """
    cast = scene.main
    travelled = BY_NAME[cast.kind].crosses * cast.mirror * cast.speed * (times - CLIP_S / 2)
    return np.asarray(np.clip((cast.x + travelled - 0.5) * FIELD_OF_VIEW_DEG, -90.0, 90.0), np.float64)


def sources(scene: Scene) -> dict[str, Wave]:
    """The sounds of a clip apart: ``"main"``, ``"other"`` (where there is one) and ``"noise"``.

    Each is float32, (2, sample), left and right, panned at constant power, at its level in the mixture;
    `mixture` is their sum.
    """
    samples = round(CLIP_S * SAMPLE_RATE_HZ)
    placed = {"main": (scene.main, azimuths(scene, np.arange(samples) / SAMPLE_RATE_HZ))}
    if scene.other is not None:
        placed["other"] = scene.other, np.full(samples, scene.other_azimuth_deg)
    apart = {}
    for name, (cast, azimuth_deg) in placed.items():
        wave = BY_NAME[cast.kind].voice(cast, SAMPLE_RATE_HZ, CLIP_S)
        angle = (azimuth_deg / 90.0 + 1.0) * (math.pi / 4)
        apart[name] = np.stack([wave * np.cos(angle), wave * np.sin(angle)]).astype(np.float32) * cast.gain
    rng = np.random.default_rng(scene.noise_seed)
    sides = [coloured_noise(rng, samples, SAMPLE_RATE_HZ, scene.noise_slope) for _ in range(2)]
    apart["noise"] = np.stack(sides) * np.float32(scene.noise_gain * math.sqrt(0.5))
    peak = float(np.abs(total(apart.values())).max()) * scene.level
    gain = np.float32(scene.level * min(1.0, 0.9 / max(peak, 1e-6)))
    return {name: np.asarray(wave * gain, np.float32) for name, wave in apart.items()}


def mixture(scene: Scene) -> Wave:
    """The sound of a clip: float32, (2, sample), in [-0.9, 0.9]."""
    return total(sources(scene).values())


def truth(scene: Scene, boxes: Sequence[Box], size: int) -> dict[str, Any]:
    """What is known of a clip, as JSON: class, boxes, onsets in seconds, azimuths in degrees, and the `scene` itself.

    The `boxes` are as `frames` gives them, `size` the video's height and width in pixels.
    """
    other = scene.other and {
        "class": scene.other.kind,
        "azimuth_deg": scene.other_azimuth_deg,
        "onsets_s": _within(scene.other),
    }
    return {
        "version": VERSION,
        "class": scene.main.kind,
        "fps": FPS,
        "frames": FRAMES,
        "size": size,
        "sample_rate_hz": SAMPLE_RATE_HZ,
        "onsets_s": _within(scene.main),
        "azimuth_deg": [round(float(a), 3) for a in azimuths(scene, np.arange(FRAMES) / FPS)],
        "boxes_xyxy": [[round(v, 5) for v in box] for box in boxes],
        "other": other,
        "scene": scene.to_json(),
    }


def _within(cast: Cast) -> list[float]:
    return [o for o in cast.onsets_s if 0.0 <= o < CLIP_S]


def _from_db(level_db: float) -> float:
    return float(10.0 ** (level_db / 20.0))


def _colour(rng: np.random.Generator, saturation: tuple[float, float], value: tuple[float, float]) -> Colour:
    return hsv(float(rng.random()), float(rng.uniform(*saturation)), float(rng.uniform(*value)))


def _draw(pen: Pen, props: Iterable[Prop], t: float) -> None:
    for prop in props:
        here = pen.at(prop.x + prop.drift * (t - CLIP_S / 2), prop.y, prop.angle)
        if prop.sides == 2:
            here.ellipse(0.0, 0.0, prop.size, prop.size, prop.colour)
        else:
            turns = [2 * math.pi * k / prop.sides for k in range(prop.sides)]
            here.polygon([(prop.size * math.cos(a), prop.size * math.sin(a)) for a in turns], prop.colour)


def _backdrop(backdrop: Backdrop, x: Pixels, y: Pixels) -> Pixels:
    along = (x - 0.5) * math.cos(backdrop.angle) + (y - 0.5) * math.sin(backdrop.angle) + 0.5
    first, second = (np.array(c, np.float32)[:, None, None] for c in (backdrop.first, backdrop.second))
    rng = np.random.default_rng(backdrop.seed)
    blotches = np.zeros(np.broadcast_shapes(x.shape, y.shape), np.float32)
    for waves in (2, 3, 5, 8):
        a, b, p, q = rng.uniform(-1, 1, 4)
        turn = 2 * np.pi * waves
        blotches += np.sin(turn * (a * x + b * y) + 9 * p) * np.sin(turn * (b * x - a * y) + 9 * q)
    return np.asarray(first + np.clip(along, 0, 1) * (second - first) + backdrop.blotches * blotches, np.float32)
