"""Reading several clips of a file in one pass is reading them one by one."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from tests.helpers.mutate import mutated_files

from limbeck.errors import MediaError
from limbeck.media import ClipRecipe, RawClip, even_times, read_clip, read_clips, several, write_video
from limbeck.media._container import Kind, Media

RECIPE = ClipRecipe(image_size=24)


def one_by_one(path: Path, segments: list[several.Segment], recipe: ClipRecipe) -> list[RawClip | MediaError]:
    results: list[RawClip | MediaError] = []
    for start_s, length_s in segments:
        try:
            results.append(read_clip(path, path, start_s=start_s, length_s=length_s, recipe=recipe))
        except MediaError as error:
            results.append(error)
    return results


def assert_same(path: Path, segments: list[several.Segment]) -> list[RawClip | MediaError]:
    """Both tracks, each alone, and three frames of each; what came of both tracks."""
    for tracks, times in ((("audio",), RECIPE.times), (("image",), RECIPE.times), (("image",), even_times(3))):
        _assert_same(path, segments, RECIPE.model_copy(update={"tracks": tracks, "times": times}))
    return _assert_same(path, segments, RECIPE)


def _assert_same(path: Path, segments: list[several.Segment], recipe: ClipRecipe) -> list[RawClip | MediaError]:
    came = read_clips(path, segments, recipe=recipe)
    for a, b in zip(came, one_by_one(path, segments, recipe), strict=True):
        if isinstance(b, MediaError):
            assert isinstance(a, MediaError)
            assert (a.reason, a.detail) == (b.reason, b.detail)
        else:
            assert isinstance(a, RawClip)
            assert a.shapes == b.shapes == RawClip.blank(recipe).shapes
            assert a.waveform is None or np.array_equal(a.waveform, b.sound)
            assert a.frames is None or np.array_equal(a.frames, b.frames)
            assert a.repairs == b.repairs
    return came


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 s at 12.5 frames a second, key frames up to 20 s apart."""
    path = tmp_path_factory.mktemp("several") / "video.mp4"
    draw = np.random.default_rng(0)
    scene = draw.integers(0, 256, (64, 96, 3), dtype=np.uint8)
    sound = (draw.uniform(-0.5, 0.5, (1, 24 * 16000))).astype(np.float32)
    write_video(path, (np.roll(scene, i, axis=1) for i in range(300)), fps=12.5, waveform=sound, sample_rate_hz=16000)
    return path


def test_neighbours_scattered_and_doubled(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    orders: list[list[several.Segment]] = [
        [(float(s), 1.0) for s in range(10)],
        [(20.0, 1.0), (0.0, 1.0), (0.02, 0.2), (9.37, 1.0), (9.37, 1.0)],
        [(0.0, 0.01), (0.0, 0.05), (11.9, None)],
    ]
    monkeypatch.setattr(several, "_alone", None)
    for segments in orders:
        came = assert_same(video, segments)
        assert all(isinstance(c, RawClip) for c in came)


def test_segments_that_cannot_be_read_are_told_apart(video: Path) -> None:
    came = assert_same(video, [(1.0, 1.0), (23.5, 1.0), (23.96, 0.04), (90.0, 1.0), (-0.5, 1.0), (2.0, 1.0)])
    assert [isinstance(c, RawClip) for c in came] == [True, True, True, False, False, True]


def test_each_frame_is_decoded_once(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = 0
    decode = Media.frames

    def counted(self: Media, kind: Kind, *rest: Any) -> tuple[bool, Iterator[Any]]:
        begins, frames = decode(self, kind, *rest)

        def each() -> Iterator[Any]:
            nonlocal seen
            for frame in frames:
                seen += kind == "picture"
                yield frame

        return begins, each()

    monkeypatch.setattr(Media, "frames", counted)
    read_clips(video, [(float(s), 1.0) for s in range(10)], recipe=RECIPE)
    assert seen <= 9.5 * 12.5 + 2


@pytest.mark.slow
def test_broken_files_are_mended_and_refused_alike(tmp_path: Path) -> None:
    segments: list[several.Segment] = [(0.0, 0.5), (0.5, 0.5), (1.0, 0.5), (1.6, 1.0), (0.2, None)]
    for path in mutated_files(tmp_path / "broken", 100, seed=5):
        assert_same(path, segments)


def test_variable_frame_rate(tmp_path: Path) -> None:
    """The next frame may be nearer and yet not belong to the segment."""
    path = tmp_path / "a.mkv"
    wave = (9000 * np.sin(np.arange(80_000) / 4)).astype(np.int16)
    with av.open(str(path), "w") as out:
        video = out.add_stream("mjpeg", rate=1000)
        video.width, video.height, video.pix_fmt = 32, 32, "yuvj420p"
        video.codec_context.time_base = Fraction(1, 1000)
        audio = out.add_stream("pcm_s16le", rate=8000, layout="mono")
        for i, ms in enumerate((0, 40, 1000, 1010, 5000, 9000)):
            image = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 40 * i, np.uint8), format="rgb24")
            image.pts, image.time_base = ms, Fraction(1, 1000)
            out.mux(video.encode(image))
        sound = av.AudioFrame.from_ndarray(wave[None], format="s16", layout="mono")
        sound.sample_rate, sound.pts = 8000, 0
        out.mux(audio.encode(sound))
        for track in (video, audio):
            out.mux(track.encode(None))
    came = assert_same(path, [(start_s, 1.0) for start_s in (0.0, 1.0, 2.0, 3.0, 3.4, 4.0, 4.6, 6.0, 7.0, 8.0)])
    assert [round(int(c.frame[9, 9, 0]) / 40) for c in came if isinstance(c, RawClip)] == [1, 3, 3, 3, 3, 4, 4, 4, 4, 5]
