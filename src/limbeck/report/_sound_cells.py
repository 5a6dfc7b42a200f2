"""A window of a recording as what a page can hold: a small spectrogram and a small sound."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from limbeck.errors import MediaError
from limbeck.media import MelRecipe, encode, log_mel, read_sound
from limbeck.report import _kit, _spectrograms

RATE_HZ = 16_000
LONGEST_S = 10.0
_FFT = 1024
_BANDS = 48
_FRAMES = 128
_PEAK = 0.9
_SMALL: dict[str, Any] = {"compression_level": 0.9, "bitrate_mode": "CONSTANT"}
"""Of MP3's settings: 24 kbit/s at this rate, good enough to know a sound by."""


class Cell(NamedTuple):
    """A window to look at and listen to: addresses of a PNG and an MP3; or else why it could not be read."""

    image: str = ""
    sound: str = ""
    trouble: str = ""


def cell(path: Path, start_s: float, duration_s: float, palette: npt.NDArray[np.uint8] | None = None) -> Cell:
    """Read a window again and code it, of long ones the first ten seconds; with an image where a palette is given."""
    seconds = min(max(duration_s, 0.1), LONGEST_S)
    samples = round(seconds * RATE_HZ)
    recipe = MelRecipe(
        sample_rate_hz=RATE_HZ,
        clip_seconds=seconds,
        fft_samples=_FFT,
        hop_samples=max(16, min(_FFT - 1, samples // _FRAMES)),
        mels=_BANDS,
    )
    try:
        waveform, _ = read_sound(path, start_s=start_s, length_s=seconds, recipe=recipe)
    except MediaError as error:
        return Cell(trouble=str(error))
    loudest = float(np.abs(waveform).max())
    if loudest > 0:
        waveform = waveform * np.float32(_PEAK / loudest)
    image = ""
    if palette is not None:
        decibels = log_mel(torch.from_numpy(waveform), recipe)
        drawn = _spectrograms.levels(decibels, _spectrograms.level_range([decibels]))
        image = _kit.image_uri(encode.png(drawn, palette))
    return Cell(image, _kit.data_uri(encode.mp3(waveform, RATE_HZ, **_SMALL), "audio/mpeg"))
