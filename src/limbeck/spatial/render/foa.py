"""Ambisonics: a sphere of sound that players turn with the head; first order (FOA), or 2 and 3."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np
import numpy.typing as npt

from limbeck.spatial import ambisonics, measure
from limbeck.spatial.render.output import Array, Output, Response, by_gains


@final
@dataclass(frozen=True)
class Ambisonic(Output):
    """AmbiX of an `order` of 1, 2 or 3."""

    order: int = 1

    @property
    def channels(self) -> tuple[str, ...]:  # type: ignore[override]
        """W, Y, Z, X, and beyond the first order the numbers ACN4 on."""
        return tuple("WYZX"[acn] if acn < 4 else f"ACN{acn}" for acn in range((self.order + 1) ** 2))

    @property
    def layout(self) -> str:  # type: ignore[override]
        """FFmpeg's name."""
        return f"ambisonic {self.order}"

    def response(self, azimuth: Array, elevation: Array, rate: int) -> Response:
        """The gains of `ambisonics.gains` for each `azimuth` and `elevation`, whatever the `rate`."""
        return by_gains(ambisonics.gains(azimuth, elevation, order=self.order))

    def heard(self, sound: npt.NDArray[np.float32], rate: int, *, start_s: float = 0.0) -> measure.Heard:
        """By `measure.intensity` of the `sound` at a `rate`, from `start_s` on."""
        return measure.intensity(sound, rate, start_s=start_s)

    def kept(self, vectors: Array) -> Array:
        """All: the `vectors`."""
        return vectors

    def about(self) -> dict[str, Any]:
        """Order and convention."""
        return {"kind": "ambisonic", "order": self.order, "convention": "ambix"}
