"""Ambisonics of orders 1 to 3: encode, rotate, decode, and convert between conventions.

Inside all is AmbiX: channels in the order ACN (W Y Z X at order 1), gains SN3D, without the Condon-Shortley phase.
A plane wave from azimuth a and elevation e has W 1, Y sin a cos e, Z sin e, X cos a cos e.

| convention | order of channels | gains, by SN3D's |
|---|---|---|
| `ambix` | ACN | 1 |
| `n3d` | ACN | sqrt(2 l + 1) in degree l |
| `fuma` | W X Y Z R S T U V K L M N O P Q | W / sqrt(2); every other channel is 1 at most (MaxN) |

A file does not say its convention. No number in it does, either: the energy ratio that would tell them apart
in a diffuse field is anything from 0.7 to 3 in real recordings. So the convention is asked for, and the ratio only
warns.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from limbeck.errors import InputError
from limbeck.spatial import directions

Array = npt.NDArray[np.float64]
Sound = npt.NDArray[np.floating[Any]]

ORDERS = (1, 2, 3)
CHANNELS = MappingProxyType({(order + 1) ** 2: order for order in ORDERS})
"""The order that so many channels are of."""
AMBIX = "ambix"


@dataclass(frozen=True)
class Convention:
    """How the channels of an ambisonic sound are ordered and scaled.

    Attributes:
        order: The ACN number of each of its channels, as far as order 3.
        gains: What each of them is multiplied by, beginning from SN3D.
        ratio: Its (X2 + Y2 + Z2) / W2 in a diffuse field.
    """

    order: tuple[int, ...]
    gains: tuple[float, ...]
    ratio: float


_ACN = tuple(range(16))
_MAXN = {0: 0.5**0.5, **dict.fromkeys((4, 5, 7, 8), (4 / 3) ** 0.5), **dict.fromkeys((11, 13), (45 / 32) ** 0.5)}
_MAXN |= dict.fromkeys((10, 14), (9 / 5) ** 0.5) | dict.fromkeys((9, 15), (8 / 5) ** 0.5)
_FUMA = (0, 3, 1, 2, 6, 7, 5, 8, 4, 12, 13, 11, 14, 10, 15, 9)

CONVENTIONS: Mapping[str, Convention] = MappingProxyType(
    {
        AMBIX: Convention(_ACN, (1.0,) * 16, 1.0),
        "n3d": Convention(_ACN, tuple((2 * int(acn**0.5) + 1) ** 0.5 for acn in _ACN), 3.0),
        "fuma": Convention(_FUMA, tuple(_MAXN.get(acn, 1.0) for acn in _FUMA), 2.0),
    }
)


def order_of(sound: Sound) -> int:
    """The order of an ambisonic `sound`, (channel, sample).

    Raises:
        InputError: It has not 4, 9 or 16 channels.
    """
    if sound.ndim != 2 or len(sound) not in CHANNELS:
        raise InputError(
            f"An ambisonic sound has 4, 9 or 16 channels (orders 1, 2, 3), but one of shape {sound.shape} was given. "
            "Split off other channels, such as a head-locked stereo pair, first."
        )
    return CHANNELS[len(sound)]


def gains(azimuth: npt.ArrayLike, elevation: npt.ArrayLike = 0.0, *, order: int = 1) -> Array:
    """The gains of plane waves, AmbiX, (channel, ...).

    Args:
        azimuth: Degrees, + to the left, of any shape.
        elevation: Degrees, + up, of a shape that goes with it.
        order: 1, 2 or 3: 4, 9 or 16 channels.

    Example:
        >>> gains(90.0).round(6).tolist()
        [1.0, 1.0, 0.0, 0.0]
    """
    return harmonics(directions.vectors(azimuth, elevation), order)


def harmonics(vectors: Array, order: int) -> Array:
    """Real spherical harmonics, ACN and SN3D, (channel, ...), at unit `vectors`, (3, ...), up to an `order` of 3."""
    if order not in ORDERS:
        raise InputError(f"Ambisonics are of order 1, 2 or 3 here, but order {order} was asked for.")
    x, y, z = vectors
    all_of_them = [
        *(np.ones_like(x), y, z, x),
        *(3**0.5 * x * y, 3**0.5 * y * z, (3 * z**2 - 1) / 2, 3**0.5 * x * z, 0.75**0.5 * (x**2 - y**2)),
        (5 / 8) ** 0.5 * y * (3 * x**2 - y**2),
        15**0.5 * x * y * z,
        (3 / 8) ** 0.5 * y * (5 * z**2 - 1),
        z * (5 * z**2 - 3) / 2,
        (3 / 8) ** 0.5 * x * (5 * z**2 - 1),
        15**0.5 / 2 * z * (x**2 - y**2),
        (5 / 8) ** 0.5 * x * (x**2 - 3 * y**2),
    ]
    return np.stack(all_of_them[: (order + 1) ** 2])


def encode(
    waveform: Sound, azimuth: npt.ArrayLike, elevation: npt.ArrayLike = 0.0, *, order: int = 1
) -> npt.NDArray[np.float32]:
    """An AmbiX sound, float32 (channel, sample), of a mono one from a direction.

    Args:
        waveform: (sample,).
        azimuth: Degrees, + to the left; one, or one a sample.
        elevation: Degrees, + up; one, or one a sample.
        order: 1, 2 or 3.
    """
    around, up, _ = np.broadcast_arrays(azimuth, elevation, waveform)
    return np.asarray(gains(around, up, order=order) * waveform, np.float32)


def rotation(yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0, *, order: int = 1) -> Array:
    """The matrix, (channel, channel), that turns an AmbiX sound, exact but for rounding.

    Sound is turned, first about the axis to the front, then about that to the left, then about that up. To turn the
    listener instead, take the transposed matrix.

    Args:
        yaw: Degrees to the left; what was in front is then at this azimuth.
        pitch: Degrees up; what was in front is then at this elevation.
        roll: Degrees to the right; what was to the left is then at this elevation.
        order: 1, 2 or 3.
    """
    a, b, c = np.radians([yaw, pitch, roll])
    about_up = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    about_left = np.array([[np.cos(b), 0, -np.sin(b)], [0, 1, 0], [np.sin(b), 0, np.cos(b)]])
    about_front = np.array([[1, 0, 0], [0, np.cos(c), -np.sin(c)], [0, np.sin(c), np.cos(c)]])
    turn = about_up @ about_left @ about_front
    # Turned harmonics of a degree are sums of those of that degree: enough points give the one matrix that makes them.
    points = directions.sphere(64)
    before, after = harmonics(points, order), harmonics(turn @ points, order)
    matrix = np.zeros((len(before), len(before)))
    for degree in range(order + 1):
        own = slice(degree**2, (degree + 1) ** 2)
        matrix[own, own] = np.linalg.lstsq(before[own].T, after[own].T, rcond=None)[0].T
    return matrix


def rotate(sound: Sound, yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0) -> npt.NDArray[np.float32]:
    """An AmbiX `sound`, (channel, sample), turned by `yaw`, `pitch` and `roll` in degrees; see `rotation`."""
    return (rotation(yaw, pitch, roll, order=order_of(sound)) @ sound).astype(np.float32)


def decode(sound: Sound, azimuth: npt.ArrayLike, elevation: npt.ArrayLike = 0.0) -> npt.NDArray[np.float32]:
    """What microphones of the highest order that the sound has, aimed at directions, would pick up.

    Degrees are weighted evenly in energy (N3D): towards a plane wave the gain is 1, and the sum of energies over evenly
    spread microphones is that of the sound, times their number, by (order + 1)2.

    Args:
        sound: AmbiX, (channel, sample).
        azimuth: Degrees, + to the left, (microphone,).
        elevation: Degrees, + up, (microphone,).

    Returns:
        float32, (microphone, sample).
    """
    order = order_of(sound)
    weights = np.array([2 * int(acn**0.5) + 1 for acn in range(len(sound))]) / (order + 1) ** 2
    patterns = np.atleast_2d(gains(azimuth, elevation, order=order).T) * weights
    return np.asarray(patterns @ sound, np.float32)


def convert(sound: Sound, source: str, target: str = AMBIX) -> npt.NDArray[np.float32]:
    """An ambisonic sound in another convention, float32 (channel, sample).

    Args:
        sound: (channel, sample), of 4, 9 or 16 channels.
        source: Its convention: ``ambix``, ``n3d`` or ``fuma``.
        target: The one wanted.

    Raises:
        InputError: There is no such convention, or the number of channels is of no order.
    """
    order_of(sound)
    came, wanted = (_convention(name) for name in (source, target))
    count = len(sound)
    plain = np.empty(sound.shape)
    plain[list(came.order[:count])] = sound / np.array(came.gains[:count])[:, None]
    return np.asarray(plain[list(wanted.order[:count])] * np.array(wanted.gains[:count])[:, None], np.float32)


def energy_ratio(sound: Sound) -> float:
    """(X2 + Y2 + Z2) / W2 of the first four channels of a `sound`, whatever their order; NaN where W is silent.

    It is 1 in AmbiX, 2 in FuMa, 3 in N3D for plane waves, and for their sum where they are independent.
    """
    energies = np.square(np.asarray(sound[:4], np.float64)).sum(axis=1)
    return float(energies[1:].sum() / energies[0]) if energies[0] > 0 else float("nan")


def doubt(ratio: float, convention: str) -> str | None:
    """A warning where the energy `ratio` of a sound speaks against its `convention`; None where it does not.

    Five real recordings in FuMa had ratios of 0.7 to 3.0: only a ratio that is 1.5 times nearer to another convention
    is told, and nothing is changed.
    """
    expected = _convention(convention).ratio
    if not np.isfinite(ratio) or ratio <= 0:
        return None
    off = {name: abs(np.log(ratio / form.ratio)) for name, form in CONVENTIONS.items()}
    nearest = min(off, key=lambda name: off[name])
    if off[convention] - off[nearest] < np.log(1.5):
        return None
    return (
        f"The energy of the directional channels is {ratio:.2f} times that of W, which is more usual of {nearest} "
        f"({CONVENTIONS[nearest].ratio:g}) than of {convention} ({expected:g}). Reverberation and several microphones "
        "change it, too: if you know the convention, go by that."
    )


def _convention(name: str) -> Convention:
    if name not in CONVENTIONS:
        raise InputError(f"There is no ambisonic convention {name!r}; there are {', '.join(CONVENTIONS)}.")
    return CONVENTIONS[name]
