"""What every output says of itself: its channels, and how each hears a plane wave from a direction."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from limbeck.spatial.measure import Heard

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Response:
    """How the channels of an output hear plane waves from n directions.

    Attributes:
        delays: Seconds later than at the middle of the head, (ear, n); channels beyond the ears share the last one.
        filters: Impulse responses, float32, (n, channel, taps), at the rate asked for.
    """

    delays: Array
    filters: npt.NDArray[np.float32]


class Output(ABC):
    """A form that scenes are rendered to.

    Attributes:
        channels: Names of its channels, in the order they are stored.
        layout: What FFmpeg calls them.
    """

    channels: tuple[str, ...]
    layout: str

    @abstractmethod
    def response(self, azimuth: Array, elevation: Array, rate: int) -> Response:
        """How channels hear waves from `azimuth` and `elevation`, degrees, (n,), at a `rate` in Hz."""

    @abstractmethod
    def heard(self, sound: npt.NDArray[np.float32], rate: int, *, start_s: float = 0.0) -> Heard:
        """From where a `sound`, (channel, sample), at a `rate` in Hz, comes; its first sample is at `start_s`."""

    @abstractmethod
    def kept(self, vectors: Array) -> Array:
        """What of the directions of unit `vectors`, (3, n), can be heard in it, likewise."""

    @abstractmethod
    def about(self) -> dict[str, Any]:
        """What a reader of the file must know, JSON-able."""


def by_gains(gains: Array) -> Response:
    """The response of channels that hear all at once, by their `gains`, (channel, n)."""
    return Response(np.zeros((1, gains.shape[1])), np.asarray(gains.T[..., None], np.float32, order="C"))
