"""YAMNet's front end: a waveform to log-mel patches of 0.975 s, one every 0.48 s."""

from __future__ import annotations

from functools import lru_cache
from math import ceil

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

SAMPLE_RATE_HZ = 16000
BANDS = 64
PATCH_FRAMES = 96
_WINDOW_SAMPLES = 400
_HOP_SAMPLES = 160
_FFT_SAMPLES = 512
_LOWEST_HZ, _HIGHEST_HZ = 125.0, 7500.0
_FLOOR = 0.001
_PATCH_HOP_FRAMES = 48
PATCH_SAMPLES = (PATCH_FRAMES - 1) * _HOP_SAMPLES + _WINDOW_SAMPLES
PATCH_HOP_SAMPLES = _PATCH_HOP_FRAMES * _HOP_SAMPLES


def patches(waveform: Tensor) -> Tensor:
    """Natural logarithm of mel magnitude + 0.001, float32, (patch, 96, 64), of a mono waveform (sample,) at 16 kHz.

    Silence is added at the end until the last patch is full, so that nothing is left out; one patch at least.

    Example:
        >>> patches(torch.zeros(16000)).shape, patches(torch.zeros(15600)).shape
        (torch.Size([2, 96, 64]), torch.Size([1, 96, 64]))
    """
    hops = ceil(max(0, len(waveform) - PATCH_SAMPLES) / PATCH_HOP_SAMPLES)
    full = F.pad(waveform, (0, PATCH_SAMPLES + hops * PATCH_HOP_SAMPLES - len(waveform)))
    return (mel_magnitude(full) + _FLOOR).log().unfold(0, PATCH_FRAMES, _PATCH_HOP_FRAMES).transpose(1, 2)


def mel_magnitude(waveform: Tensor) -> Tensor:
    """Magnitude in each mel band: frames of 25 ms every 10 ms, periodic Hann window, FFT of 512 points.

    From a waveform at 16 kHz, (sample,), of 400 samples at least, to (frame, 64), float32, >= 0; what is behind
    the last full frame is left out.
    """
    frames = waveform.unfold(0, _WINDOW_SAMPLES, _HOP_SAMPLES) * torch.hann_window(_WINDOW_SAMPLES)
    magnitude: Tensor = torch.fft.rfft(frames, _FFT_SAMPLES).abs()
    return magnitude @ _bands()


@lru_cache(maxsize=1)
def _bands() -> Tensor:
    """Weight of each FFT bin in each band, float32, (257, 64).

    The triangles are straight over mel, not over Hz as librosa's are; the bin of 0 Hz is in none.
    """
    bins = _FFT_SAMPLES // 2 + 1
    mel = _mel(np.linspace(0.0, SAMPLE_RATE_HZ / 2, bins))[:, None]
    edges = np.linspace(_mel(np.array(_LOWEST_HZ)), _mel(np.array(_HIGHEST_HZ)), BANDS + 2)
    below, centre, above = edges[:-2], edges[1:-1], edges[2:]
    weights = np.minimum((mel - below) / (centre - below), (above - mel) / (above - centre)).clip(min=0.0)
    weights[0] = 0.0
    return torch.from_numpy(weights.astype(np.float32))


def _mel(hz: np.ndarray) -> np.ndarray:
    return np.asarray(1127.0 * np.log1p(hz / 700.0))
