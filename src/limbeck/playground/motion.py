"""Eight classes that differ in how one thing moves and in nothing else, four pairs of opposite senses (`MOTIONS`).

========================  ======================================  =======================================
 pair                      picture                                 sound, the same hum for all
========================  ======================================  =======================================
 moves left, right         crosses the picture                     goes from one side to the other: in
                                                                   stereo alone, and not in a log-mel
 approaches, recedes       grows or shrinks                        grows louder or fainter
 rises, falls              goes up or down                         its pitch goes up or down
 turns clockwise,          turns in place                          beats ever faster, as what is wound up,
 counterclockwise                                                  or ever slower, as what runs down
========================  ======================================  =======================================

All that a thing is at the clip's middle, its place, size, angle, colour and pitch, is drawn alike for all classes. So
one frame tells nothing: chance is one in eight. A film that is played backwards is of the other class of its pair, so
that frames out of order tell the pair at best: one in two is right by chance. A log-mel of one channel tells six
classes, and of the pair that crosses the picture one in two.
"""

import math
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from limbeck.playground._canvas import Pen, hsv
from limbeck.playground._voices import Wave, coloured_noise
from limbeck.playground.cast import CLIP_S, Cast
from limbeck.playground.kinds import Kind, Range, Stance, Timbre

_SPEED: Range = (0.4, 0.65)
_ANYWHERE = Stance(None, hue=0.0, y=(0.38, 0.62), scale=(0.26, 0.42), hues=0.5, mirrors=(1,))
_HUM = Timbre(240.0, (4.0, 6.0), 0.0)
_TRAVEL, _GROWTH, _TURN = 1.0, 2.0, 6.0
"""Picture heights, e-foldings of the size and radians for each unit of speed."""
_LOUDER, _HIGHER, _FASTER = 2.6, 1.6, 2.0
"""E-foldings of the amplitude, octaves of the pitch and of the beat for each unit of speed."""


@dataclass(frozen=True)
class Sense:
    """Which way a thing moves, in signs: to the right, downwards, nearer, clockwise; one of them is not 0."""

    right: int = 0
    down: int = 0
    nearer: int = 0
    clockwise: int = 0


def _look(pen: Pen, cast: Cast, t: float, *, sense: Sense) -> None:
    """A body with marks, no side of which is its front."""
    gone = cast.speed * (t - CLIP_S / 2)
    pen = replace(
        pen,
        x=pen.x + _TRAVEL * gone * sense.right,
        y=pen.y + _TRAVEL * gone * sense.down,
        scale=pen.scale * math.exp(_GROWTH * gone * sense.nearer),
        angle=2 * math.pi * cast.detail + _TURN * gone * sense.clockwise,
    )
    body, mark = hsv(cast.hue, cast.saturation, cast.value), hsv(cast.hue + 0.5, 0.7, 0.95 - 0.5 * cast.value)
    corners = 3 + cast.seed % 4
    if corners == 6:
        pen.ellipse(0.0, 0.0, 0.5, 0.5, body)
    else:
        turns = [2 * math.pi * k / corners for k in range(corners)]
        pen.polygon([(0.55 * math.cos(a), 0.55 * math.sin(a)) for a in turns], body)
    pen.line((0.0, 0.0), (0.34, 0.0), 0.14, mark)
    pen.ellipse(-0.12, 0.16, 0.08, 0.08, mark, outline=False)


def _voice(cast: Cast, sample_rate_hz: int, clip_s: float, *, sense: Sense) -> Wave:
    """A beating hum and a little noise, which move as the thing does. Up is higher."""
    rng = np.random.default_rng(cast.seed)
    samples = round(clip_s * sample_rate_hz)
    t = np.arange(samples) / sample_rate_hz
    gone = cast.speed * (t - clip_s / 2)
    beat_hz = (len(cast.onsets_s) / clip_s) * 2.0 ** (_FASTER * gone * sense.clockwise)
    pitch_hz = cast.pitch_hz * 2.0 ** (-_HIGHER * gone * sense.down)
    angle = 2 * np.pi * np.cumsum(pitch_hz) / sample_rate_hz
    hum = sum(np.sin(n * angle + rng.uniform(0, 2 * np.pi)) * n ** (-1.2 / cast.brightness) for n in range(1, 9))
    hum = hum + 0.15 * coloured_noise(rng, samples, sample_rate_hz, 1.0)
    beat = 0.35 + 0.65 * np.sin(np.pi * (np.cumsum(beat_hz) / sample_rate_hz + rng.random())) ** 2
    wave = hum * beat * np.exp(_LOUDER * gone * sense.nearer)
    return np.asarray(wave / math.sqrt(float(np.mean(wave**2))), np.float32)


def _motion(name: str, sense: Sense) -> Kind:
    look, voice = partial(_look, sense=sense), partial(_voice, sense=sense)
    return Kind(name, _ANYWHERE, _HUM, look, voice, _SPEED, crosses=sense.right)


MOTIONS = (
    _motion("moves left", Sense(right=-1)),
    _motion("moves right", Sense(right=1)),
    _motion("approaches", Sense(nearer=1)),
    _motion("recedes", Sense(nearer=-1)),
    _motion("rises", Sense(down=-1)),
    _motion("falls", Sense(down=1)),
    _motion("turns clockwise", Sense(clockwise=1)),
    _motion("turns counterclockwise", Sense(clockwise=-1)),
)
"""The classes in label order; neighbours at 0 and 1, 2 and 3 and so on are one another backwards."""
