"""A learnt spectrogram: complex frequency B-spline wavelets in place of the Fourier transform's waves.

Source:   Guzhov, Raue, Hees and Dengel, *ESResNe(X)t-fbsp: Learning Robust Time-Frequency Transformation of Audio*,
          IJCNN 2021 (https://arxiv.org/abs/2104.11587), equations 3 to 5.
"""

from __future__ import annotations

from math import ceil

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_TINY = 1e-8


def wavelets(order: Tensor, bandwidth: Tensor, centre: Tensor, samples: int) -> Tensor:
    """The waves each band is compared with: sqrt(b) sinc(b t / m)^m exp(-i c t) over t in [-pi, pi].

    Order m, bandwidth b >= 0 and centre c (turns over the frame) are (band,); the waves complex64, (band, samples),
    divided by sqrt(samples).
    """
    t = torch.pi * torch.linspace(-1, 1, samples, device=order.device) + _TINY
    m, b, c = order[:, None], bandwidth[:, None], centre[:, None]
    # torch's sinc(x) is sin(pi x) / (pi x).
    base = torch.sinc(b * t / (m + _TINY) / torch.pi)
    # A negative base to a power that is no whole number is complex: |base|^m exp(i m pi).
    angle = torch.where(base < 0, torch.pi, 0.0) * m
    size = base.square() ** (0.5 * m) * b.sqrt() / samples**0.5
    return torch.polar(size, angle - c * t)


class Fbsp(nn.Module):
    """The three numbers of each band, under the checkpoint's names."""

    def __init__(self, bands: int) -> None:
        super().__init__()
        self.m = nn.Parameter(torch.zeros(bands))
        self.fb = nn.Parameter(torch.ones(bands))
        self.fc = nn.Parameter(torch.arange(bands, dtype=torch.float32))
        self.bias = nn.Parameter(torch.zeros(0))  # published code keeps an empty one

    def forward(self, x: Tensor, window: Tensor, *, hop: int) -> Tensor:
        """Power in each band: (sound, sample) to (sound, band, frame), float32, >= 0.

        Frames are as long as the window, lie in the middle of a longer frame of zeros that the wavelets span, and
        begin every `hop` samples; silence is added on both sides until the last one is full.
        """
        frames = framed(x, len(window), hop)
        samples = 2 * (len(self.m) - 1)
        left = (samples - len(window)) // 2
        waves = wavelets(self.m, self.fb, self.fc, samples)[:, left : left + len(window)] * window
        return (frames @ waves.real.T).square().add_((frames @ waves.imag.T).square()).transpose(1, 2)


def framed(x: Tensor, samples: int, hop: int) -> Tensor:
    """Waveforms (sound, sample) in overlapping frames, (sound, frame, samples), `hop` samples apart; nothing is lost.

    Example:
        >>> framed(torch.arange(1.0, 6.0)[None], 4, 2)
        tensor([[[1., 2., 3., 4.],
                 [3., 4., 5., 0.]]])
    """
    more = ceil(max(0, x.shape[1] - samples) / hop)
    lacking = samples + more * hop - x.shape[1]
    return F.pad(x, (lacking // 2, lacking - lacking // 2)).unfold(1, samples, hop)
