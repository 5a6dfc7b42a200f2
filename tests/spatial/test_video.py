"""Sound from video: found where it is seen, left alone where it is not, W untouched."""

from __future__ import annotations

import runpy
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from limbeck import cli
from limbeck.errors import InputError
from limbeck.media import write_video
from limbeck.media.projection import Picture
from limbeck.spatial import ambisonics, directions, files, measure
from limbeck.spatial.video import Located, _frames, encode, from_video, motion

GENERATOR = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "spatial_video.py"))
RATE, FPS, SIZE, FRAMES = (GENERATOR[name] for name in ("RATE", "FPS", "SIZE", "FRAMES"))
clip, located, errors = (GENERATOR[name] for name in ("clip", "located", "errors"))


def write_clip(
    path: Path, frames: np.ndarray, waveform: np.ndarray, *, delay_s: float = 0.0, rotation: int = 0
) -> None:
    """A video of grey `frames` whose sound begins `delay_s` later than its picture."""
    with av.open(str(path), "w") as out:
        picture = out.add_stream("libx264", rate=FPS, options={"crf": "12"})
        picture.height, picture.width = frames.shape[1:]
        picture.pix_fmt = "yuv420p"
        track = out.add_stream("aac", rate=RATE, layout="mono")
        for number, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="gray").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            out.mux(picture.encode(frame))
        out.mux(picture.encode(None))
        for at in range(0, len(waveform) - 1023, 1024):
            sound = av.AudioFrame.from_ndarray(waveform[None, at : at + 1024], format="fltp", layout="mono")
            sound.sample_rate, sound.pts, sound.time_base = RATE, at + round(delay_s * RATE), Fraction(1, RATE)
            out.mux(track.encode(sound))
        out.mux(track.encode(None))
    if rotation:
        turned = bytearray(path.read_bytes())
        cos, sin = {90: (0, 1), 180: (-1, 0), 270: (0, -1)}[rotation]
        # The matrix of the first track, by its size at the end of its header.
        at = turned.index(b"tkhd") + 44
        turned[at : at + 20] = struct.pack(">5i", cos << 16, -sin << 16, 0, sin << 16, cos << 16)
        path.write_bytes(turned)


@pytest.mark.parametrize("picture", [Picture(), Picture(70.0)], ids=["all around", "flat"])
@pytest.mark.parametrize("things", [1, 2])
def test_what_sounds_is_found_far_better_than_without_listening(picture: Picture, things: int) -> None:
    table: dict[str, list[float]] = {}
    for seed in range(6):
        made = clip(seed, picture, things=things)
        table.setdefault("found", []).append(np.median(errors(made, located(made, picture))))
        for name, guess in measure.controls(made.truth, seed=seed).items():
            if name != "mono":
                table.setdefault(name, []).append(float(np.median(directions.great_circle(guess, made.truth)[0])))
    medians = {name: np.median(values) for name, values in table.items()}
    span = 360 if picture.width is None else picture.width
    assert medians["found"] < span / 30, medians
    assert medians["found"] < 0.5 * min(medians[name] for name in ("front", "random", "swapped") if name in medians)


def test_what_is_out_of_sight_gets_no_direction() -> None:
    seen, unseen = (
        np.mean([located(clip(seed, Picture(), off_screen=off), Picture()).seen.mean() for seed in range(6)])
        for off in (False, True)
    )
    assert seen > 0.7
    assert unseen < 0.2


def test_w_is_the_sound_that_came_bit_for_bit_and_the_rest_is_where_it_is_seen() -> None:
    made = clip(0, Picture())
    sound = encode(made.waveform, RATE, located(made, Picture()))
    np.testing.assert_array_equal(sound[0], made.waveform)
    assert (np.square(sound[1:]).sum(axis=0) <= np.square(sound[0]) * (1 + 1e-5)).all()
    heard = measure.intensity(sound, RATE)
    truth = made.truth[:, 0, np.minimum((heard.times * FPS).astype(int), FRAMES - 1)]
    assert np.median(directions.great_circle(heard.directions, truth[:, heard.counts])) < 12
    nowhere = Located(np.arange(10.0), np.tile(directions.vectors(30.0)[:, None], 10), np.zeros(10))
    assert not encode(made.waveform, RATE, nowhere)[1:].any()


def test_places_of_a_picture_are_directions() -> None:
    half = np.array([0.5])
    assert [float(v[0]) for v in directions.angles(Picture().vectors(half / 2, half / 2, 0.5))] == [90, 45]
    edge = Picture(70.0).vectors(half, np.array([1.0]), 0.5)
    assert directions.angles(edge)[0] == pytest.approx(-35)
    with pytest.raises(InputError, match="between 1 and 180 degrees, but 200"):
        Picture(200.0)
    with pytest.raises(InputError, match="three frames"):
        motion([np.zeros(SIZE, np.uint8)])


def test_a_video_becomes_ambisonics(
    tmp_path: Path, typed: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    made = clip(3, Picture())
    colours = np.repeat(made.frames[..., None], 3, axis=-1)
    video = tmp_path / "film.mp4"
    write_video(video, colours, fps=FPS, waveform=made.waveform[None], sample_rate_hz=RATE, quality=12)
    words = typed("spatial", "from-video", video, "--all-around", "--out", tmp_path / "foa.wav")
    assert "correlation" in words
    sound = np.concatenate(list(files.read(tmp_path / "foa.wav")), axis=1)
    came = np.concatenate(list(files.read(video)), axis=1)
    np.testing.assert_array_equal(sound[0], came[0])
    assert ambisonics.order_of(sound) == 1
    middle = measure.intensity(sound, RATE).mean()
    assert directions.great_circle(directions.vectors(*middle), made.truth[:, 0].mean(axis=1)) < 20
    with pytest.raises(SystemExit):
        cli.main(["spatial", "from-video", str(video), "--out", str(tmp_path / "x.wav")])
    assert "It is not told by the file" in capsys.readouterr().err


def test_sound_belongs_to_the_frames_it_is_heard_with(tmp_path: Path) -> None:
    made = clip(3, Picture())
    whole, late = tmp_path / "whole.mkv", tmp_path / "late.mkv"
    write_clip(whole, made.frames, made.waveform)
    write_clip(late, made.frames, made.waveform[RATE:], delay_s=1.0)
    for video in (whole, late):
        found = from_video(video, tmp_path / "foa.wav", Picture())
        assert found.seen.mean() > 0.5, video
        assert np.median(directions.great_circle(found.vectors[:, found.seen], made.truth[:, 0, found.seen])) < 15, (
            video
        )


def test_sound_behind_the_end_of_the_picture_has_no_direction() -> None:
    seen = Located(np.arange(0, 1, 0.1), np.tile(directions.vectors(30.0)[:, None], 10), np.ones(10))
    sound = encode(np.ones(3 * RATE, np.float32), RATE, seen)
    assert sound[1:, RATE // 2].any()
    assert not sound[1:, 2 * RATE :].any()


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_picture_that_is_stored_turned_is_seen_upright(tmp_path: Path, rotation: int) -> None:
    frames = np.zeros((4, 64, 128), np.uint8)
    frames[:, 2:20, 3:30] = 200  # stored at the top on the left
    path = tmp_path / "turned.mp4"
    write_clip(path, frames, np.zeros(RATE, np.float32), rotation=rotation)
    _, grey, shape = _frames(path)[0]
    half = [len(part) // 2 for part in (grey, grey.T)]
    bright = [int(side.mean(axis=axis).argmax() >= at) for axis, side, at in ((1, grey, half[0]), (0, grey, half[1]))]
    assert (bright, shape) == {0: ([0, 0], 0.5), 90: ([1, 0], 2.0), 180: ([1, 1], 0.5), 270: ([0, 1], 2.0)}[rotation]
