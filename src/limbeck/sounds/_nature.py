"""What a sound is that is none of the words: silence, steady noise, or something else."""

from typing import Literal

import numpy as np
import numpy.typing as npt

Nature = Literal["silence", "noise", "unknown", "unsure"]
"""``"unsure"`` is a sound of a word whose score is too low."""

SILENCE_DBFS = -80.0
"""Root mean square below which a window is silence: what recorders and 16 bits leave where nothing is heard."""
_FFT = 512
_STEADY = (0.53, 0.62)
_FLOOR = 1e-6


def nature(samples: npt.NDArray[np.float32]) -> Nature:
    """Tell silence and steady noise of any colour from other sounds, in mono `samples`, (sample,), in [-1, 1].

    In steady noise the power in every band is distributed exponentially over time, so that its geometric mean is
    exp(-0.577) = 0.56 of its mean, whatever the band; a steady tone has 0.8 and more, events have next to nothing. Of
    ESC-10, heard at 16 kHz in windows of 5 s, five of 32 recordings of rain and one of a helicopter are told as noise,
    and nothing else; at 48 kHz, where bands lie that codecs have cut, nothing is.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> hiss, tone = rng.standard_normal(8000) / 50, np.sin(np.arange(8000) / 5) / 5
        >>> nature(np.float32(hiss)), nature(np.float32(tone)), nature(np.zeros(8000, np.float32))
        ('noise', 'unknown', 'silence')
    """
    if is_silent(samples):
        return "silence"
    if len(samples) < 8 * _FFT:
        return "unknown"
    frames = np.lib.stride_tricks.sliding_window_view(samples, _FFT)[:: _FFT // 2] * np.hanning(_FFT)
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    mean = power.mean(axis=0)
    heard = mean > _FLOOR * mean.max()
    ratio = np.exp(np.log(power[:, heard] + 1e-20).mean(axis=0)) / mean[heard]
    return "noise" if _STEADY[0] <= ratio.mean() <= _STEADY[1] else "unknown"


def is_silent(samples: npt.NDArray[np.float32]) -> bool:
    """Whether mono `samples`, (sample,), in [-1, 1], are below -80 dBFS (root mean square)."""
    # What a recorder adds to every sample alike is no sound.
    level = float(np.std(samples, dtype=np.float64)) if len(samples) else 0.0
    return level < 10 ** (SILENCE_DBFS / 20)
