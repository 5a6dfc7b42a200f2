"""What the walls of a room send back: image sources by pyroomacoustics, each heard from its own direction."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from limbeck.errors import package
from limbeck.spatial import directions
from limbeck.spatial.render import _kernels
from limbeck.spatial.render._track import STEP, Track
from limbeck.spatial.render.output import Output
from limbeck.spatial.scene import SOUND_SPEED, Room, cartesian

Sound = npt.NDArray[np.float32]

HOP = 96 * STEP
"""Samples from one place of a source to the next, for which a response is made; sound between them hears both."""
MOST_ORDER = 15
"""Reflections that are followed one by one; what comes after them is noise as loud as theory has it."""
LONGEST_S = 20.0
"""Sound that echoes for longer is cut off, in rooms that swallow nearly nothing."""
_CORNERS = np.array([(a, e) for a in (45.0, 135.0, -135.0, -45.0) for e in (35.264, -35.264)]).T
_BIN_S = 0.02

LOWEST_HZ = 20.0


@dataclass
class Reverb:
    """The echoes of a source, added block after block.

    Attributes:
        track: The source.
        output: What the channels are.
        room: The room.
        height: Metres of the ears above the floor.
        yaw: Degrees the head is turned to the left.
        rate: Samples a second, in Hz.
    """

    track: Track
    output: Output
    room: Room
    height: float
    yaw: float
    rate: int
    _done: int = 0
    _ahead: Sound | None = field(default=None, repr=False)
    _noise: Sound | None = field(default=None, repr=False)

    def add(self, out: Sound) -> None:
        """Add the echoes in the next samples, as many as there are in `out`, (channel, n)."""
        from scipy.signal import fftconvolve

        count = out.shape[1]
        ahead = np.zeros((len(out), count), np.float32) if self._ahead is None else self._ahead
        begin = self._done
        # The first one falls while the scene begins.
        for hop in range(-(-begin // HOP) - (begin == 0), -(-(begin + count) // HOP)):
            dry = self._sounded(hop)
            if not dry.any():
                continue
            middle = np.array([(hop + 1) * HOP / self.rate])
            azimuth, elevation, distance = (float(v[0]) for v in self.track.way.at(middle))
            response = self._response(round(azimuth, 3), round(elevation, 3), round(distance, 4))
            wet = fftconvolve(dry[None], response, axes=1)[:, max(0, begin - hop * HOP) :].astype(np.float32)
            at = max(0, hop * HOP - begin)
            ahead = np.pad(ahead, ((0, 0), (0, max(0, at + wet.shape[1] - ahead.shape[1]))))
            ahead[:, at : at + wet.shape[1]] += wet
        ahead = np.pad(ahead, ((0, 0), (0, max(0, count - ahead.shape[1]))))
        out += ahead[:, :count]
        self._ahead, self._done = ahead[:, count:], begin + count

    def _sounded(self, hop: int) -> Sound:
        """The sound that is sounded in a hop and the next one, rising and falling, so that all hops add up to it."""
        grid = (hop * HOP + np.arange(2 * HOP // STEP + 1) * STEP) / self.rate
        rise = np.sin(np.linspace(0, np.pi / 2, HOP, endpoint=False, dtype=np.float32)) ** 2
        return np.asarray(self.track.raw(grid, self.rate) * np.concatenate([rise, 1 - rise]))

    def _response(self, azimuth: float, elevation: float, distance: float) -> Sound:
        """The impulse response of the echoes from a place, (channel, sample)."""
        from scipy.signal import butter, sosfilt

        place = (azimuth + self.yaw, elevation, distance)
        echoes, gains = _echoes(self.room, self.height, tuple(float(v) for v in cartesian(*place)))
        away = np.linalg.norm(echoes, axis=0)
        around, up = directions.angles(echoes)
        response = self.output.response(around - self.yaw, up, self.rate)
        places = (away / SOUND_SPEED + response.delays) * self.rate
        filters = (response.filters * (gains / away)[:, None, None]).astype(np.float32)
        taps = filters.shape[-1] + _kernels.TAPS
        out = np.zeros((len(self.output.channels), int(np.ceil(places.max())) + taps), np.float32)
        _kernels.placed(out, places, np.ascontiguousarray(filters), _kernels.SINC)
        level = _late(self.room, away, gains, self.rate)
        if len(level):
            out = np.pad(out, ((0, 0), (0, max(0, len(level) - out.shape[1]))))
            out[:, : len(level)] += level * self._from_everywhere(len(level))
        # All echoes of this model have one sign, and so add up to a pressure that no room holds.
        return np.asarray(sosfilt(butter(2, LOWEST_HZ, "high", fs=self.rate, output="sos"), out, axis=1), np.float32)

    def _from_everywhere(self, count: int) -> Sound:
        """Noise of size 1 in the open air, from the corners of a cube, (channel, count)."""
        from scipy.signal import fftconvolve

        if self._noise is None:
            response = self.output.response(_CORNERS[0] - self.yaw, _CORNERS[1], self.rate)
            filters = response.filters.swapaxes(0, 1) / np.sqrt(len(_CORNERS[0]))
            noise = np.random.default_rng(0).standard_normal((1, len(_CORNERS[0]), count), np.float32)
            late = np.round(response.delays * self.rate).astype(int)
            heard = [np.stack([np.roll(n, by) for n, by in zip(noise[0], ear, strict=True)]) for ear in late]
            self._noise = np.stack(
                [
                    fftconvolve(heard[min(channel, len(heard) - 1)], own, axes=1)[:, :count].sum(axis=0)
                    for channel, own in enumerate(filters)
                ]
            ).astype(np.float32)
        return self._noise


def _late(room: Room, away: npt.NDArray[Any], gains: npt.NDArray[Any], rate: int) -> Sound:
    """The level of each sample of the echoes that are not followed one by one, (sample,); none where all are.

    Image sources fill space evenly, one in each volume of the room. So a room sends back 4 pi c / V exp(-13.8 t / T) of
    energy a second, T by Eyring's formula, of which is left out what `away` and `gains` of the followed ones have.
    """
    if _order(room) <= MOST_ORDER:
        return np.zeros(0, np.float32)
    x, y, z = room.size
    volume, walls = x * y * z, 2 * (x * y + y * z + z * x)
    decay = SOUND_SPEED * walls / (4 * volume) * -np.log(max(1 - room.absorption, 1e-9))
    until = min(6 * np.log(10) / max(decay, 1e-9), LONGEST_S)
    edges = np.arange(0, until + _BIN_S, _BIN_S)
    middle = edges[:-1] + _BIN_S / 2
    followed = np.histogram(away / SOUND_SPEED, edges, weights=(gains / away) ** 2)[0] / _BIN_S
    theory = 4 * np.pi * SOUND_SPEED / volume * np.exp(-decay * middle)
    complete = (MOST_ORDER - 1) / np.linalg.norm(1 / np.array(room.size)) / SOUND_SPEED
    missing = np.where(middle > complete, np.maximum(theory - followed, 0), 0)
    times = np.arange(round(until * rate)) / rate
    return np.asarray(np.sqrt(np.interp(times, middle, missing) / rate), np.float32)


@lru_cache(maxsize=64)
def _echoes(room: Room, height: float, place: tuple[float, ...]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Vectors from the listener to the image sources of a place without the source itself, (3, n), and their gains."""
    rooms = package("spatial", "pyroomacoustics")
    size = np.array(room.size)
    ears = np.array([size[0] / 2, size[1] / 2, height])
    box = rooms.ShoeBox(
        size, fs=8000, materials=rooms.Material(room.absorption), max_order=int(min(_order(room), MOST_ORDER))
    )
    box.add_source(ears + place)
    box.add_microphone(ears)
    box.image_source_model()
    source = box.sources[0]
    reflected = source.orders > 0
    return source.images[:, reflected] - ears[:, None], source.damping.mean(axis=0)[reflected]


def _order(room: Room) -> float:
    """Reflections after which sound is 60 dB softer, each at a wall."""
    kept = max(1 - room.absorption, 1e-6)
    return float(np.ceil(6 / -np.log10(kept))) if kept < 1 else np.inf
