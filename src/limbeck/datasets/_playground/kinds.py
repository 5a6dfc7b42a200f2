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

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from limbeck.datasets._playground import looks, voices
from limbeck.datasets._playground.cast import MIDDLE_SCALE, Cast, onset_grid
from limbeck.datasets._playground.looks import Look
from limbeck.datasets._playground.voices import Voice

Range = tuple[float, float]


@dataclass(frozen=True)
class Kind:
    """One class: how it looks, where it is, how it sounds, and within which bounds its numbers vary.

    Attributes:
        name: Class name, plain English.
        look: Draws the thing.
        setting: Draws what it stands in.
        voice: Synthesises its sound.
        pitch_hz: At `MIDDLE_SCALE` and the middle of `speed`.
        onset_rate_hz: Onsets a second; for what travels, it follows the speed.
        onset_jitter: Of a step, as a part of it.
        hue: Middle of its colours.
        scale: Size in picture heights.
        x: Where its middle may be at the clip's middle.
        y: Likewise.
        speed: Picture heights a second, or the motor's equivalent; pitch and onset rate follow it.
        travels: Whether it crosses the picture at that speed.
    """

    name: str
    look: Look
    setting: Look
    voice: Voice
    pitch_hz: float
    onset_rate_hz: Range
    onset_jitter: float
    hue: float
    scale: Range = (0.55, 1.0)
    x: Range = (0.36, 0.64)
    y: Range = (0.42, 0.6)
    speed: Range = (0.0, 0.0)
    travels: bool = False


_MOTORS: Range = (0.1, 0.4)

KINDS = (
    Kind("metal bar", looks.metal_bar, looks.nothing, voices.metal_bar, 760.0, (2.2, 4.2), 0.08, hue=0.10),
    Kind("zither string", looks.zither, looks.nothing, voices.zither, 230.0, (2.2, 4.2), 0.08, hue=0.10),
    Kind("harp", looks.harp, looks.nothing, voices.harp, 230.0, (2.2, 4.2), 0.08, hue=0.78),
    Kind("caged bird", looks.caged_bird, looks.nothing, voices.bird, 1900.0, (2.4, 4.6), 0.12, hue=0.78),
    Kind("dripping tap", looks.dripping_tap, looks.water, voices.drip, 1900.0, (2.4, 4.6), 0.12, 0.0, y=(0.42, 0.52)),
    Kind(
        "outboard motor", looks.outboard_motor, looks.water, voices.outboard, 85.0, (3.0, 5.0), 0.1, 0.0,
        y=(0.42, 0.52), speed=_MOTORS,
    ),
    Kind("toy car", looks.toy_car, looks.road, voices.car, 85.0, (3.0, 5.0), 0.1, 0.33, y=(0.5, 0.62), speed=_MOTORS, travels=True),
    Kind("steam train", looks.steam_train, looks.road, voices.steam, 1300.0, (3.0, 5.0), 0.06, 0.33, y=(0.5, 0.62), speed=_MOTORS, travels=True),
    Kind("maraca", looks.maraca, looks.nothing, voices.maraca, 1300.0, (3.0, 5.0), 0.06, hue=0.55),
    Kind("hand bell", looks.hand_bell, looks.nothing, voices.hand_bell, 760.0, (2.2, 4.2), 0.08, hue=0.55),
)  # fmt: skip
"""The classes in label order."""

BY_NAME = {kind.name: kind for kind in KINDS}

_SIZE_EXPONENT = 1.5
_SPEED_EXPONENT = 0.4


def draw_cast(kind: Kind, rng: np.random.Generator, clip_s: float) -> Cast:
    """One thing of a kind, its numbers drawn; pitch falls with size (and rises with speed) up to three per cent.

    Args:
        kind: Its class.
        rng: Where the numbers come from.
        clip_s: Length of the clip, for the onsets.
    """
    low, high = kind.scale
    scale = float(low * (high / low) ** rng.random())
    speed = float(rng.uniform(*kind.speed))
    pace = (speed / np.mean(kind.speed)) ** _SPEED_EXPONENT if speed else 1.0
    size = (MIDDLE_SCALE / scale) ** _SIZE_EXPONENT
    return Cast(
        kind=kind.name,
        seed=int(rng.integers(2**31)),
        x=float(rng.uniform(*kind.x)),
        y=float(rng.uniform(*kind.y)),
        scale=scale,
        mirror=int(rng.choice([-1, 1])),
        tilt=float(rng.normal(0.0, 0.06)),
        hue=float((kind.hue + rng.normal(0.0, 0.09)) % 1.0),
        saturation=float(rng.uniform(0.3, 0.85)),
        value=float(rng.uniform(0.5, 0.9)),
        detail=float(rng.random()),
        pitch_hz=float(kind.pitch_hz * size * pace * np.exp(rng.normal(0.0, 0.03))),
        brightness=float(np.exp(rng.normal(0.0, 0.25))),
        decay=float(np.exp(rng.normal(0.0, 0.25))),
        speed=speed,
        gain=1.0,
        onsets_s=onset_grid(rng, float(rng.uniform(*kind.onset_rate_hz)) * pace, clip_s, kind.onset_jitter),
    )
