"""A small real encoder: levels of a few bands, thrown into a joint space by a matrix from a seed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import torch
from torch import Tensor

from limbeck._runtime import generator
from limbeck.encoders import AudioEmbeddings, Encoder


class SpectralEncoder(Encoder):
    """Encoder of band levels; `heard` counts the sounds embedded, `delay_s` is the time each takes."""

    sample_rate = 8000
    window_s = 2.0
    checkpoints = ("tiny",)
    dim = 16
    features_dim = 24

    def __init__(self, seed: int = 0, *, delay_s: float = 0.0) -> None:
        self.heard = 0
        self._seed = seed
        self._delay_s = delay_s
        self._matrix = torch.randn(self.features_dim, self.dim, generator=generator(seed, "spectral"))

    @property
    def id(self) -> str:
        return f"spectral:tiny:{self._seed:012d}"

    @classmethod
    def _read(cls, checkpoint: str, found: Sequence[Path], device: torch.device) -> Self:
        return cls()

    @classmethod
    def tiny(cls, *, seed: int = 0) -> Self:
        return cls(seed)

    def _audio(self, waveforms: Sequence[Tensor]) -> AudioEmbeddings:
        time.sleep(self._delay_s * len(waveforms))
        self.heard += len(waveforms)
        power = [torch.fft.rfft(w, n=8192).abs() ** 2 / len(w) for w in waveforms]
        bands = torch.stack([torch.stack([b.mean() for b in p.tensor_split(self.features_dim)]) for p in power])
        features = (bands + 1e-6).log10()
        return AudioEmbeddings(torch.nn.functional.normalize(features @ self._matrix, dim=1), features)

    def _text(self, texts: Sequence[str]) -> Tensor:
        drawn = [torch.randn(self.dim, generator=generator(self._seed, text)) for text in texts]
        return torch.nn.functional.normalize(torch.stack(drawn), dim=1)
