"""Second k of a file is its second k, whatever the container: alone, among other clips, and while windows are cut."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from tests.helpers.timed_media import SECONDS, TimedMedia, heard, place_s, shown, sound, write

from limbeck.datasets.folder import Folder
from limbeck.errors import MediaError
from limbeck.media import (
    ClipRecipe,
    MelRecipe,
    RawClip,
    probe,
    read_clip,
    read_clips,
    read_sound,
    resample,
    sound_windows,
)

RATE = 16000
RECIPE = ClipRecipe(mel=MelRecipe(sample_rate_hz=RATE), image_size=16)
_X264 = {"preset": "ultrafast"}
_B_FRAMES = {"preset": "veryfast", "x264-params": "bframes=3:b-adapt=0"}
_OPEN_GOP = {"preset": "veryfast", "x264-params": "bframes=3:b-adapt=0:open-gop=1:keyint=20:min-keyint=20:scenecut=0"}
_HEVC = {"preset": "ultrafast", "x265-params": "log-level=none:open-gop=1:keyint=20:bframes=3:b-adapt=0:pools=none"}
_EXPERIMENTAL = {"strict": "-2"}


def _of(format: str, video: str | None, audio: str, **more: object) -> TimedMedia:
    options = _X264 if video == "libx264" else {}
    return TimedMedia(**{"format": format, "video": video, "audio": audio, "video_options": options, **more})  # type: ignore[arg-type]


VIDEOS = {
    "mp4": _of("mp4", "libx264", "aac"),
    "mp4 with B-frames": _of("mp4", "libx264", "aac", video_options=_B_FRAMES),
    "mp4 with open GOPs": _of("mp4", "libx264", "libmp3lame", video_options=_OPEN_GOP),
    "mp4 with Opus": _of("mp4", "libx264", "libopus", rate_hz=48000),
    "mp4 in pieces": _of("mp4", "libx264", "aac", options={"movflags": "frag_keyframe+delay_moov"}),
    "mov": _of("mov", "mpeg4", "pcm_s16le"),
    "mov with ADPCM": _of("mov", "mjpeg", "adpcm_ima_qt", pix_fmt="yuvj420p"),
    "mkv": _of("matroska", "libx264", "aac"),
    "mkv with MP3": _of("matroska", "libx264", "libmp3lame", video_options=_B_FRAMES),
    "mkv with FLAC": _of("matroska", "ffv1", "flac"),
    "mkv with Vorbis": _of("matroska", "libx264", "vorbis", layout="stereo", audio_options=_EXPERIMENTAL),
    "webm": _of("webm", "libvpx", "libopus", rate_hz=48000),
    "webm, live": _of("webm", "libvpx", "libopus", rate_hz=48000, is_streamed=True, options={"live": "1"}),
    "avi": _of("avi", "mpeg4", "libmp3lame"),
    "avi with PCM": _of("avi", "mjpeg", "pcm_s16le", pix_fmt="yuvj420p"),
    "avi with ADPCM": _of("avi", "mpeg4", "adpcm_ima_wav"),
    "ts": _of("mpegts", "libx264", "aac"),
    "ts with B-frames": _of("mpegts", "libx264", "mp2", video_options=_B_FRAMES),
    "ts with open GOPs": _of("mpegts", "libx264", "ac3", rate_hz=48000, video_options=_OPEN_GOP),
    "ts of MPEG-2": _of("mpegts", "mpeg2video", "mp2", rate_hz=48000, fps=25),
    "mpg": _of("mpeg", "mpeg2video", "mp2", rate_hz=48000, fps=25),
    "mpg of MPEG-1": _of("mpeg", "mpeg1video", "mp2", rate_hz=44100, fps=25),
    "vob": _of("vob", "mpeg2video", "ac3", rate_hz=48000, fps=25),
    "flv": _of("flv", "flv", "libmp3lame", rate_hz=44100),
    "flv with H.264": _of("flv", "libx264", "aac", rate_hz=44100, video_options=_B_FRAMES),
    "nut": _of("nut", "mpeg4", "libmp3lame"),
    "mp4 with HEVC": _of("mp4", "libx265", "aac", video_options=_HEVC),
    "ts with HEVC": _of("mpegts", "libx265", "aac", video_options=_HEVC),
    "webm with VP9": _of("webm", "libvpx-vp9", "libopus", rate_hz=48000, video_options={"deadline": "realtime"}),
    "wmv": _of("asf", "wmv2", "wmav2", rate_hz=44100, layout="stereo", audio_options={"b": "128000"}),
    "mxf": _of("mxf", "mpeg2video", "pcm_s16le", rate_hz=48000, fps=25),
}
SOUNDS = {
    "ogg": _of("ogg", None, "vorbis", layout="stereo", audio_options=_EXPERIMENTAL),
    "ogg with Opus": _of("ogg", None, "libopus", rate_hz=48000),
    "ogg with FLAC": _of("ogg", None, "flac"),
    "wav": _of("wav", None, "pcm_s16le"),
    "wav with mu-law": _of("wav", None, "pcm_mulaw"),
    "wav with IMA ADPCM": _of("wav", None, "adpcm_ima_wav"),
    "wav with MS ADPCM": _of("wav", None, "adpcm_ms"),
    "wav with Yamaha ADPCM": _of("wav", None, "adpcm_yamaha"),
    "wav with MP3": _of("wav", None, "libmp3lame"),
    "w64 with IMA ADPCM": _of("w64", None, "adpcm_ima_wav"),
    "aiff": _of("aiff", None, "pcm_s16be"),
    "caf": _of("caf", None, "adpcm_ima_qt"),
    "flac": _of("flac", None, "flac"),
    "mp3": _of("mp3", None, "libmp3lame"),
    "mp3 without a head": _of("mp3", None, "libmp3lame", options={"write_xing": "0"}),
    "mp3 of many rates": _of("mp3", None, "libmp3lame", audio_options={"flags": "+qscale", "global_quality": "472"}),
    "m4a": _of("ipod", None, "aac"),
    "m4a with ALAC": _of("ipod", None, "alac"),
    "aac": _of("adts", None, "aac"),
    "ac3": _of("ac3", None, "ac3", rate_hz=48000),
}


def _varied(name: str, how: TimedMedia, seed: int) -> TimedMedia:
    """The file with tracks that begin at different times, a clock that begins anywhere, and frames left out."""
    draw = np.random.default_rng([seed, *name.encode()])
    late_s = float(draw.choice([0.0, 0.2, 0.6, 1.3]))
    video_is_late = bool(draw.integers(2))
    kept = tuple(i for i in range(SECONDS * how.fps) if i % how.fps in (0, 1, 4, 7, 9) or draw.random() < 0.5)
    clock_s = 0.0 if name.startswith("avi") else float(draw.choice([0.0, 3.7, 1000.0]))
    return replace(
        how,
        video_from_s=late_s if video_is_late else 0.0,
        audio_from_s=0.0 if video_is_late or name.startswith(("avi", "mxf")) else late_s,
        clock_s=clock_s,
        gop=int(draw.choice([1, 7, 15, 40, 300])),
        kept=kept if draw.integers(2) and how.fps == 10 and not name.startswith("avi") else None,
    )


def _check(path: Path, how: TimedMedia, seed: int) -> None:
    draw = np.random.default_rng(seed)
    whole = resample(sound(how.rate_hz), how.rate_hz, RATE)
    joined = np.zeros(SECONDS * RATE + RATE, np.float32)
    for window in sound_windows(path, sample_rate_hz=RATE, window_s=1.0, hop_s=1.0):
        begin = round(window.start_s * RATE)
        joined[begin : begin + len(window.samples)] = window.samples
    segments = [(float(k), 1.0) for k in range(SECONDS)]
    segments += [(float(draw.uniform(0, 4.5)), float(draw.uniform(0.5, 1.0))) for _ in range(2)]
    several = read_clips(path, segments, recipe=RECIPE) if how.video else None
    off: list[float] = []
    for i, (start_s, length_s) in enumerate(segments):
        alone = _alone(path, how, start_s, length_s)
        if isinstance(alone, MediaError):
            assert alone.reason == "beyond_end"
            assert start_s + length_s / 2 < max(how.video_from_s, how.audio_from_s) + 0.2, alone
            assert several is None or isinstance(several[i], MediaError)
            continue
        if several is not None:
            same = several[i]
            assert isinstance(same, RawClip), same
            assert np.array_equal(same.waveform, alone.waveform)
            assert np.array_equal(same.frame, alone.frame)
            assert same.repairs == alone.repairs
        middle_s = start_s + length_s / 2
        if how.video and 0.2 < middle_s % 1 < 0.8 and middle_s > how.video_from_s + 0.2:
            assert shown(alone.frame) == int(middle_s), (start_s, length_s)
        if start_s > how.audio_from_s + 0.1 and start_s + length_s < SECONDS - 0.1:
            piece = alone.waveform[: round(length_s * RATE)]
            off.append(place_s(piece, whole, start_s, RATE) - start_s)
            assert abs(place_s(piece, joined, start_s, RATE) - start_s) < 0.0015, (start_s, length_s)
            if start_s == int(start_s):
                assert heard(piece[3000:13000], RATE) == int(start_s)
    assert max(map(abs, off)) < 0.1  # what encoders put before the sound, where the container cannot say so
    assert max(off) - min(off) < 0.0015


def _alone(path: Path, how: TimedMedia, start_s: float, length_s: float) -> RawClip | MediaError:
    try:
        if how.video:
            return read_clip(path, path, start_s=start_s, length_s=length_s, recipe=RECIPE)
        wave, repairs = read_sound(path, start_s=start_s, length_s=length_s, recipe=RECIPE.mel)
        return RawClip(wave, np.zeros((16, 16, 3), np.uint8), repairs)
    except MediaError as error:
        return error


@pytest.mark.parametrize("name", [*VIDEOS, *SOUNDS])
def test_every_second_is_found(tmp_path: Path, name: str) -> None:
    how = {**VIDEOS, **SOUNDS}[name]
    _check(write(tmp_path / "media", how), how, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", VIDEOS)
def test_every_second_is_found_whenever_tracks_begin(tmp_path: Path, name: str, seed: int) -> None:
    how = _varied(name, VIDEOS[name], seed)
    print(how)
    _check(write(tmp_path / "media", how), how, seed)


def _joined(path: Path, name: str, clocks_s: tuple[float, ...]) -> tuple[Path, TimedMedia]:
    """Files of which each has its own clock, put end to end."""
    how = {**VIDEOS, **SOUNDS}[name]
    parts = [write(path.with_suffix(f".{i}"), replace(how, clock_s=clock_s)) for i, clock_s in enumerate(clocks_s)]
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path, how


@pytest.mark.parametrize("clocks_s", [(0.0, 0.0), (50_000.0, 0.0), (0.0, 50_000.0), (20.0, 15.0, 0.0)])
@pytest.mark.parametrize("name", ["ts", "ts with open GOPs", "mpg", "ogg", "ogg with Opus"])
def test_a_clock_that_jumps_goes_on(tmp_path: Path, name: str, clocks_s: tuple[float, ...]) -> None:
    path, how = _joined(tmp_path / "media", name, clocks_s)
    seconds = SECONDS * len(clocks_s)
    assert probe(path).duration_s == pytest.approx(seconds, abs=0.1 * len(clocks_s))
    segments = [(k + 0.2, 0.6) for k in (0, 1, 5, *range(6, seconds, 4), seconds - 1)]
    for start_s, length_s in segments:
        alone = _alone(path, how, start_s, length_s)
        assert isinstance(alone, RawClip), alone
        assert heard(alone.waveform[: RATE // 2], RATE) == int(start_s) % SECONDS
        if how.video:
            assert shown(alone.frame) == int(start_s) % SECONDS
    windows = list(sound_windows(path, sample_rate_hz=RATE, window_s=1.0, hop_s=1.0))
    assert [heard(w.samples[3000:11000], RATE) for w in windows[:seconds]] == [*range(SECONDS)] * len(clocks_s)
    if how.video:
        for segment, clip in zip(segments, read_clips(path, segments, recipe=RECIPE), strict=True):
            alone = _alone(path, how, *segment)
            assert isinstance(clip, RawClip)
            assert isinstance(alone, RawClip)
            assert np.array_equal(clip.waveform, alone.waveform)
            assert np.array_equal(clip.frame, alone.frame)


@pytest.mark.parametrize("before_s", [0.3, 2.0, 5.5])
@pytest.mark.parametrize("name", ["ts", "ts with open GOPs", "ts of MPEG-2"])
def test_a_clock_that_runs_over_goes_on(tmp_path: Path, name: str, before_s: float) -> None:
    """The clock of transport streams has 33 bits at 90 kHz."""
    how = VIDEOS[name]
    path = write(tmp_path / "media", replace(how, clock_s=round(2**33 / 90_000 - before_s, 1)))
    with av.open(str(path)) as container:
        assert container.start_time is not None
        assert container.start_time < 0
    _check(path, how, seed=0)
    assert probe(path).duration_s == pytest.approx(SECONDS, abs=0.1)


@pytest.mark.parametrize("before_s", [0.5, 1.0])
@pytest.mark.parametrize("name", ["mkv", "mkv with MP3", "webm", "flv", "ts"])
def test_a_clock_that_begins_below_zero_is_shown_from_there(tmp_path: Path, name: str, before_s: float) -> None:
    how = replace(VIDEOS[name], clock_s=-before_s, options={"avoid_negative_ts": "disabled"})
    _check(write(tmp_path / "media", how), how, seed=0)


@pytest.mark.parametrize("name", ["mp4", "mp4 with B-frames", "mov"])
def test_what_an_edit_list_hides_is_not_shown(tmp_path: Path, name: str) -> None:
    """Cutting without coding anew keeps what decoders need before the cut, and hides it."""
    how = replace(VIDEOS[name], clock_s=-2.0, options={"avoid_negative_ts": "disabled"})
    path = write(tmp_path / "media", how)
    assert probe(path).duration_s == pytest.approx(SECONDS - 2, abs=0.1)
    segments = [(float(k), 1.0) for k in range(SECONDS - 2)]
    for (start_s, length_s), clip in zip(segments, read_clips(path, segments, recipe=RECIPE), strict=True):
        alone = _alone(path, how, start_s, length_s)
        assert isinstance(alone, RawClip)
        assert isinstance(clip, RawClip)
        assert np.array_equal(clip.waveform, alone.waveform)
        assert np.array_equal(clip.frame, alone.frame)
        assert heard(alone.waveform[3000:13000], RATE) == shown(alone.frame) == start_s + 2


@pytest.mark.parametrize(
    "name", ["mkv", "mkv with MP3", "webm", "webm, live", "flv", "ts", "ogg", "flac", "avi", "aac", "mp3 of many rates"]
)
@pytest.mark.parametrize("clock_s", [0.0, 1000.0])
def test_a_length_that_no_header_tells_is_found(tmp_path: Path, name: str, clock_s: float) -> None:
    how = replace({**VIDEOS, **SOUNDS}[name], is_streamed=True, clock_s=0.0 if name == "avi" else clock_s)
    path = write(tmp_path / "media", how)
    assert probe(path).duration_s == pytest.approx(SECONDS, abs=0.11)
    if name != "avi":
        _check(path, how, seed=0)


def test_a_live_recording_is_cut_into_all_its_seconds(tmp_path: Path) -> None:
    for label in "ab":
        for split in ("train", "test"):
            path = tmp_path / split / label / "live.webm"
            path.parent.mkdir(parents=True)
            write(path, VIDEOS["webm, live"])
    clips = Folder(root=tmp_path, cut=True).clips()
    assert [c.start_s for c in clips if c.label == "a" and c.split == "test"] == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
