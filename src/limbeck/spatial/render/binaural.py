"""Headphones: every source through the two ears of a head of its own direction, and not by way of ambisonics."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, final

import numpy as np
import numpy.typing as npt

from limbeck.spatial import directions, measure
from limbeck.spatial.hrtf import Hrtf, SphericalHead
from limbeck.spatial.render.output import Array, Output, Response


@final
@dataclass(frozen=True)
class Binaural(Output):
    """Left and right ear of a `head`."""

    head: Hrtf = field(default_factory=SphericalHead)

    channels = ("L", "R")
    layout = "stereo"

    def response(self, azimuth: Array, elevation: Array, rate: int) -> Response:
        """What the ears of the head hear from each `azimuth` and `elevation`, at a `rate`."""
        return Response(*self.head.ears(azimuth, elevation, rate))

    def heard(self, sound: npt.NDArray[np.float32], rate: int, *, start_s: float = 0.0) -> measure.Heard:
        """By `measure.lateral` of the `sound` at a `rate`, from `start_s` on."""
        return measure.lateral(sound, rate, *self._sides(rate), start_s=start_s)

    @cached_property
    def _known(self) -> dict[int, tuple[Array, Array]]:
        return {}

    def _sides(self, rate: int) -> tuple[Array, Array]:
        if rate not in self._known:
            self._known[rate] = self.head.sides(rate)
        return self._known[rate]

    def kept(self, vectors: Array) -> Array:
        """The lateral angle of `vectors`: delays do not tell front from back, nor up from down."""
        return directions.vectors(directions.lateral(*directions.angles(vectors)))

    def about(self) -> dict[str, Any]:
        """Whose ears."""
        return {"kind": "binaural", **self.head.about()}
