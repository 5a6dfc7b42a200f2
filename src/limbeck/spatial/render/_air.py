"""What air swallows of high frequencies on the way, by ISO 9613-1."""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

TAPS = 33


def absorption(frequency: npt.ArrayLike, celsius: float = 20.0, humidity: float = 50.0) -> Array:
    """Absorption of air at sea level in dB a metre.

    Args:
        frequency: In Hz.
        celsius: Temperature.
        humidity: Relative, in percent.

    Example:
        >>> float(absorption(4000.0).round(3))
        0.03
    """
    f, kelvin = np.asarray(frequency, np.float64), celsius + 273.15
    warm = kelvin / 293.15
    water = humidity * 10 ** (4.6151 - 6.8346 * (273.16 / kelvin) ** 1.261)
    oxygen = 24 + 4.04e4 * water * (0.02 + water) / (0.391 + water)
    nitrogen = warm**-0.5 * (9 + 280 * water * np.exp(-4.170 * (warm ** (-1 / 3) - 1)))
    relaxed = 0.01275 * np.exp(-2239.1 / kelvin) / (oxygen + f**2 / oxygen)
    relaxed += 0.1068 * np.exp(-3352.0 / kelvin) / (nitrogen + f**2 / nitrogen)
    return np.asarray(8.686 * f**2 * (1.84e-11 * warm**0.5 + warm**-2.5 * relaxed))


def air(distance: Array, rate: int) -> npt.NDArray[np.float32]:
    """Symmetric impulse responses, (n, 1, TAPS), of the air over a `distance` in metres, (n,), at a `rate` in Hz."""
    count = 4 * (TAPS - 1)
    size = 10 ** (-distance[:, None] * absorption(np.fft.rfftfreq(count, 1 / rate)) / 20)
    responses = np.roll(np.fft.irfft(size, count), TAPS // 2, axis=1)[:, :TAPS] * np.hanning(TAPS + 2)[1:-1]
    return np.asarray(responses[:, None], np.float32)
