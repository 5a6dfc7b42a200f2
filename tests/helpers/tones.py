"""Three tones in noise, an encoder that knows their names, and a classifier of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from tests.helpers.spectral_encoder import SpectralEncoder

from limbeck import sounds
from limbeck.media import write_wav
from limbeck.prototypes import SoundClassifier

RATE_HZ = SpectralEncoder.sample_rate
TONES = {"low": 200, "middle": 900, "high": 3000}


class ToneEncoder(SpectralEncoder):
    """A text's vector is that of the tone it names."""

    def _text(self, texts: Sequence[str]) -> torch.Tensor:
        tones = [next(hz for word, hz in TONES.items() if word in text) for text in texts]
        return super()._audio([torch.from_numpy(tone(hz, 1.0, seed=99)) for hz in tones]).joint


def tone(hertz: float, seconds: float, *, seed: int = 0) -> np.ndarray:
    """A tone at about so many Hz, float32, (sample,)."""
    draw = np.random.default_rng([seed, round(hertz)])
    time = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (0.3 * np.sin(2 * np.pi * hertz * draw.uniform(0.98, 1.02) * time)).astype(np.float32)


def noise(seconds: float, *, seed: int = 0) -> np.ndarray:
    """Faint noise, float32, (sample,)."""
    draw = np.random.default_rng([seed, 7])
    return (0.003 * draw.standard_normal(round(seconds * RATE_HZ))).astype(np.float32)


def field_recording(path: Path, seconds: float, events: Sequence[tuple[str, float, float]], *, seed: int = 0) -> Path:
    """Noise of so many `seconds` with tones in it: each a word, where it begins and where it ends, in seconds."""
    samples = noise(seconds, seed=seed)
    for number, (word, start_s, end_s) in enumerate(events):
        first, piece = round(start_s * RATE_HZ), tone(TONES[word], end_s - start_s, seed=seed + number)
        samples[first : first + len(piece)] += piece
    path.parent.mkdir(parents=True, exist_ok=True)
    write_wav(path, samples, RATE_HZ)
    return path


def tone_classifier(folder: Path, encoder: ToneEncoder, *, words: Sequence[str] = tuple(TONES)) -> SoundClassifier:
    """A classifier, in classifier/ of a folder, of some words, learned from thirty recordings, in windows of 1 s."""
    for word, hertz in TONES.items():
        for number in range(10):
            file = folder / "pool" / word / f"{number}.wav"
            if not file.exists():
                file.parent.mkdir(parents=True, exist_ok=True)
                write_wav(file, tone(hertz, 1.0, seed=number) + noise(1.0, seed=number), RATE_HZ)
    sounds.index(folder / "pool", out=folder / "index", encoder=encoder, window=1.0, workers=1, progress=False)
    return sounds.learn(
        folder / "index", list(words), out=folder / "classifier", reject="auto", encoder=encoder, neighbours=5
    )
