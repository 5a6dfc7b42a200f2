"""Where a source is, and when what is heard of it was sounded."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from limbeck.spatial.render.output import Array
from limbeck.spatial.scene import SOUND_SPEED

STEP_S = 1 / 375
"""Seconds in which every source goes as good as straight."""


@dataclass(frozen=True)
class Way:
    """Places by time.

    Attributes:
        at: Seconds to azimuth, elevation (degrees) and distance (m), as the listener sees them.
        delayed: Whether sound takes its time to the listener.
        still: Whether the way leads nowhere.
        farthest: Metres that the source is away at most.
    """

    at: Callable[[Array], tuple[Array, Array, Array]]
    delayed: bool = True
    still: bool = False
    farthest: float = 0.0

    def emitted(self, times: Array) -> Array:
        """When the sound that is heard at some times, in seconds, was sounded: t - distance / c at that time.

        With it comes the exact Doppler shift, 1 / (1 + v / c).
        """
        if not self.delayed:
            return times
        if self.still:
            return np.asarray(times - self.at(times[:1])[2] / SOUND_SPEED)
        # What is sounded later is heard later: sources are slower than sound.
        begin = np.floor((times[0] - self.farthest / SOUND_SPEED) / STEP_S)
        sounded = np.arange(begin, np.ceil(times[-1] / STEP_S) + 1) * STEP_S
        found = np.interp(times, sounded + self.at(sounded)[2] / SOUND_SPEED, sounded)
        return np.asarray(times - self.at(found)[2] / SOUND_SPEED)
