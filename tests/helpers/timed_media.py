"""Media files that tell the time: second k is grey of level 30 + 40 k and sounds a tone of 500 (k + 1) Hz.

As much noise lies under the tones, so that the place of a piece of sound can be told to the sample.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

SECONDS = 6
SIZE = 32
Wave = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class TimedMedia:
    """How a file is made.

    Attributes:
        format: ffmpeg's name of the container.
        video: Encoder of the picture track, or None.
        audio: Encoder of the sound track, or None.
        rate_hz: Of the sound.
        fps: Frames a second.
        gop: Frames from one key frame to the next.
        video_from_s: When the picture track begins, in seconds of the file.
        audio_from_s: When the sound track begins, in seconds of the file.
        clock_s: What the file's clock shows at second 0.
        kept: Numbers of the frames that are there; None for all.
        layout: Of the channels.
        pix_fmt: Of the pictures.
        options: Of the container.
        video_options: Of the picture's encoder.
        audio_options: Of the sound's encoder.
        is_streamed: Whether the file is written without ever going back, so that its head cannot tell its length.
    """

    format: str
    video: str | None = None
    audio: str | None = None
    rate_hz: int = 16000
    fps: int = 10
    gop: int = 30
    video_from_s: float = 0.0
    audio_from_s: float = 0.0
    clock_s: float = 0.0
    kept: tuple[int, ...] | None = None
    layout: str = "mono"
    pix_fmt: str = "yuv420p"
    options: dict[str, str] = field(default_factory=dict)
    video_options: dict[str, str] = field(default_factory=dict)
    audio_options: dict[str, str] = field(default_factory=dict)
    is_streamed: bool = False


def sound(rate_hz: int) -> Wave:
    """The sound of all seconds, (sample,)."""
    at = np.arange(SECONDS * rate_hz) / rate_hz
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, at.size)
    return (0.3 * np.sin(2 * np.pi * 500 * (np.floor(at) + 1) * at) + noise).astype(np.float32)


def heard(waveform: Wave, rate_hz: int) -> int:
    """Which second a piece of sound is of."""
    spectrum = np.abs(np.fft.rfft(waveform * np.hanning(len(waveform)), 1 << 16))
    return round(float(spectrum.argmax()) * rate_hz / (1 << 16) / 500 - 1)


def shown(frame: npt.NDArray[np.uint8]) -> int:
    """Which second a picture is of."""
    return round((float(frame.mean()) - 30) / 40)


def place_s(piece: Wave, whole: Wave, about_s: float, rate_hz: int, reach_s: float = 0.3) -> float:
    """Where in a sound a piece of it lies, in seconds, found by what is common to all frequencies."""
    begin = max(0, round((about_s - reach_s) * rate_hz))
    around = whole[begin : round((about_s + reach_s) * rate_hz) + len(piece)]
    size = len(around) + len(piece)
    crossed = np.fft.rfft(around, size) * np.conj(np.fft.rfft(piece, size))
    crossed /= np.abs(crossed) + 1e-3 * np.abs(crossed).max()
    lag = int(np.fft.irfft(crossed, size).argmax())
    return (begin + (lag if lag < len(around) else lag - size)) / rate_hz


def write(path: Path, how: TimedMedia) -> Path:
    """Write a file as described."""
    with path.open("wb") as file:
        target: Any = _Forward(file) if how.is_streamed else file
        with av.open(target, "w", format=how.format, options=how.options) as out:
            tracks: list[Iterator[tuple[float, Any]]] = []
            if how.video:
                video = out.add_stream(how.video, rate=how.fps, options=how.video_options)
                video.width, video.height, video.pix_fmt = SIZE, SIZE, how.pix_fmt
                video.codec_context.gop_size = how.gop
                video.codec_context.thread_count = 1
                tracks.append(_packets(video, _frames(how)))
            if how.audio:
                audio = out.add_stream(how.audio, rate=how.rate_hz, layout=how.layout, options=how.audio_options)
                audio.codec_context.open()
                tracks.append(_packets(audio, _sounds(how, audio.codec_context)))
            waiting = [next(t, None) for t in tracks]
            while left := [(w[0], i) for i, w in enumerate(waiting) if w is not None]:
                i = min(left)[1]
                out.mux(waiting[i][1])  # type: ignore[index]
                waiting[i] = next(tracks[i], None)
    return path


class _Forward:
    """A file that cannot go back."""

    def __init__(self, file: io.BufferedWriter) -> None:
        self.write = file.write


def _packets(stream: Any, frames: Iterator[tuple[float, Any]]) -> Iterator[tuple[float, Any]]:
    at = 0.0
    for at, frame in frames:
        for packet in stream.encode(frame):
            yield at, packet
    for packet in stream.encode(None):
        yield at, packet


def _frames(how: TimedMedia) -> Iterator[tuple[float, av.VideoFrame]]:
    for i in range(round(how.video_from_s * how.fps), SECONDS * how.fps):
        if how.kept is None or i in how.kept:
            image = np.full((SIZE, SIZE, 3), 30 + 40 * (i // how.fps), np.uint8)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format=how.pix_fmt)
            frame.pts, frame.time_base = i + round(how.clock_s * how.fps), Fraction(1, how.fps)
            yield i / how.fps, frame


def _sounds(how: TimedMedia, context: Any) -> Iterator[tuple[float, av.AudioFrame]]:
    wave, size = sound(how.rate_hz), context.frame_size or 1024
    form = av.AudioResampler(context.format.name, how.layout, how.rate_hz)
    for begin in range(round(how.audio_from_s * how.rate_hz), len(wave), size):
        part = np.repeat(wave[None, begin : begin + size], context.layout.nb_channels, 0)
        plain = av.AudioFrame.from_ndarray(part, format="fltp", layout=how.layout)
        plain.sample_rate = how.rate_hz
        frame = form.resample(plain)[0]
        frame.pts, frame.time_base = begin + round(how.clock_s * how.rate_hz), Fraction(1, how.rate_hz)
        yield begin / how.rate_hz, frame
