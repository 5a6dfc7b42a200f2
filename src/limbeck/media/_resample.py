"""Change of sample rate, by soxr or by the windowed sinc of the published reference."""

import math
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from limbeck.errors import InputError

Resampler = Literal["soxr", "sinc_hann"]
Samples = npt.NDArray[np.floating]

_SINC_WIDTH = 6
_SINC_ROLLOFF = 0.99
_LARGEST_KERNEL = 2**26


def resample(waveform: Samples, from_hz: int, to_hz: int, *, kind: Resampler = "soxr") -> Samples:
    """Change the sample rate of a waveform.

    Args:
        waveform: float32 or float64, shape (..., sample).
        from_hz: Its rate, in whole Hz, > 0.
        to_hz: The wanted rate, in whole Hz, > 0.
        kind: ``"soxr"``: the SoX resampler at high quality. ``"sinc_hann"``: the reference's, a sinc under a Hann
            window of six zero crossings with its cutoff at 0.99 of the lower half rate (the default of torchaudio's
            `Resample`): softer and with more aliasing, kept for faithful runs.

    Returns:
        Same number format, shape (..., ceil(sample * to_hz / from_hz)); before the beginning and after the end there
        is silence. Equal rates give the waveform itself.

    Raises:
        InputError: A rate is not positive, or the pair of rates would need an absurdly long filter bank.

    Example:
        >>> import numpy as np
        >>> resample(np.ones(441), 44100, 11000).shape
        (110,)
    """
    if from_hz < 1 or to_hz < 1:
        raise InputError(f"Sample rates must be whole numbers of Hz above 0, but {from_hz} and {to_hz} came.")
    if from_hz == to_hz or waveform.size == 0:
        return waveform
    flat = waveform.reshape(-1, waveform.shape[-1])
    wanted = -(-waveform.shape[-1] * to_hz // from_hz)
    return _KINDS[kind](flat, from_hz, to_hz, wanted).reshape(*waveform.shape[:-1], wanted)


def _soxr(flat: Samples, from_hz: int, to_hz: int, wanted: int) -> Samples:
    import soxr

    out = np.zeros((len(flat), wanted), flat.dtype)
    for row, sound in zip(out, flat, strict=True):
        made = soxr.resample(sound, from_hz, to_hz, quality="HQ")[:wanted]
        row[: len(made)] = made
    return out


def _sinc_hann(flat: Samples, from_hz: int, to_hz: int, wanted: int) -> Samples:
    """One short filter for each of the `to` phases; every `from` input samples all of them are applied once."""
    common = math.gcd(from_hz, to_hz)
    step, phases = from_hz // common, to_hz // common
    bank, width = _sinc_bank(step, phases)
    padded = np.pad(flat, ((0, 0), (width, width + step)))
    blocks = np.lib.stride_tricks.sliding_window_view(padded, bank.shape[1], axis=1)[:, ::step]
    out: Samples = (blocks @ bank.T.astype(flat.dtype)).reshape(len(flat), -1)[:, :wanted]
    return out


@lru_cache(maxsize=16)
def _sinc_bank(step: int, phases: int) -> tuple[npt.NDArray[np.float64], int]:
    """Filters of shape (phase, tap), and how many samples before the block they begin."""
    cutoff = min(step, phases) * _SINC_ROLLOFF
    width = math.ceil(_SINC_WIDTH * step / cutoff)
    taps = 2 * width + step
    if taps * phases > _LARGEST_KERNEL:
        raise InputError(
            f"Rates in the ratio {phases}:{step} need a filter bank of {taps * phases} numbers; use kind='soxr'."
        )
    at = np.arange(-width, width + step) / step
    t = np.clip((at[None] - np.arange(phases)[:, None] / phases) * cutoff, -_SINC_WIDTH, _SINC_WIDTH)
    window = np.cos(t * np.pi / _SINC_WIDTH / 2) ** 2
    return np.sinc(t) * window * cutoff / step, width


_KINDS = {"soxr": _soxr, "sinc_hann": _sinc_hann}
