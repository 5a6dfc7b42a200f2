"""The ten classes, in a ring: each looks like one neighbour and sounds like the other.

========  =============  ==============  ============  =============  ===========
 looks     0, 1: long     2, 3: wires     4, 5: over    6, 7: on       8, 9: swung
           board          in a frame      water         wheels         by a stick
========  =============  ==============  ============  =============  ===========
 sounds    1, 2: plucked  3, 4: short     5, 6: engine  7, 8: bursts   9, 0: struck
                          sweeps                        of noise       metal
========  =============  ==============  ============  =============  ===========

So one sense leaves two classes open, mostly, and both together leave one.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from limbeck.playground import _looks as looks
from limbeck.playground import _voices as voices
from limbeck.playground._looks import Look
from limbeck.playground._voices import Voice
from limbeck.playground.cast import MIDDLE_SCALE, Cast

Range = tuple[float, float]


@dataclass(frozen=True)
class Stance:
    """What a pair of look-alikes has in common.

    `setting` draws what they stand in, if anything; `hue` is the middle of their colours, `hues` their standard
    deviation; `y` is where their middle may be, in picture heights from the top, `scale` how large they are; `mirrors`
    are 1, and -1 where left and right may be swapped.
    """

    setting: Look | None
    hue: float
    y: Range = (0.42, 0.6)
    scale: Range = (0.55, 1.0)
    hues: float = 0.13
    mirrors: tuple[int, ...] = (-1, 1)


@dataclass(frozen=True)
class Timbre:
    """What a pair of sound-alikes has in common.

    The pitch is that at `MIDDLE_SCALE` and the middle of the speeds, the jitter a part of the time between onsets.
    """

    pitch_hz: float
    onset_rate_hz: Range
    onset_jitter: float


@dataclass(frozen=True)
class Kind:
    """One class.

    Its `look` draws it, its `voice` gives its sound; its speed, in picture heights a second or the motor's equivalent,
    moves pitch and onset rate, too. One that `crosses` the picture does so to the right at its speed, unless it is
    mirrored; one of -1 to the left. In clips of a `tied` one sound and picture share more numbers, see `stage.tied`;
    in those of one that is `alone` nothing else is heard.
    """

    name: str
    stance: Stance
    timbre: Timbre
    look: Look
    voice: Voice
    speed: Range = (0.0, 0.0)
    crosses: int = 0
    tied: bool = False
    alone: bool = False


_BOARD = Stance(None, hue=0.1)
_FRAME = Stance(None, hue=0.78)
_OVER_WATER = Stance(looks.water, hue=0.0, y=(0.42, 0.52))
_ON_WHEELS = Stance(looks.road, hue=0.33, y=(0.5, 0.62))
_SWUNG = Stance(None, hue=0.55)

_STRUCK = Timbre(760.0, (2.2, 4.2), 0.08)
_PLUCKED = Timbre(230.0, (2.2, 4.2), 0.08)
_SWEPT = Timbre(1900.0, (2.4, 4.6), 0.12)
_FIRING = Timbre(85.0, (3.0, 5.0), 0.1)
_BURSTING = Timbre(1300.0, (3.0, 5.0), 0.06)

_MOTOR: Range = (0.1, 0.4)

KINDS = (
    Kind("metal bar", _BOARD, _STRUCK, looks.metal_bar, voices.metal_bar),
    Kind("zither string", _BOARD, _PLUCKED, looks.zither, voices.zither),
    Kind("harp", _FRAME, _PLUCKED, looks.harp, voices.harp),
    Kind("caged bird", _FRAME, _SWEPT, looks.caged_bird, voices.bird),
    Kind("dripping tap", _OVER_WATER, _SWEPT, looks.dripping_tap, voices.drip),
    Kind("outboard motor", _OVER_WATER, _FIRING, looks.outboard_motor, voices.outboard, _MOTOR),
    Kind("toy car", _ON_WHEELS, _FIRING, looks.toy_car, voices.car, _MOTOR, crosses=1),
    Kind("steam train", _ON_WHEELS, _BURSTING, looks.steam_train, voices.steam, _MOTOR, crosses=1),
    Kind("maraca", _SWUNG, _BURSTING, looks.maraca, voices.maraca),
    Kind("hand bell", _SWUNG, _STRUCK, looks.hand_bell, voices.hand_bell),
)
"""The classes in label order."""

TIED = tuple(replace(kind, tied=True) for kind in KINDS)
"""The same, for finding the very clip."""

SOLOS = tuple(replace(kind, alone=True) for kind in KINDS[::2])
"""Every second one, no two of which look or sound alike, each heard alone: for taking sounds apart."""


def draw_cast(kind: Kind, rng: np.random.Generator, clip_s: float) -> Cast:
    """One thing of a `kind`, its numbers drawn from `rng`; its onsets fill `clip_s` seconds.

    Pitch follows size and speed up to about three per cent.
    """
    stance, timbre = kind.stance, kind.timbre
    smallest, largest = stance.scale
    scale = float(smallest * (largest / smallest) ** rng.random())
    speed = float(rng.uniform(*kind.speed))
    pace = (speed / (sum(kind.speed) / 2)) ** 0.4 if speed else 1.0
    size = (MIDDLE_SCALE / scale) ** 1.5
    rate_hz = float(rng.uniform(*timbre.onset_rate_hz)) * pace
    return Cast(
        kind=kind.name,
        seed=int(rng.integers(2**31)),
        x=float(rng.uniform(0.33, 0.67)),
        y=float(rng.uniform(*stance.y)),
        scale=scale,
        mirror=int(rng.choice(stance.mirrors)),
        tilt=float(rng.normal(0.0, 0.06)),
        hue=float((stance.hue + rng.normal(0.0, stance.hues)) % 1.0),
        saturation=float(rng.uniform(0.3, 0.85)),
        value=float(rng.uniform(0.5, 0.9)),
        detail=float(rng.random()),
        pitch_hz=float(timbre.pitch_hz * size * pace * np.exp(rng.normal(0.0, 0.03))),
        brightness=float(np.exp(rng.normal(0.0, 0.25))),
        decay=float(np.exp(rng.normal(0.0, 0.25))),
        speed=speed,
        gain=1.0,
        onsets_s=_onsets(rng, rate_hz, clip_s, timbre.onset_jitter),
    )


def _onsets(rng: np.random.Generator, rate_hz: float, clip_s: float, jitter: float) -> tuple[float, ...]:
    """Onsets over the clip and a little beyond, each late or early by the jitter, a part of the step below 0.3."""
    step = 1.0 / rate_hz
    count = math.ceil((clip_s + 3 * step) / step) + 2
    steps = step * np.clip(1.0 + jitter * rng.standard_normal(count), 0.4, 1.6)
    at = -2.0 * step + step * rng.random() + np.concatenate([[0.0], np.cumsum(steps)])
    return tuple(round(float(a), 5) for a in at)
