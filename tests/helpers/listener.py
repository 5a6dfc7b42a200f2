"""An encoder that knows what three words sound like, and recordings of tones for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from tests.helpers.spectral_encoder import SpectralEncoder

from limbeck.media import write_wav

RATE_HZ = 8000
WORDS = {"low": 200, "middle": 900, "high": 3000}


class Listener(SpectralEncoder):
    """An encoder that knows what three words sound like: a text's vector is that of the tone it names."""

    def _text(self, texts: list[str]) -> torch.Tensor:  # type: ignore[override]
        known = [[hz for word, hz in WORDS.items() if word in text] for text in texts]
        # Other words are tones of their own, which differ from word to word.
        tones = [
            own[0] if own else 400 + 20 * (sum(map(ord, text)) % 97) for own, text in zip(known, texts, strict=True)
        ]
        return self._audio([torch.from_numpy(tone(hz, 1.0, seed=99)) for hz in tones]).joint


def tone(hertz: float, seconds: float, *, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng([seed, round(hertz)])
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    pitch = hertz * rng.uniform(0.98, 1.02)
    return (0.3 * np.sin(2 * np.pi * pitch * at) + 0.003 * rng.standard_normal(len(at))).astype(np.float32)


def recording(path: Path, *parts: float, seconds: float = 2.0, seed: int = 0) -> Path:
    """Tones one after the other, `seconds` each; 0 Hz is noise."""
    noise = np.random.default_rng(seed)
    waves = [
        tone(hz, seconds, seed=seed) if hz else 0.2 * noise.standard_normal(round(seconds * RATE_HZ)) for hz in parts
    ]
    write_wav(path, np.concatenate(waves).astype(np.float32), RATE_HZ)
    return path
