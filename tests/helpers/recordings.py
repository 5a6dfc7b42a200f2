"""Recordings of tones and noise from a seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from limbeck.media import write_wav

RATE_HZ = 8000


def recording(path: Path, seconds: float, seed: int) -> Path:
    """One recording: a tone and noise that the seed decides."""
    draw = np.random.default_rng(seed)
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    sound = 0.3 * np.sin(2 * np.pi * draw.uniform(100, 3500) * at)
    sound += draw.uniform(0.001, 0.1) * draw.normal(size=at.size)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_wav(path, np.clip(sound, -1, 1).astype(np.float32), RATE_HZ)
    return path


def recordings(folder: Path, count: int, *, longest_s: float = 7.0) -> list[Path]:
    """Several of different lengths."""
    lengths = np.random.default_rng(0).uniform(0.5, longest_s, count)
    return [recording(folder / f"{i:03d}.wav", float(s), i) for i, s in enumerate(lengths)]
