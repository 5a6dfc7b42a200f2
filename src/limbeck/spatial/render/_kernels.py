"""Loops that numba compiles: reading between samples, filters that change, echoes.

Every sample is made of the same numbers in the same order, whatever stands beside it, so that blocks of any size give
the same bits. Functions do without the interpreter's lock: sources are rendered side by side.
"""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

Sound = npt.NDArray[np.float32]
Places = npt.NDArray[np.float64]

TAPS = 24
"""Samples that a value between samples is made of."""
PHASES = 512


def _sinc() -> Sound:
    """Windowed sincs, (phase, tap), for places between two samples; the last one is a whole sample on."""
    at = np.arange(TAPS) - (TAPS // 2 - 1) - np.arange(PHASES + 1)[:, None] / PHASES
    window = np.i0(8 * np.sqrt(np.maximum(1 - (at / (TAPS / 2)) ** 2, 0))) / np.i0(8.0)
    rows = np.sinc(at) * window
    return np.asarray(rows / rows.sum(axis=1, keepdims=True), np.float32)


SINC = _sinc()


def _compiled(function: Callable[..., None]) -> Any:
    """The function compiled; kept on disk where there is a place for that."""
    options: dict[str, Any] = {"nogil": True, "fastmath": {"contract", "nsz", "reassoc"}, "error_model": "numpy"}
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # neither the package's folder nor the user's can be written to
        return numba.njit(**options)(function)


@_compiled
def read(out: Sound, samples: Sound, first: int, places: Places, step: int, sinc: Sound) -> None:
    """Read `samples` at places that go in straight lines from one to the next.

    Args:
        out: (n,), n = step * (len(places) - 1).
        samples: What is read; there must be TAPS / 2 samples around every place.
        first: The number of the first of them.
        places: At which number every `step`-th of `out` is. They are not counted from `first`, for they would be
            rounded otherwise in every block.
        step: Samples from one place to the next.
        sinc: `SINC`.
    """
    taps = sinc.shape[1]
    phases = sinc.shape[0] - 1
    for part in range(len(places) - 1):
        begin = places[part]
        slope = (places[part + 1] - begin) / step
        for i in range(step):
            place = begin + slope * i
            whole = int(np.floor(place))
            phase = (place - whole) * phases
            row = int(phase)
            between = np.float32(phase - row)
            low, high = sinc[row], sinc[row + 1]
            begins = whole - (taps // 2 - 1) - first
            one, two = np.float32(0), np.float32(0)
            for k in range(taps):
                one += low[k] * samples[begins + k]
                two += high[k] * samples[begins + k]
            out[part * step + i] = one + between * (two - one)


@_compiled
def filtered(out: Sound, ears: Sound, filters: Sound, step: int) -> None:
    """Add ears, filtered by filters that go in straight lines from one to the next.

    Args:
        out: (channel, n), added to; n = step * (len(filters) - 1).
        ears: (ear, taps - 1 + n), with what was before; channels beyond the ears hear the last one.
        filters: (place, channel, taps), the taps last first.
        step: Samples from one place to the next.
    """
    taps = filters.shape[2]
    for channel in range(out.shape[0]):
        heard = ears[min(channel, ears.shape[0] - 1)]
        for part in range(filters.shape[0] - 1):
            low, high = filters[part, channel], filters[part + 1, channel]
            still = True
            for k in range(taps):
                still = still and low[k] == high[k]
            for i in range(step):
                at = part * step + i
                one, two = np.float32(0), np.float32(0)
                if still:
                    for k in range(taps):
                        one += low[k] * heard[at + k]
                    out[channel, at] += one
                else:
                    for k in range(taps):
                        one += low[k] * heard[at + k]
                        two += high[k] * heard[at + k]
                    out[channel, at] += one + np.float32(i / step) * (two - one)


@_compiled
def placed(out: Sound, places: Places, filters: Sound, sinc: Sound) -> None:
    """Add echoes to an impulse response.

    Args:
        out: (channel, n), added to; echoes beyond its end are left out.
        places: (ear, echo), in samples, at least TAPS / 2; channels beyond the ears hear the last one.
        filters: (echo, channel, taps).
        sinc: `SINC`.
    """
    taps = sinc.shape[1]
    phases = sinc.shape[0] - 1
    for channel in range(out.shape[0]):
        heard = places[min(channel, places.shape[0] - 1)]
        for echo in range(filters.shape[0]):
            whole = int(np.floor(heard[echo]))
            row = int(np.round((heard[echo] - whole) * phases))
            first = whole - (taps // 2 - 1)
            for t in range(filters.shape[2]):
                gain = filters[echo, channel, t]
                for k in range(taps):
                    at = first + t + k
                    if 0 <= at < out.shape[1]:
                        out[channel, at] += gain * sinc[row, k]
