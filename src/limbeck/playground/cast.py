"""What one thing in a clip is like and how it moves: the numbers that its picture and its sound share."""

import math

import numpy as np
from pydantic import Field

from limbeck._config import Config

FPS = 15
FRAMES = 27
CLIP_S = FRAMES / FPS
MIDDLE_SCALE = 0.74
"""Size at which a thing sounds at its kind's reference pitch."""


class Cast(Config):
    """One thing. Its picture and its sound are functions of these numbers and of time alone.

    Attributes:
        kind: Class name.
        seed: Of the noise in its sound and of small details of its look.
        x: Where its middle is at the clip's middle, in picture heights from the left.
        y: Likewise from the top.
        scale: Its size in picture heights; the bigger, the lower it sounds.
        mirror: 1, or -1 where left and right are swapped.
        tilt: Turn in radians.
        hue: Of its body, goes round at 1; with it come saturation and value.
        detail: 0 to 1; how its small marks are drawn.
        pitch_hz: Of its main partial, chirp, noise band or firing rate at the clip's middle.
        brightness: 0.5 to 2, about 1; weight of its high partials.
        decay: 0.5 to 2, about 1; how long it rings.
        speed: Of travel or of the motor, in picture heights a second.
        gain: Relative loudness, 1 for the main thing.
        onsets_s: Moments of contact, plucks, chirps, drops or puffs, ascending; a few lie outside of the
            clip so that what swings is in motion at its ends.
    """

    kind: str
    seed: int = Field(ge=0)
    x: float
    y: float
    scale: float = Field(gt=0)
    mirror: int = Field(ge=-1, le=1)
    tilt: float
    hue: float
    saturation: float
    value: float
    detail: float = Field(ge=0, le=1)
    pitch_hz: float = Field(gt=0)
    brightness: float = Field(gt=0)
    decay: float = Field(gt=0)
    speed: float = Field(ge=0)
    gain: float = Field(ge=0)
    onsets_s: tuple[float, ...]

    def phase(self, t: float) -> float:
        """Number of onsets so far, with the fraction of the way to the next one.

        Example:
            >>> cast = Cast(kind="x", seed=0, x=0, y=0, scale=1, mirror=1, tilt=0, hue=0, saturation=0, value=0,
            ...     detail=0, pitch_hz=1, brightness=1, decay=1, speed=0, gain=1, onsets_s=(0.0, 1.0, 1.5))
            >>> cast.phase(1.25)
            1.5
        """
        return float(np.interp(t, self.onsets_s, np.arange(len(self.onsets_s))))

    def since(self, t: float) -> float:
        """Seconds since the last onset; a large number before the first."""
        last = int(np.searchsorted(self.onsets_s, t, side="right")) - 1
        return t - self.onsets_s[last] if last >= 0 else 1e3

    def travel(self, t: float) -> float:
        """How far it has gone at second `t` since the clip's middle, in its own lengths; < 0 before."""
        return self.speed * (t - CLIP_S / 2) / self.scale

    def wobble(self, t: float, rate_hz: float) -> float:
        """A visible vibration of `rate_hz` at second `t` of the clip: a sine of its own phase, -1 to 1."""
        return math.sin(2 * math.pi * (rate_hz * t + self.detail))
