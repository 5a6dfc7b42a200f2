"""A source on its way: when what is heard was sounded, from where, how loud, by each channel."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from limbeck.spatial.render import _kernels
from limbeck.spatial.render._air import TAPS as AIR_TAPS
from limbeck.spatial.render._air import air
from limbeck.spatial.render._way import Way
from limbeck.spatial.render.output import Array, Output
from limbeck.spatial.render.stems import Stem

STEP = 128
"""Samples from one known place of a source to the next; between them all goes in straight lines."""
EDGE_S = 0.005
"""A source rises and falls so long at its start and end, so that it does not click."""

Sound = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Track:
    """A sound and where it is.

    Attributes:
        stem: What sounds.
        way: Where it is.
        start: Second at which it begins.
        end: Second at which it ends.
        shift: Samples of the stem that are skipped.
    """

    stem: Stem
    way: Way
    start: float
    end: float
    shift: int = 0

    def sounds_between(self, first: float, last: float) -> bool:
        """Whether any of it may be heard between two seconds."""
        heard = self.way.emitted(np.array([first, last + 0.1]))
        return bool(heard[1] >= self.start and heard[0] <= self.end + 0.1)

    def raw(self, places: Array, rate: int) -> Sound:
        """The stem, read at seconds of emission, every `STEP` samples, with its gain and edges, (n,)."""
        at = (places - self.start) * rate
        length = (self.end - self.start) * rate
        out = np.zeros(STEP * (len(at) - 1), np.float32)
        if at.max() < 0 or at.min() > length:
            return out
        half = _kernels.TAPS // 2
        first = int(np.floor(at.min())) - half
        samples = self.stem.take(first + self.shift, int(np.ceil(at.max())) + half + 1 + self.shift)
        _kernels.read(out, samples, first, at, STEP, _kernels.SINC)
        if at.min() < EDGE_S * rate or at.max() > length - EDGE_S * rate:
            begin, slope = at[:-1, None], np.diff(at)[:, None] / STEP
            place = (begin + slope * np.arange(STEP)).ravel()
            edge = EDGE_S * rate
            out *= np.clip(np.minimum(place, length - place) / edge, 0, 1).astype(np.float32)
        out *= np.float32(self.stem.gain)
        return out


def add(out: Sound, track: Track, output: Output, first: int, rate: int, *, absorbing: bool) -> None:
    """Add what is heard of a track straight from where it is.

    Args:
        out: (channel, n), n a multiple of `STEP`; added to.
        track: The source.
        output: What the channels are.
        first: Number of the first sample in the scene, a multiple of `STEP`.
        rate: Samples a second, in Hz.
        absorbing: Whether the air swallows high frequencies on the way.
    """
    if not track.sounds_between(first / rate, (first + out.shape[1]) / rate):
        return
    taps = output.response(np.zeros(1), np.zeros(1), rate).filters.shape[-1]
    extra = AIR_TAPS - 1 if absorbing else 0
    before = -(-(taps - 1 + extra) // STEP)
    grid = np.arange(-before, out.shape[1] // STEP + 1) * STEP
    times = (first + grid) / rate
    sounded = track.way.emitted(times)
    azimuth, elevation, distance = track.way.at(sounded[:1] if track.way.still else sounded)
    response = output.response(azimuth, elevation, rate)
    filters = (response.filters / distance[:, None, None]).astype(np.float32)[..., ::-1]
    delays = np.broadcast_to(response.delays, (len(response.delays), len(grid)))
    filters = np.broadcast_to(filters, (len(grid), *filters.shape[1:]))[before:]
    # Filters of the air are symmetric: they are read half their length ahead, and so delay nothing.
    ahead = extra / 2 / rate
    ears = np.stack([track.raw(sounded - delay + ahead, rate) for delay in delays])
    if absorbing:
        swallowed = np.broadcast_to(air(distance, rate), (len(grid), 1, AIR_TAPS))
        bare, ears = np.pad(ears, ((0, 0), (extra, 0))), np.zeros_like(ears)
        for ear in range(len(ears)):
            _kernels.filtered(ears[ear : ear + 1], bare[ear : ear + 1], np.ascontiguousarray(swallowed), STEP)
    heard = np.ascontiguousarray(ears[:, before * STEP - (taps - 1) :])
    _kernels.filtered(out, heard, np.ascontiguousarray(filters), STEP)
