"""Recordings to waveforms, as they are or with noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from limbeck._runtime import derive_seed
from limbeck.datasets.sounds import Recording
from limbeck.errors import MediaError
from limbeck.evaluation.sounds._fold import Array
from limbeck.media import is_silent
from limbeck.media.stream import sound_pieces


@dataclass(frozen=True)
class PinkNoise:
    """Pink noise, as much power in each octave as outdoors, mixed into every recording `snr_db` below its power."""

    snr_db: float
    seed: int = 0

    def mixed(self, waveform: Array, name: str) -> Array:
        """A waveform, (sample,), with the noise that the recording's name draws, at the loudness it had."""
        noise = pink(len(waveform), derive_seed(self.seed, "noise", name))
        power = float(np.mean(np.square(waveform, dtype=np.float64)))
        both = waveform + noise * np.sqrt(power / 10 ** (self.snr_db / 10))
        return np.asarray(both / np.sqrt(1 + 10 ** (-self.snr_db / 10)), dtype=np.float32)


def pink(samples: int, seed: int) -> Array:
    """Noise whose power falls as one over frequency, of mean power 1, (sample,).

    Example:
        >>> round(float(np.mean(pink(1000, 0) ** 2)), 3)
        1.0
    """
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(samples))
    shaped = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1)), samples)
    return np.asarray(shaped / np.sqrt(np.mean(shaped**2)), dtype=np.float32)


def load_audio(recording: Recording, rate_hz: int, noise: PinkNoise | None = None) -> Array:
    """The waveform of a recording, mono float32, (sample,).

    Raises:
        MediaError: It cannot be used.
    """
    length = recording.duration_s
    begin = round(recording.start_s * rate_hz)
    end = None if length is None else begin + round(length * rate_hz)
    parts, done = [], 0
    for piece in sound_pieces(recording.path, sample_rate_hz=rate_hz):
        parts.append(piece[max(0, begin - done) :])
        done += len(piece)
        if end is not None and done >= end:
            break
    whole = np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)
    whole = whole if end is None else whole[: end - begin]
    if not len(whole):
        raise MediaError("beyond_end", f"{recording.id} has no sound from {recording.start_s} s on.")
    if is_silent(whole):
        raise MediaError("silent_audio", f"{recording.id} is silent (below -100 dBFS throughout).")
    return noise.mixed(whole, recording.id) if noise else np.asarray(whole, dtype=np.float32)


def pieces(waveform: Array, longest: int) -> list[Array]:
    """A waveform in as few pieces of equal length as are short enough.

    Example:
        >>> [len(p) for p in pieces(np.zeros(25, dtype=np.float32), 10)]
        [9, 8, 8]
    """
    return list(np.array_split(waveform, max(1, -(-len(waveform) // longest))))
