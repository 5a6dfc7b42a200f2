"""A window of a recording to look at and listen to: its spectrogram as PNG and its sound as MP3."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from limbeck.media import MelRecipe, encode, log_mel, read_sound
from limbeck.report import _drawing

RATE_HZ = 16_000
LONGEST_S = 10.0
"""Of longer windows the beginning is shown, in seconds."""
_FFT = 1024
_FRAMES = 128
_MELS = 48
_PEAK = 0.9
_SMALL: dict[str, Any] = {"compression_level": 0.9, "bitrate_mode": "CONSTANT"}
"""Of MP3's settings: 24 kbit/s at this rate, good enough to know a sound by."""

Wave = npt.NDArray[np.float32]


def read(path: Path, start_s: float, duration_s: float) -> Wave:
    """Read a window of the recording at `path`, mono float32 at `RATE_HZ`, (sample,).

    Its loudest sample is brought to 0.9. It begins at `start_s` seconds and is `duration_s` long, of which the first
    ten seconds are read.

    Raises:
        MediaError: The recording cannot be decoded there.
    """
    seconds = _shown(duration_s)
    waveform, _ = read_sound(path, start_s=start_s, length_s=seconds, recipe=_recipe(seconds))
    loudest = float(np.abs(waveform).max())
    return np.asarray(waveform * np.float32(_PEAK / loudest) if loudest > 0 else waveform)


def picture(waveform: Wave) -> bytes:
    """Draw the log-mel spectrogram of what `read` gave, as PNG; low frequencies below."""
    decibels = log_mel(torch.from_numpy(waveform), _recipe(len(waveform) / RATE_HZ))
    return encode.png(_drawing.levels(decibels, _drawing.level_range(decibels)), _drawing.palette())


def sound(waveform: Wave) -> bytes:
    """Code what `read` gave as MP3."""
    return encode.mp3(waveform, RATE_HZ, **_SMALL)


def height_of(hertz: float) -> float:
    """Tell where a frequency stands in a picture, from 0 (below) to 1 (above, the highest frequency shown).

    Example:
        >>> height_of(0), round(height_of(1000), 2), height_of(RATE_HZ / 2)
        (0.0, 0.35, 1.0)
    """
    return float(np.log1p(hertz / 700) / np.log1p(RATE_HZ / 2 / 700))


def _shown(duration_s: float) -> float:
    return min(max(duration_s, 0.1), LONGEST_S)


def _recipe(seconds: float) -> MelRecipe:
    hop = max(16, min(_FFT - 1, round(seconds * RATE_HZ) // _FRAMES))
    return MelRecipe(sample_rate_hz=RATE_HZ, clip_seconds=seconds, fft_samples=_FFT, hop_samples=hop, mels=_MELS)
