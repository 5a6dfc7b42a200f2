"""Every row of the table of bad media in limbeck.media.decode."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
import torch
from av.stream import Disposition
from PIL import Image

from limbeck.errors import InputError, MediaError
from limbeck.media import (
    ClipRecipe,
    MelRecipe,
    RawClip,
    _container,
    log_mel,
    probe,
    read_clip,
    read_frame,
    read_sound,
    sound_windows,
    write_video,
    write_wav,
)

RATE = 22050
RECIPE = ClipRecipe(mel=MelRecipe(sample_rate_hz=RATE, clip_seconds=1.0), image_size=32)
TONE = (0.5 * np.sin(2 * np.pi * 440 * np.arange(4 * RATE) / RATE)).astype(np.float32)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds, 25 frames a second, frame i grey of level 2 i, every tenth frame a key frame."""
    folder = tmp_path_factory.mktemp("good")
    write_video(
        folder / "good.mp4",
        (np.full((32, 32, 3), 2 * i, np.uint8) for i in range(100)),
        fps=25,
        waveform=TONE[None],
        sample_rate_hz=RATE,
    )
    write_wav(folder / "good.wav", TONE, RATE)
    Image.new("RGB", (20, 20), (10, 20, 200)).save(folder / "good.png")
    return folder


def _read(audio: Path, image: Path | None = None, start_s: float = 1.0, length_s: float | None = 1.0) -> RawClip:
    return read_clip(audio, image or audio, start_s=start_s, length_s=length_s, recipe=RECIPE)


def _reason(call: Callable[[], object]) -> str:
    with pytest.raises(MediaError) as caught:
        call()
    assert caught.value.detail[-1] in ".:?" or ": " in caught.value.detail
    return caught.value.reason


def test_the_good_file_is_good(good: Path) -> None:
    clip = _read(good / "good.mp4")
    assert clip.repairs == ()
    assert clip.waveform.shape == (RATE,)
    assert abs(int(clip.frame[5, 5, 0]) - 74) <= 2  # 1.5 s lies between frames 37 and 38: the earlier


def test_missing_file(tmp_path: Path, good: Path) -> None:
    assert _reason(lambda: _read(tmp_path / "nothing.mp4")) == "missing_file"
    assert _reason(lambda: _read(good / "good.wav", tmp_path / "nothing.png")) == "missing_file"
    assert _reason(lambda: probe(tmp_path / "nothing.mp4")) == "missing_file"
    link = tmp_path / "link.mp4"
    link.symlink_to(tmp_path / "gone.mp4")
    assert _reason(lambda: _read(link)) == "missing_file"


def test_unreadable_file(tmp_path: Path, good: Path) -> None:
    assert _reason(lambda: _read(tmp_path)) == "unreadable_file"
    locked = tmp_path / "locked.wav"
    locked.write_bytes((good / "good.wav").read_bytes())
    locked.chmod(0)
    if os.geteuid() != 0:
        assert _reason(lambda: _read(locked, good / "good.png")) == "unreadable_file"
    os.mkfifo(tmp_path / "pipe.mp4")
    assert _reason(lambda: _read(tmp_path / "pipe.mp4")) == "unreadable_file"


def test_empty_file(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    assert _reason(lambda: _read(tmp_path / "a.mp4")) == "empty_file"
    assert _reason(lambda: probe(tmp_path / "a.mp4")) == "empty_file"


@pytest.mark.parametrize(
    "content",
    [
        b"To whom it may concern,\n" * 50,
        b"\x1b[31mcolours of a terminal\x1b[0m\n" * 50,
        b"\x00" * 5000,
        b'{"a": 1}',
        bytes(range(256)) * 20,
        b"x",
    ],
)
@pytest.mark.parametrize("ending", ["mp4", "txt", "png", "wav", ""])
def test_not_media(tmp_path: Path, content: bytes, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    path.write_bytes(content)
    assert _reason(lambda: _read(path)) == "not_media"
    assert _reason(lambda: probe(path)) == "not_media"


@pytest.mark.parametrize("name", ["a.m3u8", "a.mp4", "a.ffconcat", "a.sdp"])
def test_files_that_point_to_other_files_are_refused(tmp_path: Path, good: Path, name: str) -> None:
    target = good / "good.mp4"
    scripts = {
        "a.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n{target}\n#EXT-X-ENDLIST\n",
        "a.mp4": f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nfile://{target}\n#EXT-X-ENDLIST\n",
        "a.ffconcat": f"ffconcat version 1.0\nfile '{target.name}'\n",
        "a.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 97\n"
        "a=rtpmap:97 MPEG4-GENERIC/44100\n",
    }
    path = tmp_path / name
    path.write_text(scripts[name])
    (tmp_path / target.name).write_bytes(target.read_bytes())
    assert _reason(lambda: _read(path)) == "not_media"


def test_the_content_decides_not_the_ending(tmp_path: Path, good: Path) -> None:
    (tmp_path / "a.png").write_bytes((good / "good.mp4").read_bytes())
    (tmp_path / "%03d-*.mp4").write_bytes((good / "good.png").read_bytes())
    clip = _read(tmp_path / "a.png", tmp_path / "%03d-*.mp4")
    np.testing.assert_allclose(clip.frame[3, 3], (10, 20, 200), atol=2)


def test_not_media_where_the_index_is_cut_off(tmp_path: Path, good: Path) -> None:
    whole = (good / "good.mp4").read_bytes()
    (tmp_path / "a.mp4").write_bytes(whole[: len(whole) // 2])
    assert _reason(lambda: _read(tmp_path / "a.mp4")) == "not_media"


def test_unknown_codec(tmp_path: Path, good: Path) -> None:
    (tmp_path / "a.mp4").write_bytes((good / "good.mp4").read_bytes().replace(b"avc1", b"zzzz"))
    wav = bytearray((good / "good.wav").read_bytes())
    struct.pack_into("<H", wav, 20, 0x7777)
    (tmp_path / "a.wav").write_bytes(wav)
    assert _reason(lambda: _read(tmp_path / "a.mp4")) == "unknown_codec"
    assert _reason(lambda: _read(tmp_path / "a.wav", good / "good.png")) == "unknown_codec"
    assert probe(tmp_path / "a.mp4").has_audio
    assert not probe(tmp_path / "a.mp4").has_picture


def test_no_audio_track(tmp_path: Path, good: Path) -> None:
    _one_track_video(tmp_path / "a.mp4", 30)
    assert _reason(lambda: _read(tmp_path / "a.mp4")) == "no_audio_track"
    assert _reason(lambda: _read(good / "good.png", good / "good.png")) == "no_audio_track"
    assert _reason(lambda: read_clip(None, good / "good.png", recipe=RECIPE)) == "no_audio_track"


def test_no_picture_track(tmp_path: Path, good: Path) -> None:
    assert _reason(lambda: _read(good / "good.wav")) == "no_picture_track"
    assert _reason(lambda: read_clip(good / "good.wav", None, recipe=RECIPE)) == "no_picture_track"


def test_a_cover_picture_is_no_picture_track(tmp_path: Path, good: Path) -> None:
    _coded_sound(tmp_path / "plain.mp3", "libmp3lame", TONE)
    frame = b"\x00image/png\x00\x03\x00" + (good / "good.png").read_bytes()
    tag = b"APIC" + struct.pack(">IH", len(frame), 0) + frame
    size = bytes((len(tag) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    (tmp_path / "a.mp3").write_bytes(b"ID3\x03\x00\x00" + size + tag + (tmp_path / "plain.mp3").read_bytes())
    with av.open(str(tmp_path / "a.mp3")) as container:
        assert len(container.streams.video) == 1
    assert _reason(lambda: _read(tmp_path / "a.mp3")) == "no_picture_track"
    assert not probe(tmp_path / "a.mp3").has_picture


@pytest.mark.parametrize("ending", ["wav", "ogg", "mp4"])
def test_silent_audio(tmp_path: Path, good: Path, ending: str) -> None:
    path, wave = tmp_path / f"a.{ending}", TONE.copy()
    wave[: 3 * RATE] = 0
    if ending == "mp4":
        write_video(path, [np.zeros((32, 32, 3), np.uint8)] * 4, fps=1, waveform=wave[None], sample_rate_hz=RATE)
    else:
        soundfile.write(path, wave, RATE)
    assert _reason(lambda: _read(path, good / "good.png", start_s=1.0)) == "silent_audio"
    assert _read(path, good / "good.png", start_s=3.0).repairs == ()


@pytest.mark.parametrize("balance", [(1.0, -1.0), (1.0, -0.9), (0.3, -0.3), (0.1, 0.5, -0.6)])
def test_channels_that_cancel_each_other_out(tmp_path: Path, balance: tuple[float, ...]) -> None:
    channels = np.outer(TONE, np.array(balance, np.float32))
    soundfile.write(tmp_path / "a.wav", channels, RATE, subtype="FLOAT")
    heard, repairs = read_sound(tmp_path / "a.wav", start_s=1.0, length_s=1.0, recipe=RECIPE.mel)
    loud = next(c for c in balance if abs(c) >= 0.5 * max(map(abs, balance)))
    np.testing.assert_allclose(heard, loud * TONE[RATE : 2 * RATE], atol=1e-4)
    assert repairs == ("the channels cancel each other out for 1.00 s: one of them used",)
    windows = list(sound_windows(tmp_path / "a.wav", sample_rate_hz=RATE, window_s=1.0, hop_s=1.0))
    np.testing.assert_allclose(windows[1].samples, heard, atol=1e-4)


@pytest.mark.parametrize("balance", [(1.0, 1.0), (1.0, 0.0), (1.0, -0.5), (0.0, 0.0, 0.0, 0.0, 0.0, 1.0)])
def test_channels_are_else_averaged(tmp_path: Path, balance: tuple[float, ...]) -> None:
    soundfile.write(tmp_path / "a.wav", np.outer(TONE, np.array(balance, np.float32)), RATE, subtype="FLOAT")
    heard, repairs = read_sound(tmp_path / "a.wav", start_s=1.0, length_s=1.0, recipe=RECIPE.mel)
    np.testing.assert_allclose(heard, np.mean(balance) * TONE[RATE : 2 * RATE], atol=1e-4)
    assert repairs == ()


def test_a_clip_too_short_for_one_frame_is_refused_in_the_recipe() -> None:
    with pytest.raises(InputError, match=r"clips of 0.01 s at 8000 Hz have 80 samples, too few for one frame of 400"):
        MelRecipe.from_json({"sample_rate_hz": 8000, "clip_seconds": 0.01})
    shortest = MelRecipe(sample_rate_hz=8000, clip_seconds=201 / 8000)
    assert log_mel(torch.zeros(shortest.samples), shortest).shape == shortest.shape


def test_a_picture_in_tiles_is_no_picture(good: Path) -> None:
    """Made by libavif's avifenc with two by two tiles."""
    tiled = Path(__file__).parent / "data" / "tiled.avif"
    assert _reason(lambda: read_frame(tiled, recipe=RECIPE)) == "tiled_picture"
    assert _reason(lambda: _read(good / "good.wav", tiled)) == "tiled_picture"


@pytest.mark.parametrize("format", ["matroska", "mp4"])
@pytest.mark.parametrize("default", [0, 1])
def test_of_several_tracks_the_default_one_is_used(tmp_path: Path, format: str, default: int) -> None:
    path = tmp_path / "media"
    with av.open(str(path), "w", format=format) as out:
        videos = [out.add_stream("mpeg4", rate=10) for _ in range(2)]
        audios = [out.add_stream("aac", rate=RATE, layout="mono") for _ in range(2)]
        for i, (video, audio) in enumerate(zip(videos, audios, strict=True)):
            video.width, video.height, video.pix_fmt = 32, 32, "yuv420p"
            video.disposition = audio.disposition = Disposition.default if i == default else Disposition(0)
        for i, (video, audio) in enumerate(zip(videos, audios, strict=True)):
            image = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 60 + 100 * i, np.uint8), format="rgb24")
            for k in range(20):
                image.pts, image.time_base = k, Fraction(1, 10)
                out.mux(video.encode(image))
            sound = av.AudioFrame.from_ndarray(TONE[None, : 2 * RATE] / (1 + i), format="fltp", layout="mono")
            sound.sample_rate, sound.pts, sound.time_base = RATE, 0, Fraction(1, RATE)
            out.mux(audio.encode(sound))
            out.mux([*video.encode(None), *audio.encode(None)])
    clip = _read(path, start_s=0.5)
    assert abs(float(clip.frame.mean()) - (60 + 100 * default)) < 3
    assert np.abs(clip.waveform).max() == pytest.approx(0.5 / (1 + default), abs=0.05)


@pytest.mark.parametrize("length_s", [0.4, None])
def test_short_clips_are_padded_and_say_so(tmp_path: Path, length_s: float | None) -> None:
    write_wav(tmp_path / "a.wav", TONE[: round((0.4 if length_s is None else 2.0) * RATE)], RATE)
    heard, repairs = read_sound(tmp_path / "a.wav", length_s=length_s, recipe=RECIPE.mel)
    assert repairs == ("the clip is 0.40 s long: padded to 1.00 s with silence",)
    assert not heard[round(0.41 * RATE) :].any()


def test_a_constant_level_is_silence(tmp_path: Path, good: Path) -> None:
    path = tmp_path / "level.wav"
    write_wav(path, np.full(3 * 22050, -0.25, np.float32), 22050)
    assert _reason(lambda: _read(path, good / "good.png", start_s=1.0)) == "silent_audio"


def test_the_faintest_16_bit_sound_is_not_silent(tmp_path: Path) -> None:
    wave = np.zeros(2 * RATE, np.float32)
    wave[1000] = 2**-15
    write_wav(tmp_path / "a.wav", wave, RATE)
    assert np.abs(read_sound(tmp_path / "a.wav", recipe=RECIPE.mel)[0]).max() > 0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity(tmp_path: Path, bad: float) -> None:
    wave = TONE.copy()
    wave[100:110] = bad
    soundfile.write(tmp_path / "a.wav", wave, RATE, subtype="FLOAT")
    mended, repairs = read_sound(tmp_path / "a.wav", length_s=1.0, recipe=RECIPE.mel)
    assert repairs == ("10 samples were NaN or infinite: set to 0",)
    np.testing.assert_array_equal(mended, np.where(np.isfinite(wave), wave, 0)[:RATE])
    wave[: 3 * RATE] = bad
    soundfile.write(tmp_path / "a.wav", wave, RATE, subtype="FLOAT")
    assert _reason(lambda: read_sound(tmp_path / "a.wav", recipe=RECIPE.mel)) == "nan_audio"


def test_samples_beyond_full_scale(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", 4 * TONE, RATE, subtype="FLOAT")
    clipped, repairs = read_sound(tmp_path / "a.wav", length_s=1.0, recipe=RECIPE.mel)
    assert repairs == ("samples reached 2.00: clipped to 1",)
    np.testing.assert_array_equal(clipped, np.clip(4 * TONE[:RATE], -1, 1))
    soundfile.write(tmp_path / "a.wav", 32767 * TONE, RATE, subtype="FLOAT")
    assert _reason(lambda: read_sound(tmp_path / "a.wav", recipe=RECIPE.mel)) == "absurd_loudness"
    soundfile.write(tmp_path / "a.wav", (1e38 * TONE).astype(np.float32), RATE, subtype="FLOAT")
    assert _reason(lambda: read_sound(tmp_path / "a.wav", recipe=RECIPE.mel)) == "absurd_loudness"


@pytest.mark.parametrize("rate", [1, 999, 768_001, 2**31 - 1, 2**32 - 1])
def test_absurd_sample_rate(tmp_path: Path, good: Path, rate: int) -> None:
    data = bytearray((good / "good.wav").read_bytes())
    struct.pack_into("<I", data, 24, rate)
    (tmp_path / "a.wav").write_bytes(data)
    assert _reason(lambda: _read(tmp_path / "a.wav", good / "good.png", 0.0)) in {"absurd_sample_rate", "not_media"}


def test_format_changes(tmp_path: Path, good: Path) -> None:
    _coded_sound(tmp_path / "a.aac", "aac", TONE[:RATE], RATE)
    _coded_sound(tmp_path / "b.aac", "aac", TONE[:RATE], 44100)
    (tmp_path / "c.aac").write_bytes((tmp_path / "a.aac").read_bytes() + (tmp_path / "b.aac").read_bytes())
    assert _reason(lambda: _read(tmp_path / "c.aac", good / "good.png", 0.5)) == "format_changes"


def test_sound_that_ends_early_is_padded(good: Path) -> None:
    clip = _read(good / "good.wav", good / "good.png", start_s=3.5)
    assert clip.repairs == ("sound ended 0.50 s early: padded with silence",)
    np.testing.assert_allclose(clip.waveform[: RATE // 2], TONE[-RATE // 2 :], atol=1e-4)
    assert not clip.waveform[RATE // 2 :].any()


def test_sound_to_the_end_of_the_file_needs_no_repair(good: Path) -> None:
    assert _read(good / "good.wav", good / "good.png", start_s=3.0, length_s=None).repairs == ()


def test_sound_that_begins_late_and_has_holes(tmp_path: Path, good: Path) -> None:
    """Packets of uncompressed sound with time stamps that leave 0 to 0.3 s and 0.6 to 0.8 s out."""
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as out:
        video = out.add_stream("mjpeg", rate=25)
        video.width, video.height, video.pix_fmt = 32, 32, "yuvj420p"
        stream = out.add_stream("pcm_s16le", rate=RATE, layout="mono")
        for i in range(50):
            image = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 90, np.uint8), format="rgb24")
            image.pts, image.time_base = i, Fraction(1, 25)
            out.mux(video.encode(image))
        for tenth in range(20):
            if tenth in (0, 1, 2, 6, 7):
                continue
            at = tenth * RATE // 10
            whole = (TONE[None, at : at + RATE // 10] * 32767).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(whole, format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE, at, Fraction(1, RATE)
            out.mux(stream.encode(frame))
        for track in (video, stream):
            out.mux(track.encode(None))
    clip = _read(path, start_s=0.0)
    assert clip.repairs == (
        "sound began 0.30 s late: silence put before it",
        "sound had holes of 0.20 s: filled with silence",
    )
    lit = np.abs(clip.waveform.reshape(10, -1)).max(1) > 0.1
    np.testing.assert_array_equal(lit, [t not in (0, 1, 2, 6, 7) for t in range(10)])
    slack = RATE // 1000  # Matroska's clock ticks in milliseconds
    errors = [
        np.abs(np.roll(clip.waveform, d) - TONE[:RATE])[RATE // 2 - 999 : RATE // 2 + 999].max()
        for d in range(-slack, slack)
    ]
    assert min(errors) < 0.01


def test_beyond_end(tmp_path: Path, good: Path) -> None:
    picture = good / "good.png"
    assert _reason(lambda: _read(good / "good.wav", picture, start_s=4.0)) == "beyond_end"
    assert _reason(lambda: _read(good / "good.wav", picture, start_s=1e6)) == "beyond_end"
    assert _reason(lambda: _read(good / "good.wav", picture, start_s=99, length_s=None)) == "beyond_end"
    assert _reason(lambda: _read(good / "good.mp4", start_s=50)) == "beyond_end"
    assert _reason(lambda: _read(good / "good.wav", picture, start_s=3.95)) == "beyond_end"  # a twentieth is left
    assert "0.20" not in _read(good / "good.wav", picture, start_s=3.85).repairs[0]
    _one_track_video(tmp_path / "a.mp4", 10)
    assert _reason(lambda: _read(good / "good.wav", tmp_path / "a.mp4", start_s=2.0)) == "beyond_end"


@pytest.mark.parametrize(
    ("start_s", "length_s", "at_s"),
    [
        (-1, 1, None),
        (0, 0, None),
        (0, -1, None),
        (np.nan, 1, None),
        (0, np.nan, None),
        (np.inf, 1, None),
        (0, 1, -3),
        (1e300, 1, 0),
    ],
)
def test_bad_segment(good: Path, start_s: float, length_s: float, at_s: float | None) -> None:
    path = good / "good.mp4"
    call = lambda: read_clip(path, path, start_s=start_s, length_s=length_s, recipe=RECIPE, frame_at_s=at_s)  # noqa: E731
    assert _reason(call) == "bad_segment"


def test_files_cut_short_are_used_as_far_as_they_go(tmp_path: Path, good: Path) -> None:
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, 4 * RATE)
    soundfile.write(tmp_path / "whole.ogg", noise, RATE)
    for source in (good / "good.wav", tmp_path / "whole.ogg"):
        data = source.read_bytes()
        cut = tmp_path / f"cut{source.suffix}"
        cut.write_bytes(data[: len(data) // 2])
        assert _read(cut, good / "good.png", start_s=0.2).repairs == ()
        assert _reason(lambda cut=cut: _read(cut, good / "good.png", start_s=3.0)) in {"beyond_end", "undecodable"}
    half = _read(tmp_path / "cut.wav", good / "good.png", start_s=1.5)
    assert half.repairs == ("sound ended 0.50 s early: padded with silence",)
    long = ClipRecipe(mel=MelRecipe(sample_rate_hz=RATE, clip_seconds=3.0), image_size=32)
    _coded_sound(tmp_path / "whole.mkv", "aac", noise.astype(np.float32))
    data = (tmp_path / "whole.mkv").read_bytes()
    (tmp_path / "cut.mkv").write_bytes(data[: len(data) // 2])
    told = read_clip(tmp_path / "cut.mkv", good / "good.png", recipe=long).repairs
    assert any(t.startswith("sound ended 1.") and t.endswith("before the file's claimed end") for t in told), told
    png = (good / "good.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(png[:45])
    assert _reason(lambda: _read(good / "good.wav", tmp_path / "cut.png")) == "undecodable"


def test_corrupt_packets_in_the_middle_are_skipped(tmp_path: Path, good: Path) -> None:
    path = _spoilt(tmp_path, good / "good.mp4", "audio", 1.4, 1.6)
    clip = _read(path, start_s=1.0)
    assert any("of sound skipped" in r for r in clip.repairs)
    assert any("sound had holes of 0.19" in r for r in clip.repairs)
    assert not clip.waveform[round(0.47 * RATE) : round(0.53 * RATE)].any()
    np.testing.assert_allclose(clip.waveform[4000:8000], TONE[RATE + 4000 : RATE + 8000], atol=0.02)
    assert _read(path, start_s=2.5).repairs == ()
    gone = _spoilt(tmp_path, good / "good.mp4", "audio", 0.5, 2.5)
    assert _reason(lambda: _read(gone, start_s=1.0)) == "undecodable"


def test_the_nearest_whole_frame_stands_for_a_corrupt_one(tmp_path: Path, good: Path) -> None:
    source = tmp_path / "keys.mp4"
    _one_track_video(source, 100, gop=1)
    path = _spoilt(tmp_path, source, "video", 1.4, 1.6)
    clip = _read(good / "good.wav", path, start_s=1.0)
    assert any("of picture skipped" in r for r in clip.repairs)
    assert abs(int(clip.frame[5, 5, 0]) - 2 * 34) <= 4 or abs(int(clip.frame[5, 5, 0]) - 2 * 41) <= 4
    gone = _spoilt(tmp_path, source, "video", 0.5, 2.5)
    assert _reason(lambda: _read(good / "good.wav", gone, start_s=1.0)) == "undecodable"


def test_one_frame_only(tmp_path: Path, good: Path) -> None:
    _one_track_video(tmp_path / "a.mp4", 1)
    for start_s in (0.0, 2.0):
        clip = _read(good / "good.wav", tmp_path / "a.mp4", start_s=start_s)
        assert clip.repairs == ("the picture track has one frame only: used for the whole clip",)
    assert _read(good / "good.wav", good / "good.png", start_s=2.0).repairs == ()


def test_a_picture_that_ends_in_the_segment(tmp_path: Path, good: Path) -> None:
    _one_track_video(tmp_path / "a.mp4", 30)  # to 1.2 s
    clip = _read(good / "good.wav", tmp_path / "a.mp4", start_s=1.0)
    assert clip.repairs == ("the picture ended 0.30 s before the wanted time: last frame used",)
    assert abs(int(clip.frame[5, 5, 0]) - 58) <= 4


def test_no_time_stamps(tmp_path: Path, good: Path) -> None:
    _one_track_video(tmp_path / "a.h264", 50)
    clip = _read(good / "good.wav", tmp_path / "a.h264", start_s=0.5)
    assert abs(int(clip.frame[5, 5, 0]) - 50) <= 6


@pytest.mark.parametrize("fps", [1000, Fraction(1, 100)])
def test_absurd_frame_rates_are_not_believed(tmp_path: Path, good: Path, fps: float) -> None:
    frames = [np.full((32, 32, 3), 80, np.uint8)] * 4
    write_video(tmp_path / "a.mp4", frames, fps=float(fps), waveform=TONE[None], sample_rate_hz=RATE)
    clip = _read(tmp_path / "a.mp4", start_s=0.0, length_s=0.2)
    assert abs(int(clip.frame[5, 5, 0]) - 80) <= 2


@pytest.mark.parametrize("claimed", [0, 1, 2**31, 2**32 - 1])
def test_absurd_durations_are_not_believed(tmp_path: Path, good: Path, claimed: int) -> None:
    """In the heads of a WAV and of an MP4 file."""
    wav = bytearray((good / "good.wav").read_bytes())
    struct.pack_into("<I", wav, 40, claimed or 2**32 - 1)
    (tmp_path / "a.wav").write_bytes(wav)
    if claimed != 1:
        assert _read(tmp_path / "a.wav", good / "good.png").repairs == ()
    mp4 = bytearray((good / "good.mp4").read_bytes())
    struct.pack_into(">I", mp4, mp4.index(b"mvhd") + 20, claimed)
    (tmp_path / "a.mp4").write_bytes(mp4)
    assert _read(tmp_path / "a.mp4").repairs == ()


@pytest.mark.parametrize(("width", "height"), [(60_000, 60_000), (20_000, 10_000), (2**31 - 1, 2**31 - 1), (0, 10)])
def test_absurd_picture_size(tmp_path: Path, good: Path, width: int, height: int) -> None:
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    png = (good / "good.png").read_bytes()
    data = png[:8] + struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head)) + png[33:]
    (tmp_path / "a.png").write_bytes(data)
    reason = _reason(lambda: _read(good / "good.wav", tmp_path / "a.png"))
    assert reason in {"absurd_picture_size", "undecodable", "not_media"}
    assert reason == "absurd_picture_size" or (width, height) != (20_000, 10_000)


def test_absurd_picture_shape(tmp_path: Path, good: Path) -> None:
    Image.new("RGB", (800, 10), (9, 9, 9)).save(tmp_path / "a.png")
    assert _reason(lambda: _read(good / "good.wav", tmp_path / "a.png")) == "absurd_picture_size"
    Image.new("RGB", (1, 1), (200, 9, 9)).save(tmp_path / "b.png")
    np.testing.assert_allclose(_read(good / "good.wav", tmp_path / "b.png").frame[9, 9], (200, 9, 9), atol=2)


def test_absurd_pixel_aspect(tmp_path: Path, good: Path) -> None:
    _one_track_video(tmp_path / "a.mp4", 40, pixel_aspect=Fraction(2, 1))
    data = bytearray((tmp_path / "a.mp4").read_bytes())
    struct.pack_into(">II", data, data.index(b"pasp") + 4, 100, 1)
    (tmp_path / "a.mp4").write_bytes(data)
    assert _read(good / "good.wav", tmp_path / "a.mp4", start_s=0.5).repairs == (
        "pixels claimed to be 100 times as wide as high: taken as square",
    )


def test_odd_angle(tmp_path: Path, good: Path) -> None:
    _one_track_video(tmp_path / "a.mp4", 40, degrees=30)
    assert _read(good / "good.wav", tmp_path / "a.mp4", start_s=0.5).repairs == (
        "the picture is turned by an odd angle: turned by the nearest right angle",
    )


def test_too_much_work(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, good: Path) -> None:
    _one_track_video(tmp_path / "a.mp4", 100, gop=1000)
    monkeypatch.setattr(_container, "MAX_FRAMES", 30)
    assert _reason(lambda: read_frame(tmp_path / "a.mp4", at_s=3.0, recipe=RECIPE)) == "too_much_work"
    assert read_frame(tmp_path / "a.mp4", at_s=0.5, recipe=RECIPE)[1] == ()
    monkeypatch.setattr(_container, "_FREE_BYTES", 1000)
    monkeypatch.setattr(_container, "_MAX_READS", 0)
    assert _reason(lambda: read_frame(tmp_path / "a.mp4", at_s=0.5, recipe=RECIPE)) == "too_much_work"


def test_packets_without_frames_are_not_read_for_ever(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, good: Path
) -> None:
    source = tmp_path / "keys.mp4"
    _one_track_video(source, 100, gop=1)
    path = _spoilt(tmp_path, source, "video", 0.0, 9.0)
    monkeypatch.setattr(_container, "_MAX_DRY_PACKETS", 20)
    assert _reason(lambda: read_frame(path, at_s=3.0, recipe=RECIPE)) == "too_much_work"


def test_whatever_breaks_inside_is_the_files_fault(monkeypatch: pytest.MonkeyPatch, good: Path) -> None:
    for error, reason in [
        (ZeroDivisionError("x"), "undecodable"),
        (MemoryError(), "too_much_work"),
        (OSError(5, "io"), "undecodable"),
    ]:

        def broken(*_: object, error: BaseException = error, **__: object) -> None:
            raise error

        monkeypatch.setattr("limbeck.media._picture.check_size", broken)
        assert _reason(lambda: _read(good / "good.mp4")) == reason


def test_interrupting_is_not_swallowed(monkeypatch: pytest.MonkeyPatch, good: Path) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("limbeck.media._picture.check_size", interrupted)
    with pytest.raises(KeyboardInterrupt):
        _read(good / "good.mp4")


def test_messages_name_the_file_once(good: Path) -> None:
    with pytest.raises(MediaError) as caught:
        _read(good / "good.wav")
    assert str(caught.value).count("good.wav") == 1


def _one_track_video(
    path: Path, count: int, *, gop: int = 12, pixel_aspect: Fraction = Fraction(1), degrees: int = 0
) -> None:
    """Frame i is grey of level 2 i; 25 frames a second; no sound."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"crf": "10", "bf": "0", "sc_threshold": "0"})
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        stream.codec_context.gop_size = gop
        stream.codec_context.sample_aspect_ratio = pixel_aspect
        if degrees:
            stream.set_display_rotation(degrees)
        for i in range(count):
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 2 * i, np.uint8), format="rgb24")
            frame.pts, frame.time_base = i, Fraction(1, 25)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def _coded_sound(path: Path, codec: str, wave: np.ndarray, rate: int = RATE) -> None:
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=rate, layout="mono")
        for at in range(0, len(wave), 1024):
            frame = av.AudioFrame.from_ndarray(wave[None, at : at + 1024], format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = rate, at, Fraction(1, rate)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def _spoilt(folder: Path, source: Path, kind: str, from_s: float, to_s: float) -> Path:
    """A copy with the packets of one track between two times overwritten."""
    data = bytearray(source.read_bytes())
    with av.open(str(source)) as container:
        for packet in container.demux():
            if packet.stream.type == kind and packet.size and from_s <= packet.pts * packet.time_base < to_s:
                data[packet.pos : packet.pos + packet.size] = b"\xff" * packet.size
    path = folder / f"spoilt-{kind}-{from_s}.mp4"
    path.write_bytes(data)
    return path
