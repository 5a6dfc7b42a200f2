"""Loudness of mono sound by ITU-R BS.1770-4, in LUFS, with memory that does not grow with its length."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

SILENT = float("-inf")
_STEP_S = 0.1
_STEPS = 4
_OFFSET_DB = -0.691


def loudness(blocks: Iterable[npt.NDArray[np.floating[Any]]], rate: int) -> float:
    """The gated loudness of mono sound in LUFS; that of all of it where it is shorter than 0.4 s.

    Args:
        blocks: Its samples, (sample,) each, in order.
        rate: Samples a second, in Hz.

    Returns:
        LUFS; minus infinity where nothing is louder than -70 LUFS.
    """
    from scipy.signal import sosfilt

    sections = _weighting(rate)
    state = np.zeros((len(sections), 2))
    step = round(_STEP_S * rate)
    energies: list[npt.NDArray[np.float64]] = []
    rest, count, total = np.zeros(0), 0, 0.0
    for block in blocks:
        weighted, state = sosfilt(sections, block, zi=state)
        squares = np.concatenate([rest, weighted**2])
        whole = len(squares) // step * step
        energies.append(squares[:whole].reshape(-1, step).mean(axis=1))
        rest = squares[whole:]
        count, total = count + len(block), total + float(np.sum(weighted**2))
    steps = np.concatenate([*energies, np.zeros(0)])
    if len(steps) < _STEPS:
        return _lufs(total / count) if count else SILENT
    windows = np.lib.stride_tricks.sliding_window_view(steps, _STEPS).mean(axis=1)
    loud = windows[windows > 10 ** ((-70 - _OFFSET_DB) / 10)]
    if not len(loud):
        return SILENT
    return _lufs(float(loud[loud > loud.mean() / 10].mean()))


def _lufs(energy: float) -> float:
    return _OFFSET_DB + 10 * float(np.log10(energy)) if energy > 1e-12 else SILENT


def _weighting(rate: int) -> npt.NDArray[np.float64]:
    """The two sections of the K weighting, (2, 6), at a rate: a shelf of 4 dB, and a high pass."""
    shelf = np.tan(np.pi * 1681.974450955533 / rate)
    high, q = 10 ** (3.999843853973347 / 20), 0.7071752369554196
    middle = high**0.4996667741545416
    a0 = 1 + shelf / q + shelf**2
    first = [
        *((high + middle * shelf / q + shelf**2) / a0, 2 * (shelf**2 - high) / a0),
        *((high - middle * shelf / q + shelf**2) / a0, 1, 2 * (shelf**2 - 1) / a0, (1 - shelf / q + shelf**2) / a0),
    ]
    low, q = np.tan(np.pi * 38.13547087602444 / rate), 0.5003270373238773
    a0 = 1 + low / q + low**2
    return np.array([first, [1, -2, 1, 1, 2 * (low**2 - 1) / a0, (1 - low / q + low**2) / a0]])
