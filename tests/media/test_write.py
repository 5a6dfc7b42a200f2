from __future__ import annotations

import hashlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from limbeck.errors import InputError
from limbeck.media import write_video, write_wav

RATE = 44100
WAVE = (0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)).astype(np.float32)


def _frames(count: int = 25, height: int = 90, width: int = 130) -> Iterator[np.ndarray]:
    for i in range(count):
        frame = np.zeros((height, width, 3), np.uint8)
        frame[:, : 4 * i] = (200, 8 * i % 256, 40)
        yield frame


def test_wav_comes_back(tmp_path: Path) -> None:
    stereo = np.stack([WAVE, 3 * WAVE])
    write_wav(tmp_path / "deep" / "a.wav", stereo, RATE)
    back, rate = soundfile.read(tmp_path / "deep" / "a.wav", always_2d=True)
    assert rate == RATE
    np.testing.assert_allclose(back.T, np.clip(stereo, -1, 1), atol=2**-15)


def test_video_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    write_video(path, _frames(), fps=25, waveform=np.stack([WAVE, -WAVE]), sample_rate_hz=RATE, quality=10)
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    with av.open(str(path)) as container:
        sound = np.concatenate([f.to_ndarray() for f in container.decode(audio=0)], 1)
    assert [f.pts * f.time_base for f in frames] == [Fraction(i, 25) for i in range(25)]
    for frame, expected in zip(frames, _frames(), strict=True):
        error = np.abs(frame.to_ndarray(format="rgb24").astype(int) - expected)
        assert error.mean() < 3
    assert sound.shape[0] == 2
    assert np.abs(sound[0, 2000 : RATE - 2000] - WAVE[2000 : RATE - 2000]).max() < 0.05
    assert np.abs(sound[0] + sound[1]).max() < 0.05


def test_same_arrays_give_the_same_bytes(tmp_path: Path) -> None:
    """x264's macroblock tree reads what lay in memory before; with it these ten files were all different."""
    digests = set()
    for i in range(10):
        rubbish = [np.random.default_rng(i).bytes(50_000) for _ in range(i)]
        del rubbish
        write_video(tmp_path / "a.mp4", _frames(40), fps=25, waveform=WAVE[None], sample_rate_hz=RATE)
        digests.add(hashlib.sha256((tmp_path / "a.mp4").read_bytes()).hexdigest())
    assert len(digests) == 1


def test_sound_and_picture_are_interleaved(tmp_path: Path) -> None:
    """A reader that seeks to second 2 finds both tracks near one place of the file."""
    path = tmp_path / "a.mp4"
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, (1, 4 * RATE)).astype(np.float32)
    write_video(path, _frames(100), fps=25, waveform=noise, sample_rate_hz=RATE)
    with av.open(str(path)) as container:
        order = [(p.stream.type, float(p.dts * p.time_base)) for p in container.demux() if p.dts is not None]
    latest = {"video": 0.0, "audio": 0.0}
    for kind, seconds in order:
        latest[kind] = seconds
        assert abs(latest["video"] - latest["audio"]) < 1.2


def test_failure_leaves_no_file(tmp_path: Path) -> None:
    def broken() -> Iterator[np.ndarray]:
        yield from _frames(3)
        raise RuntimeError("camera")

    with pytest.raises(RuntimeError, match="camera"):
        write_video(tmp_path / "a.mp4", broken(), fps=25, waveform=WAVE[None], sample_rate_hz=RATE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("frames", "waveform", "rate", "words"),
    [
        ([], WAVE[None], RATE, "at least one frame"),
        ([np.zeros((5, 8, 3), np.uint8)], WAVE[None], RATE, "even sides"),
        ([np.zeros((4, 8, 3), np.float32)], WAVE[None], RATE, "uint8"),
        ([np.zeros((64, 64, 3), np.uint8), np.zeros((64, 32, 3), np.uint8)], WAVE[None], RATE, "frame 1"),
        ([np.zeros((64, 64, 3), np.uint8)], WAVE, RATE, "channel, sample"),
        ([np.zeros((64, 64, 3), np.uint8)], WAVE[None] * np.nan, RATE, "finite"),
        ([np.zeros((64, 64, 3), np.uint8)], WAVE[None], 12345, "12345 Hz"),
    ],
)
def test_unfit_arrays_are_refused(
    tmp_path: Path, frames: list[np.ndarray], waveform: np.ndarray, rate: int, words: str
) -> None:
    with pytest.raises(InputError, match=words):
        write_video(tmp_path / "a.mp4", frames, fps=25, waveform=waveform, sample_rate_hz=rate)
    assert not (tmp_path / "a.mp4").exists()
