"""Loudness alone (`ear`)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self, final

import torch
from torch import Tensor

from limbeck.encoders import AudioEmbeddings, Encoder


@final
class Ear(Encoder):
    """Hears how loud a sound is."""

    sample_rate: ClassVar[int] = 8000
    window_s: ClassVar[float] = 1.0
    checkpoints: ClassVar[tuple[str, ...]] = ("only",)

    def __init__(self) -> None:
        super().__init__("only", dim=2, features_dim=2)

    @property
    def id(self) -> str:
        """See `Encoder.id`."""
        return self._id("ear")

    @classmethod
    def _read(cls, checkpoint: str, found: Sequence[Path], device: torch.device) -> Self:
        return cls()

    @classmethod
    def tiny(cls, *, seed: int = 0) -> Self:
        """See `Encoder.tiny`."""
        return cls()

    def _audio(self, waveforms: Sequence[Tensor]) -> AudioEmbeddings:
        rows = torch.stack([torch.stack([w.abs().mean(), torch.tensor(1.0)]) for w in waveforms])
        return AudioEmbeddings(rows / rows.norm(dim=1, keepdim=True), rows)

    def _text(self, texts: Sequence[str]) -> Tensor:
        rows = torch.tensor([[float(len(text)), 1.0] for text in texts])
        return rows / rows.norm(dim=1, keepdim=True)
