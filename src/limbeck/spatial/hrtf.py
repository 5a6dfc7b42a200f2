"""How the ears hear a direction: a spherical head that needs no data, or impulse responses of a file (SOFA).

Delays and filters are kept apart, so that directions between known ones are heard from between them, and not as two.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self, final

import numpy as np
import numpy.typing as npt

from limbeck.errors import InputError, package
from limbeck.spatial import directions, measure
from limbeck.spatial._hull import Hull
from limbeck.spatial.scene import SOUND_SPEED

Array = npt.NDArray[np.float64]

HEAD_RADIUS_M = 0.0875


class Hrtf(ABC):
    """Two ears."""

    @abstractmethod
    def ears(self, azimuth: Array, elevation: Array, rate: int) -> tuple[Array, npt.NDArray[np.float32]]:
        """How left and right ear hear waves.

        Args:
            azimuth: Degrees, + to the left, (n,).
            elevation: Degrees, + up, (n,).
            rate: Samples a second of the filters, in Hz.

        Returns:
            Seconds later than at the middle of the head, (2, n), and impulse responses, (n, 2, taps), float32.
        """

    def sides(self, rate: int) -> tuple[Array, Array]:
        """Lateral angles in degrees, and the delays between the ears there, in seconds, both growing.

        They are those that `measure.interaural` finds in noise from these sides, level and in front, at a `rate`.
        """
        sides = np.linspace(-90, 90, 61)
        late, filters = self.ears(sides, np.zeros_like(sides), rate)
        count = 1 << (4 * filters.shape[-1] - 1).bit_length()
        frequency = np.asarray(np.fft.rfftfreq(count, 1 / rate), np.float64)
        spectra = np.fft.rfft(filters.transpose(1, 0, 2), count) * np.exp(-2j * np.pi * frequency * late[..., None])
        return sides, np.maximum.accumulate(measure.delays(spectra, frequency, rate)) + 1e-9 * sides

    @abstractmethod
    def about(self) -> dict[str, Any]:
        """What it is, JSON-able."""


def woodworth(azimuth: npt.ArrayLike, elevation: npt.ArrayLike = 0.0, radius_m: float = HEAD_RADIUS_M) -> Array:
    """Seconds that the right ear of a sphere hears later than the left: r / c (lat + sin lat), lat the lateral angle.

    Args:
        azimuth: Degrees, + to the left.
        elevation: Degrees, + up.
        radius_m: Of the head.

    Example:
        >>> round(float(woodworth(90.0)) * 1e6)
        656
    """
    side = np.radians(directions.lateral(azimuth, elevation))
    return np.asarray(radius_m / SOUND_SPEED * (side + np.sin(side)))


@final
@dataclass(frozen=True)
class SphericalHead(Hrtf):
    """A sphere with ears at its sides: Woodworth's delays, and the shadow of Brown and Duda (1998).

    The shadow is a filter of first order, of which the size is kept and the phase left out: so the delay between the
    ears is Woodworth's at every frequency.
    """

    radius_m: float = HEAD_RADIUS_M

    def ears(self, azimuth: Array, elevation: Array, rate: int) -> tuple[Array, npt.NDArray[np.float32]]:
        """See `Hrtf.ears`, also for `azimuth`, `elevation` and `rate`."""
        side = np.radians(directions.lateral(azimuth, elevation))
        both = np.stack([side, -side])
        around = self.radius_m / SOUND_SPEED
        # The ear that the wave meets hears it early by a straight way, the other one late, around the sphere.
        delays = np.where(both > 0, -around * np.sin(both), -around * both)
        filters = _shadows(90 - np.degrees(both), rate, self.radius_m)
        middle = (filters.shape[-1] - 1) / 2
        return delays - middle / rate, filters.transpose(1, 0, 2).copy()

    def about(self) -> dict[str, Any]:
        """Its name and radius."""
        return {"head": "sphere", "radius_m": self.radius_m}


def _shadows(angle: Array, rate: int, radius_m: float) -> npt.NDArray[np.float32]:
    """Symmetric impulse responses, (..., taps), of the head's shadow at angles between the wave and the ear's axis."""
    taps = 2 * round(32 * rate / 48_000) + 1
    high = 1.05 + 0.95 * np.cos(np.radians(angle / 150 * 180))
    count = 8 * taps
    relative = np.fft.rfftfreq(count, 1 / rate) * 2 * np.pi * radius_m / (2 * SOUND_SPEED)
    # Responses change so little from one to the next of these that straight lines between them do.
    known = np.linspace(0, 2.0, 81)
    size = np.sqrt((1 + (known[:, None] * relative) ** 2) / (1 + relative**2))
    response = np.roll(np.fft.irfft(size, count), taps // 2, axis=1)[:, :taps] * np.hanning(taps + 2)[1:-1]
    response *= 1 / response.sum(axis=1, keepdims=True)
    at = np.clip(high, 0, 2) / 2 * 80
    low = np.minimum(at.astype(int), 79)
    between = (at - low)[..., None]
    return np.asarray(response[low] * (1 - between) + response[low + 1] * between, np.float32)


@final
@dataclass(frozen=True)
class Measured(Hrtf):
    """Impulse responses of a person or a dummy head, from directions all around.

    Attributes:
        name: Of the set.
        rate: Samples a second, in Hz.
        vectors: Unit vectors to the sources, (3, direction).
        responses: (direction, 2, taps), left and right.
    """

    name: str
    rate: int
    vectors: Array
    responses: Array

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The set of a SOFA file (SimpleFreeFieldHRIR) at `path`.

        Raises:
            InputError: The file is not there, or no such set.
            MissingExtraError: h5py is not installed.
        """
        h5py = package("spatial", "h5py")
        path = Path(path)
        if not path.is_file():
            raise InputError(f"{path} is not there, or no file; a set of impulse responses is a SOFA file.")
        try:
            with h5py.File(path, "r") as file:
                kind = _text(file.attrs.get("SOFAConventions", b""))
                if kind != "SimpleFreeFieldHRIR":
                    raise InputError(
                        f"{path} holds {kind or 'something other than SOFA'}; sets of impulse responses are "
                        "SimpleFreeFieldHRIR."
                    )
                responses = np.asarray(file["Data.IR"], np.float64)
                rate = int(np.ravel(file["Data.SamplingRate"])[0])
                places = np.asarray(file["SourcePosition"], np.float64)
                spherical = _text(file["SourcePosition"].attrs.get("Type", b"spherical")) == "spherical"
                title = _text(file.attrs.get("Title", b"")) or path.stem
        except (OSError, KeyError) as error:
            raise InputError(f"{path} is no SOFA file of impulse responses: {error}.") from error
        vectors = directions.vectors(*places[:, :2].T) if spherical else (places / _lengths(places)).T
        if responses.ndim != 3 or responses.shape[1] != 2 or len(responses) != vectors.shape[1]:
            raise InputError(f"{path} should hold responses (direction, 2, taps), but holds {responses.shape}.")
        if not np.isfinite(responses).all():
            raise InputError(f"{path} holds responses with NaN or infinity; look for a whole copy.")
        unique = np.unique(vectors.T.round(6), axis=0, return_index=True)[1]
        return cls(title, rate, vectors[:, unique], responses[unique])

    def ears(self, azimuth: Array, elevation: Array, rate: int) -> tuple[Array, npt.NDArray[np.float32]]:
        """See `Hrtf.ears`, also for `azimuth`, `elevation` and `rate`."""
        if rate != self.rate:
            return self._at(rate).ears(azimuth, elevation, rate)
        corners, weights = self._hull.weights(directions.vectors(azimuth, elevation))
        weights /= weights.sum(axis=0)
        delays, aligned = self._aligned
        mixed = sum(weight[:, None, None] * aligned[corner] for corner, weight in zip(corners, weights, strict=True))
        return (delays[corners] * weights[..., None]).sum(axis=0).T, np.asarray(mixed, np.float32)

    def about(self) -> dict[str, Any]:
        """Its name and size."""
        return {"head": self.name, "directions": self.vectors.shape[1], "rate_hz": self.rate}

    @cached_property
    def _hull(self) -> Hull:
        return Hull.of(self.vectors)

    @cached_property
    def _others(self) -> dict[int, "Measured"]:
        return {}

    def _at(self, rate: int) -> "Measured":
        """The set at another rate."""
        import soxr

        if rate not in self._others:
            flat = self.responses.reshape(-1, self.responses.shape[-1])
            resampled = soxr.resample(flat.T, self.rate, rate).T * self.rate / rate
            responses = resampled.reshape(*self.responses.shape[:2], -1)
            self._others[rate] = Measured(self.name, rate, self.vectors, responses)
        return self._others[rate]

    @cached_property
    def _aligned(self) -> tuple[Array, Array]:
        """Delays, (direction, 2), in seconds about their mean, and responses that begin together.

        The delay of a response is where it agrees best with what is left of it when all delay is taken out (its
        minimum-phase form), below 1.5 kHz, where the ears go by delays.
        """
        taps = self.responses.shape[-1]
        count = 1 << (4 * taps - 1).bit_length()
        spectra = np.fft.rfft(self.responses, count)
        bare = np.fft.rfft(_minimum_phase(np.abs(spectra), count), count)
        frequency = np.fft.rfftfreq(count, 1 / self.rate)
        # A smooth edge: a sharp one rings beside the peak.
        low = 1 / (1 + (frequency / 1500.0) ** 8)
        finer = 16
        agreement = np.fft.irfft(spectra * bare.conj() * low, count * finer)[..., : taps * finer]
        delay = agreement.argmax(axis=-1) / finer
        lead = 8
        turn = np.exp(2j * np.pi * frequency / self.rate * (delay - lead)[..., None])
        aligned = np.fft.irfft(spectra * turn, count)[..., :taps]
        return (delay - delay.mean() - lead) / self.rate, aligned


def _minimum_phase(size: Array, count: int) -> Array:
    """Impulse responses, (..., count), of these sizes of spectra with the least delay."""
    cepstrum = np.fft.irfft(np.log(np.maximum(size, 1e-6 * size.max(axis=-1, keepdims=True))), count)
    fold = np.zeros(count)
    fold[0], fold[1 : count // 2], fold[count // 2] = 1, 2, 1
    return np.fft.irfft(np.exp(np.fft.rfft(cepstrum * fold, count)), count)


def _lengths(places: Array) -> Array:
    return np.asarray(np.linalg.norm(places, axis=1, keepdims=True))


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
