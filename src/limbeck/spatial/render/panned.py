"""Loudspeakers: stereo, 5.1, 7.1.4. Amplitude is panned between them, and never falls silent outside of them."""

from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, final

import numpy as np
import numpy.typing as npt

from limbeck.spatial import directions, measure
from limbeck.spatial._hull import Hull
from limbeck.spatial.render.output import Array, Output, Response, by_gains

_HALF_STEREO = 30.0


@final
@dataclass(frozen=True)
class Speakers(Output):
    """Loudspeakers all around: the three that a direction lies between share it (VBAP), in constant energy.

    Where there are none, above and below, stand virtual ones, whose sound goes in equal parts to their neighbours.

    Attributes:
        name: Of the layout, as FFmpeg calls it.
        places: Azimuth and elevation of each channel, in degrees, in WAV's order; None for the bass, which is silent.
        virtual: Those of virtual loudspeakers.
    """

    name: str
    places: "MappingProxyType[str, tuple[float, float] | None]"
    virtual: tuple[tuple[float, float], ...]

    @property
    def channels(self) -> tuple[str, ...]:  # type: ignore[override]
        """FL, FR, FC, LFE, ..."""
        return tuple(self.places)

    @property
    def layout(self) -> str:  # type: ignore[override]
        """FFmpeg's name."""
        return self.name

    def response(self, azimuth: Array, elevation: Array, rate: int) -> Response:
        """The gains of `gains` for each `azimuth` and `elevation`, whatever the `rate`."""
        return by_gains(self.gains(azimuth, elevation))

    def gains(self, azimuth: Array, elevation: Array) -> Array:
        """Gains of the channels, (channel, n), whose squares add up to 1, for an `azimuth` and `elevation` (n,)."""
        hull, spread = self._triangles
        corners, shares = hull.weights(directions.vectors(azimuth, elevation))
        weights = (spread[:, corners] * shares).sum(axis=1)
        return np.asarray(weights / np.linalg.norm(weights, axis=0))

    @cached_property
    def _triangles(self) -> tuple[Hull, Array]:
        """The hull of real and virtual loudspeakers, and the matrix from these to channels."""
        real = [number for number, place in enumerate(self.places.values()) if place is not None]
        known = [place for place in self.places.values() if place is not None]
        hull = Hull.of(directions.vectors(*np.array([*known, *self.virtual]).T))
        spread = np.zeros((len(self.places), hull.count))
        spread[real, np.arange(len(real))] = 1
        for virtual in range(len(known), hull.count):
            beside = np.unique(hull.corners[(hull.corners == virtual).any(axis=1)])
            beside = beside[beside < len(known)]
            spread[np.array(real)[beside], virtual] = 1 / len(beside)
        return hull, spread

    def heard(self, sound: npt.NDArray[np.float32], rate: int, *, start_s: float = 0.0) -> measure.Heard:
        """By `measure.speakers` of the `sound` at a `rate`, from `start_s` on."""
        return measure.speakers(sound, rate, list(self.places.values()), start_s=start_s)

    def kept(self, vectors: Array) -> Array:
        """What loudspeakers in some directions can do of `vectors`: without any above, the level part of them."""
        flat = not any(place and place[1] for place in self.places.values())
        x, y, z = vectors
        up = np.zeros_like(z) if flat else np.maximum(z, 0)
        level = np.stack([x, y, up])
        return np.asarray(level / np.maximum(np.linalg.norm(level, axis=0), 1e-12))

    def about(self) -> dict[str, Any]:
        """Where the loudspeakers are meant to stand."""
        places = {name: None if place is None else list(place) for name, place in self.places.items()}
        return {"kind": "loudspeakers", "layout": self.name, "places": places}


@final
@dataclass(frozen=True)
class Stereo(Output):
    """Two loudspeakers 30 degrees to the left and right, by the tangent law.

    What is farther to a side, by the lateral angle, is in that loudspeaker alone; what is behind is mirrored to the
    front, as two loudspeakers cannot tell these apart.
    """

    channels = ("FL", "FR")
    layout = "stereo"

    def response(self, azimuth: Array, elevation: Array, rate: int) -> Response:
        """The gains of `gains` for each `azimuth` and `elevation`, whatever the `rate`."""
        return by_gains(self.gains(azimuth, elevation))

    def gains(self, azimuth: Array, elevation: Array) -> Array:
        """Gains of left and right, (2, n), whose squares add up to 1, for an `azimuth` and `elevation`, (n,)."""
        side = np.clip(directions.lateral(azimuth, elevation), -_HALF_STEREO, _HALF_STEREO)
        share = np.tan(np.radians(side)) / np.tan(np.radians(_HALF_STEREO))
        pair = np.stack([1 + share, 1 - share])
        return np.asarray(pair / np.linalg.norm(pair, axis=0))

    def heard(self, sound: npt.NDArray[np.float32], rate: int, *, start_s: float = 0.0) -> measure.Heard:
        """By `measure.speakers` of the `sound` at a `rate`, from `start_s` on."""
        return measure.speakers(sound, rate, [(_HALF_STEREO, 0.0), (-_HALF_STEREO, 0.0)], start_s=start_s)

    def kept(self, vectors: Array) -> Array:
        """The lateral angle of `vectors`, as far as the loudspeakers stand."""
        side = directions.lateral(*directions.angles(vectors))
        return directions.vectors(np.clip(side, -_HALF_STEREO, _HALF_STEREO))

    def about(self) -> dict[str, Any]:
        """Where the loudspeakers are meant to stand."""
        places = {"FL": [_HALF_STEREO, 0.0], "FR": [-_HALF_STEREO, 0.0]}
        return {"kind": "loudspeakers", "layout": "stereo", "places": places}


_FRONT = {"FL": (30.0, 0.0), "FR": (-30.0, 0.0), "FC": (0.0, 0.0), "LFE": None}
SURROUND_5_1 = Speakers(
    "5.1", MappingProxyType({**_FRONT, "BL": (110.0, 0.0), "BR": (-110.0, 0.0)}), ((0.0, 90.0), (0.0, -90.0))
)
SURROUND_7_1_4 = Speakers(
    "7.1.4",
    MappingProxyType(
        {
            **_FRONT,
            "BL": (135.0, 0.0),
            "BR": (-135.0, 0.0),
            "SL": (90.0, 0.0),
            "SR": (-90.0, 0.0),
            "TFL": (45.0, 45.0),
            "TFR": (-45.0, 45.0),
            "TBL": (135.0, 45.0),
            "TBR": (-135.0, 45.0),
        }
    ),
    ((0.0, -90.0),),
)
