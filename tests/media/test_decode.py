"""The right samples and the right pixels of whole files. What happens to bad ones is in test_rules.py."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from PIL import Image, ImageOps

from limbeck.media import ClipRecipe, MelRecipe, probe, read_clip, read_frame, read_sound, write_video, write_wav

RATE = 44100
NATIVE = MelRecipe(sample_rate_hz=RATE, clip_seconds=0.5)
SMALL = ClipRecipe(mel=NATIVE, image_size=64)


def _noise(seconds: float, rate: int = RATE) -> np.ndarray:
    """Loud broadband sound in which every moment is different."""
    return np.random.default_rng(0).uniform(-0.5, 0.5, round(seconds * rate)).astype(np.float32)


def _grey(levels: Iterable[int], height: int = 64, width: int = 64) -> Iterable[np.ndarray]:
    return (np.full((height, width, 3), level, np.uint8) for level in levels)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds at 25 frames a second; frame i is grey of level i."""
    path = tmp_path_factory.mktemp("video") / "a.mp4"
    chirp = 0.5 * np.sin(2 * np.pi * (200 + 150 * np.arange(10 * RATE) / RATE) * np.arange(10 * RATE) / RATE)
    write_video(
        path, _grey(range(250)), fps=25, waveform=chirp[None].astype(np.float32), sample_rate_hz=RATE, quality=5
    )
    return path


def _write_stills(path: Path, times: list[int], levels: list[int], **stream_options: object) -> None:
    """A video with one frame at each of the given milliseconds."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=1000, options={"crf": "5", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for ms, image in zip(times, _grey(levels), strict=True):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = ms, Fraction(1, 1000)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


@pytest.mark.parametrize(
    ("ending", "subtype"), [("wav", "PCM_16"), ("wav", "PCM_24"), ("wav", "FLOAT"), ("flac", None)]
)
@pytest.mark.parametrize("start_s", [0.0, 0.7, 3.123])
def test_lossless_sound_is_cut_to_the_sample(tmp_path: Path, ending: str, subtype: str | None, start_s: float) -> None:
    wave, path = _noise(4), tmp_path / f"a.{ending}"
    soundfile.write(path, wave, RATE, subtype=subtype)
    cut, repairs = read_sound(path, start_s=start_s, length_s=0.5, recipe=NATIVE)
    first = round(start_s * RATE)
    np.testing.assert_allclose(cut, wave[first : first + NATIVE.samples], atol=2**-15)
    assert cut.dtype == np.float32
    assert repairs == ()


@pytest.mark.parametrize(("container", "codec"), [("ogg", None), ("mp3", "libmp3lame"), ("mp4", "aac"), ("mkv", "aac")])
def test_seeking_gives_the_same_samples_as_decoding_all(tmp_path: Path, container: str, codec: str | None) -> None:
    """A lossy track, once from its beginning and once from the middle, is the same sound sample by sample."""
    at = np.arange(20 * RATE) / RATE  # a chirp: coders replace noise by noise of their own
    wave, path = (0.5 * np.sin(2 * np.pi * (100 + 90 * at) * at)).astype(np.float32), tmp_path / f"a.{container}"
    if codec is None:
        soundfile.write(path, wave, RATE, format="OGG", subtype="VORBIS")
    else:
        _write_sound(path, codec, wave)
    whole, _ = read_sound(path, recipe=MelRecipe(sample_rate_hz=RATE, clip_seconds=20))
    for start_s in (0.4, 7.0, 15.031):
        cut, repairs = read_sound(path, start_s=start_s, length_s=0.5, recipe=NATIVE)
        first = round(start_s * RATE)
        slack = 44 if container == "mkv" else 0  # Matroska's clock ticks in milliseconds
        errors = [np.abs(cut - whole[first + d : first + d + len(cut)]).max() for d in range(-slack, slack + 1)]
        assert min(errors) < 1e-3, f"{start_s}: {min(errors)}"
        assert repairs == ()


def _write_sound(path: Path, codec: str, wave: np.ndarray) -> None:
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=RATE, layout="mono")
        for at in range(0, len(wave), 1152):
            frame = av.AudioFrame.from_ndarray(wave[None, at : at + 1152], format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE, at, Fraction(1, RATE)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def test_vorbis_agrees_with_another_decoder(tmp_path: Path) -> None:
    path = tmp_path / "a.ogg"
    soundfile.write(path, _noise(3), RATE, format="OGG", subtype="VORBIS")
    theirs, _ = soundfile.read(path, dtype="float32")
    ours, _ = read_sound(path, start_s=1.5, length_s=0.5, recipe=NATIVE)
    np.testing.assert_allclose(ours, np.clip(theirs[66150 : 66150 + NATIVE.samples], -1, 1), atol=1e-4)


def test_channels_are_averaged(tmp_path: Path) -> None:
    left, right = _noise(1), np.roll(_noise(1), 999)
    soundfile.write(tmp_path / "a.wav", np.stack([left, right], 1), RATE, subtype="FLOAT")
    both, _ = read_sound(tmp_path / "a.wav", recipe=NATIVE)
    np.testing.assert_allclose(both, ((left + right) / 2)[: NATIVE.samples], atol=1e-6)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_32", "FLOAT", "DOUBLE"])
def test_every_sample_format_has_full_scale_one(tmp_path: Path, subtype: str) -> None:
    wave = (0.9 * np.sin(2 * np.pi * 300 * np.arange(RATE) / RATE)).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", wave, RATE, subtype=subtype)
    back, _ = read_sound(tmp_path / "a.wav", recipe=NATIVE)
    np.testing.assert_allclose(back, wave[: NATIVE.samples], atol=1 / 100 if subtype == "PCM_U8" else 1e-4)


def test_sound_is_resampled_padded_and_cut(tmp_path: Path) -> None:
    tone = (0.5 * np.sin(2 * np.pi * 400 * np.arange(8000) / 8000)).astype(np.float32)
    write_wav(tmp_path / "a.wav", tone[:2400], 8000)
    padded, repairs = read_sound(tmp_path / "a.wav", recipe=MelRecipe())
    assert padded.shape == (11000,)
    assert np.abs(padded[:3000]).max() > 0.45
    assert not padded[3300:].any()
    assert repairs == ("the clip is 0.30 s long: padded to 1.00 s with silence",)
    write_wav(tmp_path / "b.wav", np.tile(tone, 3), 8000)
    for resampler in ("soxr", "sinc_hann"):
        cut, _ = read_sound(tmp_path / "b.wav", recipe=MelRecipe(resampler=resampler))
        expected = 0.5 * np.sin(2 * np.pi * 400 * np.arange(11000) / 11000)
        assert np.abs(cut - expected)[200:-200].max() < 3e-3


@pytest.mark.parametrize(
    ("start_s", "length_s", "at_s", "level"),
    [
        (0.0, 0.5, None, 6),  # middle 0.25 s: frame 6 at 0.24
        (2.0, 0.5, None, 56),  # 2.25 s: frame 56 at 2.24
        (9.0, 0.2, None, 227),  # 9.1 s: between 227 (9.08) and 228 (9.12), the earlier
        (8.0, None, None, 206),  # to the end, kept 0.5 s
        (0.0, 0.5, 7.02, 175),  # 7.00 rather than 7.04: as near, so the earlier
        (0.0, 0.5, 7.03, 176),
        (0.0, 0.5, 9.99, 249),
    ],
)
def test_the_frame_is_the_nearest(
    video: Path, start_s: float, length_s: float | None, at_s: float | None, level: int
) -> None:
    clip = read_clip(video, video, start_s=start_s, length_s=length_s, recipe=SMALL, frame_at_s=at_s)
    assert np.abs(clip.frame.astype(int) - level).max() <= 1
    assert len(clip.repairs) == (length_s == 0.2)  # shorter than the recipe's


def test_seeking_and_decoding_all_give_the_same_frames(video: Path) -> None:
    with av.open(str(video)) as container:
        truth = {i: f.to_ndarray(format="rgb24")[0, 0, 0] for i, f in enumerate(container.decode(video=0))}
    for i in range(0, 250, 17):
        frame, _ = read_frame(video, at_s=i / 25, recipe=SMALL)
        assert abs(int(frame[0, 0, 0]) - int(truth[i])) <= 1


def test_frames_far_from_a_key_frame_are_the_right_ones(tmp_path: Path) -> None:
    """Moving noise with B-frames and one key frame in ten seconds."""
    path, draw = tmp_path / "a.mp4", np.random.default_rng(0)
    texture = draw.integers(0, 255, (64, 64, 3), np.uint8)
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"bf": "3", "sc_threshold": "0", "g": "300"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for i in range(250):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(np.roll(texture, (i, 2 * i), (0, 1)), format="rgb24")))
        out.mux(stream.encode(None))
    with av.open(str(path)) as container:
        truth = [f.to_ndarray(format="rgb24") for f in container.decode(video=0)]
    for i in (0, 1, 12, 13, 14, 100, 101, 102, 103, 211, 248, 249):
        frame, _ = read_frame(path, at_s=i / 25, recipe=SMALL)
        assert int(np.argmin([np.abs(frame.astype(int) - t).mean() for t in truth])) == i


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_variable_frame_rate_goes_by_time_stamps(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    _write_stills(path, [0, 40, 1000, 1010, 5000, 9000], [20, 50, 80, 110, 140, 170])
    for at_s, level in [
        (0.0, 20),
        (0.03, 50),
        (0.6, 80),
        (1.004, 80),
        (1.006, 110),
        (2.0, 110),
        (4.9, 140),
        (6.0, 140),
    ]:
        frame, _ = read_frame(path, at_s=at_s, recipe=SMALL)
        expected = {4.9: 110}.get(at_s, level)  # 5.0 s is nearer, but at 4.9 s the earlier one is still shown
        expected = {0.03: 20, 0.6: 50, 1.006: 80}.get(at_s, expected)
        assert abs(int(frame[32, 32, 0]) - expected) <= 2, at_s


def test_within_the_segment_the_nearest_frame_wins(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    _write_stills(path, [0, 40, 1000, 1010, 5000, 9000], [20, 50, 80, 110, 140, 170])
    write_wav(tmp_path / "a.wav", _noise(10), RATE)
    recipe = ClipRecipe(mel=MelRecipe(clip_seconds=2.0), image_size=64)
    for start_s, level in [(3.2, 110), (3.9, 140), (6.2, 140), (7.5, 170)]:
        clip = read_clip(tmp_path / "a.wav", path, start_s=start_s, length_s=2.0, recipe=recipe)
        expected = {3.2: 140}.get(start_s, level)  # middle 4.2 s: 5.0 s is nearer than 1.01 s and in the segment
        assert abs(int(clip.frame[32, 32, 0]) - expected) <= 2, start_s


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photos_are_turned_upright(tmp_path: Path, orientation: int) -> None:
    draw = np.random.default_rng(0).integers(0, 255, (2, 2, 3), np.uint8)
    photo = Image.fromarray(np.kron(draw, np.ones((32, 32, 1), np.uint8)))
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo.save(tmp_path / "a.jpg", exif=exif, quality=98, subsampling=0)
    ours, _ = read_frame(tmp_path / "a.jpg", recipe=SMALL)
    theirs = np.asarray(ImageOps.exif_transpose(Image.open(tmp_path / "a.jpg")))
    assert np.abs(ours.astype(int) - theirs).mean() < 3


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_videos_are_turned_upright(tmp_path: Path, degrees: int) -> None:
    """The corner that is red in the file goes where turning counterclockwise takes it."""
    picture = np.zeros((64, 96, 3), np.uint8)
    picture[:32, :48] = (250, 0, 0)
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.set_display_rotation(degrees)
        for _ in range(5):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode(None))
    frame, _ = read_frame(path, recipe=SMALL)
    with av.open(str(path)) as container:
        claimed = next(container.decode(video=0)).rotation
    red = np.rot90(np.array([[1, 0], [0, 0]]), claimed // 90)
    np.testing.assert_array_equal(frame[16::32, 16::32, 0] > 125, red == 1)
    assert claimed % 360 == degrees


def _bars(width: int, height: int) -> np.ndarray:
    """Left third red, middle green, right blue, and a white top quarter."""
    image = np.zeros((height, width, 3), np.uint8)
    for i in range(3):
        image[:, i * width // 3 : (i + 1) * width // 3, i] = 255
    image[: height // 4] = 255
    return image


def test_stretch_crop_and_letterbox(tmp_path: Path) -> None:
    Image.fromarray(_bars(120, 60)).save(tmp_path / "a.png")
    recipes = {fit: ClipRecipe(image_size=60, fit=fit) for fit in ("stretch", "crop", "letterbox")}
    made = {fit: read_frame(tmp_path / "a.png", recipe=r)[0].astype(int) for fit, r in recipes.items()}
    assert all(m.shape == (60, 60, 3) for m in made.values())
    np.testing.assert_allclose(made["crop"], _bars(120, 60)[:, 30:90], atol=1)
    assert not made["letterbox"][:14].any()
    assert not made["letterbox"][46:].any()
    np.testing.assert_allclose(
        made["letterbox"][15:45, 20:40].mean((0, 1)), made["stretch"][:, 20:40].mean((0, 1)), atol=12
    )
    np.testing.assert_allclose(made["stretch"][30, [5, 30, 55]], np.eye(3) * 255, atol=1)


def test_pixels_that_are_not_square_are_made_square(tmp_path: Path) -> None:
    """64 x 64 pixels twice as wide as high fill the width of a letterbox and half of its height."""
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(2, 1)
        for image in _grey([200] * 3):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        out.mux(stream.encode(None))
    frame, _ = read_frame(path, recipe=ClipRecipe(image_size=64, fit="letterbox"))
    lit = frame[..., 0] > 100
    assert lit[:, 32].sum() == 32
    assert lit[32].all()


def test_shrinking_is_without_aliasing(tmp_path: Path) -> None:
    checkers = np.indices((640, 640)).sum(0) % 2 * 255
    Image.fromarray(checkers.astype(np.uint8)).convert("RGB").save(tmp_path / "a.png")
    frame, _ = read_frame(tmp_path / "a.png", recipe=SMALL)
    assert np.abs(frame.astype(int) - 127).max() <= 4


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "bmp", "tiff", "gif"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_still_pictures_have_their_colours(tmp_path: Path, ending: str, mode: str) -> None:
    picture = Image.new("RGB", (40, 30), (180, 90, 40)).convert(mode)
    picture.save(tmp_path / f"a.{ending}")
    frame, repairs = read_frame(tmp_path / f"a.{ending}", at_s=0, recipe=SMALL)
    np.testing.assert_allclose(frame[10, 10], np.asarray(picture.convert("RGB"))[10, 10], atol=3)
    assert repairs == ()


@pytest.mark.parametrize(("space", "full"), [(1, False), (1, True), (5, False), (5, True)])
def test_colours_follow_matrix_and_range(tmp_path: Path, space: int, full: bool) -> None:
    """BT.709 and BT.601, studio and full range: the same RGB comes back from each."""
    colour, path = (200, 60, 30), tmp_path / "a.mp4"
    rgb = av.VideoFrame.from_ndarray(np.full((64, 64, 3), colour, np.uint8), format="rgb24")
    coded = rgb.reformat(format="yuv420p", dst_colorspace=space, dst_color_range=2 if full else 1)
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"crf": "0"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        stream.codec_context.colorspace, stream.codec_context.color_range = space, 2 if full else 1
        for _ in range(3):
            out.mux(stream.encode(coded))
        out.mux(stream.encode(None))
    frame, _ = read_frame(path, recipe=SMALL)
    np.testing.assert_allclose(frame[32, 32], colour, atol=4)


def test_sound_and_picture_of_two_files(tmp_path: Path, video: Path) -> None:
    Image.new("RGB", (30, 20), (10, 200, 30)).save(tmp_path / "a.png")
    write_wav(tmp_path / "a.wav", _noise(9), RATE)
    still = read_clip(tmp_path / "a.wav", tmp_path / "a.png", start_s=5, length_s=0.5, recipe=SMALL)
    np.testing.assert_allclose(still.frame[0, 0], (10, 200, 30), atol=2)
    np.testing.assert_allclose(still.waveform, _noise(9)[5 * RATE : 5 * RATE + NATIVE.samples], atol=1e-4)
    other = read_clip(tmp_path / "a.wav", video, start_s=5, length_s=0.5, recipe=SMALL)
    assert abs(int(other.frame[0, 0, 0]) - 131) <= 1
    assert still.repairs == other.repairs == ()


def test_probe(tmp_path: Path, video: Path) -> None:
    info = probe(video)
    assert info.has_audio
    assert info.has_picture
    assert info.duration_s == pytest.approx(10, abs=0.05)
    assert (info.sound_seconds, info.picture_seconds) == pytest.approx((10, 10), abs=0.05)
    assert (info.sample_rate_hz, info.channels, info.height, info.width, info.fps) == (RATE, 1, 64, 64, 25)
    write_wav(tmp_path / "a.wav", _noise(1.5), RATE)
    sound = probe(tmp_path / "a.wav")
    assert sound.has_audio
    assert not sound.has_picture
    assert sound.sound_seconds == pytest.approx(1.5)
    Image.new("RGB", (30, 20)).save(tmp_path / "a.jpg")
    still = probe(tmp_path / "a.jpg")
    assert (still.has_audio, still.height, still.width, still.duration_s, still.fps) == (False, 20, 30, None, None)


def test_ffmpeg_is_silent(tmp_path: Path, video: Path) -> None:
    """Nothing on stderr, whatever the file holds; in a process of its own, since ffmpeg writes past Python."""
    whole = video.read_bytes()
    (tmp_path / "a.mp4").write_bytes(whole[:9000] + bytes(4000) + whole[13000:])
    code = (
        "from pathlib import Path\nfrom limbeck.errors import MediaError\n"
        "from limbeck.media import ClipRecipe, read_clip\n"
        f"p = Path({str(tmp_path / 'a.mp4')!r})\n"
        "try: read_clip(p, p, start_s=0.5, length_s=1.0, recipe=ClipRecipe())\nexcept MediaError: pass\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == done.stdout == ""


MEASURE = """
import re, sys, time
from pathlib import Path
from limbeck.media import ClipRecipe, read_clip, read_sound
path, start = Path(sys.argv[1]), float(sys.argv[2])
recipe, has_picture = ClipRecipe(), path.suffix == ".mp4"
def read(at):
    if has_picture:
        read_clip(path, path, start_s=at, length_s=1.0, recipe=recipe)
    else:
        read_sound(path, start_s=at, length_s=1.0, recipe=recipe.mel)
read(0.0)
began = time.process_time()
read(start)
spent = time.process_time() - began
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1], spent)
"""


def _cost(path: Path, start_s: float) -> tuple[int, float]:
    """Peak memory in kB of a process that reads two seconds, and seconds of work for the second of them."""
    command = [sys.executable, "-c", MEASURE, str(path), str(start_s)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    peak, spent = done.stdout.split()
    return int(peak), float(spent)


def _repeat(short: Path, long: Path, times: int) -> None:
    """Put a video many times behind itself without coding anything."""
    with av.open(str(short)) as source, av.open(str(long), "w") as out:
        tracks = {s.index: out.add_stream_from_template(s) for s in source.streams}
        packets = [p for p in source.demux() if p.dts is not None]
        stamps = [(p.pts, p.dts) for p in packets]
        length = {s.index: sum(p.duration for p in packets if p.stream.index == s.index) for s in source.streams}
        for turn in range(times):
            for packet, (pts, dts) in zip(packets, stamps, strict=True):
                index = packet.stream.index
                copy = av.Packet(bytes(packet))
                copy.pts, copy.dts = pts + turn * length[index], dts + turn * length[index]
                copy.time_base, copy.is_keyframe, copy.stream = packet.time_base, packet.is_keyframe, tracks[index]
                out.mux(copy)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc, as Linux has it")
def test_a_long_video_costs_what_a_short_one_costs(tmp_path: Path) -> None:
    """Two hours against ten seconds: peak memory and time of a clip near the end."""
    wave = (0.1 * np.sin(np.arange(80_000) / 5)).astype(np.float32)[None]
    write_video(tmp_path / "short.mp4", _grey(range(50)), fps=5, waveform=wave, sample_rate_hz=8000)
    _repeat(tmp_path / "short.mp4", tmp_path / "long.mp4", 720)
    assert probe(tmp_path / "long.mp4").duration_s > 7200
    short, long = _cost(tmp_path / "short.mp4", 7.0), _cost(tmp_path / "long.mp4", 7187.0)
    assert long[0] - short[0] < 25_000, f"kilobytes: {short} {long}"  # the table of its 150,000 packets, no more
    assert long[1] < short[1] + 0.3, f"seconds: {short} {long}"


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc, as Linux has it")
def test_ten_hours_of_sound_cost_what_ten_seconds_cost(tmp_path: Path) -> None:
    costs = []
    for seconds in (10, 36_000):
        path, size = tmp_path / f"{seconds}.wav", 2 * 8000 * seconds
        with open(path, "wb") as file:  # mostly a hole in the file system
            file.write(b"RIFF" + struct.pack("<I", size + 36) + b"WAVEfmt ")
            file.write(struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16) + b"data" + struct.pack("<I", size))
            file.write(b"\1\2\2\1" * 4000)
            file.seek(size + 44 - 6 * 8000)
            file.write(b"\1\2\2\1" * 12_000)
        costs.append(_cost(path, seconds - 2.0))
    assert costs[1][0] - costs[0][0] < 10_000, f"kilobytes: {costs}"
    assert costs[1][1] < costs[0][1] + 0.3, f"seconds: {costs}"
