"""Files of many channels: read back by other programs, their boxes as the public tool writes them."""

from __future__ import annotations

import json
import shutil
import struct
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from limbeck.errors import InputError, MediaError
from limbeck.spatial import ambisonics, boxes, convert, files, measure, measure_file, render

RATE = 48_000
TONE = 0.3 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE) + 0.05 * np.random.default_rng(0).standard_normal(RATE)
FOA = ambisonics.encode(TONE, 70.0, 20.0)


def about(name: str, rate: int = RATE) -> files.About:
    made = render.output(name)
    return files.About(name, made.channels, rate, made.layout, made.about())


def write(path: Path, sound: np.ndarray = FOA, name: str = "foa", rate: int = RATE) -> Path:
    files.write(path, [sound[:, :1000], sound[:, 1000:]], about(name, rate))
    return path


def direction(sound: np.ndarray) -> list[int]:
    return [round(v) for v in measure.intensity(sound, RATE).mean()]


@pytest.mark.parametrize("form", files.FORMS)
def test_a_file_of_every_form_is_read_back_from_where_it_was(tmp_path: Path, form: str) -> None:
    path = write(tmp_path / f"foa.{form}")
    back = np.concatenate(list(files.read(path, piece=5000)), axis=1)
    told = files.about(path)
    assert (told.output, told.convention, told.rate) == ("foa", "ambix", RATE)
    assert direction(back) == [70, 20]
    assert abs(back.shape[1] - RATE) < 2048
    if form == "wav":
        np.testing.assert_array_equal(back, FOA)


def test_soundfile_reads_wav_and_flac(tmp_path: Path) -> None:
    for form, exact in (("wav", 0), ("flac", 2**-23)):
        back, rate = soundfile.read(write(tmp_path / f"foa.{form}"), dtype="float32")
        assert rate == RATE
        assert np.abs(back.T - FOA).max() <= exact
    assert json.loads((tmp_path / "foa.wav.json").read_text())["channels"] == ["W", "Y", "Z", "X"]


@pytest.mark.parametrize(("name", "layout"), [("foa", "ambisonic 1"), ("hoa2", "ambisonic 2"), ("hoa3", "ambisonic 3")])
def test_ffmpeg_reads_opus_as_ambisonics_of_the_order(tmp_path: Path, name: str, layout: str) -> None:
    order = int(layout[-1])
    sound = ambisonics.encode(TONE, 70.0, 20.0, order=order)
    with av.open(str(write(tmp_path / "sound.opus", sound, name))) as media:
        assert media.streams.audio[0].layout.name == layout


@pytest.mark.parametrize(
    ("name", "forms"), [("5.1", "wav flac opus mp4"), ("7.1.4", "wav"), ("binaural", "wav opus mp4")]
)
def test_each_loudspeaker_stays_where_it_is(tmp_path: Path, name: str, forms: str) -> None:
    count = len(render.output(name).channels)
    sound = np.zeros((count, count * 9600), np.float32)
    for channel in range(count):
        # Of a bass channel codecs keep only the bass.
        tone = 60 if render.output(name).channels[channel] == "LFE" else 440
        sound[channel, channel * 9600 : (channel + 1) * 9600] = np.sin(2 * np.pi * tone * np.arange(9600) / RATE) / 2
    for form in forms.split():
        back = np.concatenate(list(files.read(write(tmp_path / f"x.{form}", sound, name))), axis=1)
        loud = [
            int(np.square(back[:, c * 9600 + 3000 : (c + 1) * 9600 - 1500]).sum(axis=1).argmax()) for c in range(count)
        ]
        assert loud == list(range(count)), form


def test_the_box_is_as_the_public_description_says(tmp_path: Path) -> None:
    assert boxes.sa3d(4) == struct.pack(">I4sBBIBBI4I", 36, b"SA3D", 0, 0, 1, 0, 0, 4, 0, 1, 2, 3)
    path = write(tmp_path / "foa.mp4")
    assert boxes.tags(path) == boxes.Tags(order=1, channels=4)
    plain = write(tmp_path / "five.mp4", np.tile(FOA[:1], (6, 1)), "5.1")
    assert boxes.tags(plain) == boxes.Tags()
    with pytest.raises(InputError, match="no picture track"):
        boxes.tag(plain, spherical=True)


def test_a_tag_before_the_samples_moves_their_places(tmp_path: Path) -> None:
    """Files for the web have their head first: what it says of places must grow with it."""
    late, early = write(tmp_path / "late.mp4"), tmp_path / "early.mp4"
    with av.open(str(late)) as source, av.open(str(early), "w", options={"movflags": "faststart"}) as out:
        track = out.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(audio=0):
            if packet.dts is not None:
                packet.stream = track
                out.mux(packet)
    assert early.read_bytes().find(b"moov") < early.read_bytes().find(b"mdat")
    before = np.concatenate(list(files.read(early)), axis=1)
    assert boxes.tags(early) == boxes.Tags()
    for _ in range(2):  # the second time it takes the place of the first
        boxes.tag(early, channels=4)
        assert early.read_bytes().count(b"SA3D") == 1
        np.testing.assert_array_equal(np.concatenate(list(files.read(early)), axis=1), before)
    assert boxes.tags(early).order == 1


def test_bad_files_are_refused_in_sentences(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"should end with \.wav"):
        write(tmp_path / "foa.mp3")
    with pytest.raises(InputError, match="8 channels at most, but there are 9"):
        write(tmp_path / "x.flac", ambisonics.encode(TONE, 0.0, order=2), "hoa2")
    with pytest.raises(InputError, match="Opus has 8000"):
        write(tmp_path / "x.opus", rate=44_100)
    with pytest.raises(InputError, match="AAC is written with ambisonics of order 1"):
        write(tmp_path / "x.mp4", ambisonics.encode(TONE, 0.0, order=2), "hoa2")
    with pytest.raises(InputError, match="NaN"):
        write(tmp_path / "x.wav", FOA * np.nan)
    assert [p.name for p in tmp_path.iterdir()] == []
    with pytest.raises(MediaError, match="is not there"):
        files.about(tmp_path / "gone.wav")
    (tmp_path / "text.wav").write_text("no sound")
    with pytest.raises(MediaError, match="no file of sound"):
        files.about(tmp_path / "text.wav")
    with pytest.raises(InputError, match="no whole MP4 file"):
        boxes.tags(tmp_path / "text.wav")
    path = write(tmp_path / "foa.wav")
    shutil.copy(files.sidecar(path), tmp_path / "six.wav.json")
    shutil.move(write(tmp_path / "five.wav", np.tile(FOA[:1], (6, 1)), "5.1"), tmp_path / "six.wav")
    with pytest.raises(InputError, match=r"is of 4 channels at 48000 Hz, but six\.wav has 6"):
        files.about(tmp_path / "six.wav")


def test_an_mp4_file_is_as_long_as_what_was_written(tmp_path: Path) -> None:
    lengths = (1, 1000, 5120, 12345, RATE)
    read = []
    for length in lengths:
        sound = np.random.default_rng(0).standard_normal((4, length)).astype(np.float32) * 0.1
        files.write(tmp_path / "x.mp4", [sound], files.About("foa", tuple("1234"), RATE, "ambisonic 1", {}))
        read.append(sum(piece.shape[1] for piece in files.read(tmp_path / "x.mp4")))
    assert tuple(read) == lengths


def test_nan_is_refused_where_it_is_read(tmp_path: Path) -> None:
    sound = np.zeros((RATE, 4), np.float32)
    sound[5] = np.nan
    soundfile.write(tmp_path / "x.wav", sound, RATE, subtype="FLOAT")
    with pytest.raises(MediaError, match="holds NaN or infinity"):
        measure_file(tmp_path / "x.wav", output="foa", convention="ambix")
    with pytest.raises(MediaError, match="holds NaN or infinity"):
        convert(tmp_path / "x.wav", tmp_path / "y.wav", "fuma")
    soundfile.write(tmp_path / "x.wav", sound[:0], RATE)
    with pytest.raises(InputError, match="nothing to convert"):
        convert(tmp_path / "x.wav", tmp_path / "y.wav", "fuma")
    assert not (tmp_path / "y.wav").exists()
