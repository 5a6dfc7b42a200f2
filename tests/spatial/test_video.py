"""Sound from video: found where it is seen, left alone where it is not, W untouched."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import pytest

from limbeck import cli
from limbeck.errors import InputError
from limbeck.media import write_video
from limbeck.media.projection import Picture
from limbeck.playground import around, draw_surroundings
from limbeck.playground._voices import total
from limbeck.spatial import ambisonics, directions, files, localisers, measure
from limbeck.spatial.localisers import Film, Frame, Maps
from limbeck.spatial.localisers.motion import motion
from limbeck.spatial.video import Located, _frames, encode, from_video, locate, split

RATE, FPS, FRAMES, SIZE = around.SAMPLE_RATE_HZ, around.FPS, around.FRAMES, (48, 96)
BAR, HARP = around.APART[:2]


class Clip(NamedTuple):
    """Frames, RGB; the sound; unit vectors of all things, (3, thing, frame), those that sound first."""

    frames: np.ndarray
    waveform: np.ndarray
    truth: np.ndarray


@cache
def clip(seed: int, width: float | None = None, sounding: int = 1, silent: int = 1) -> Clip:
    scene = draw_surroundings((BAR, HARP)[seed % 2], seed, width=width, sounding=sounding, silent=silent)
    dry, noise = around.stems(scene)
    times = np.arange(FRAMES) / FPS
    frames = np.stack([frame.image for frame in around.frames(scene, SIZE[0])])
    return Clip(frames, total([*dry, noise]), np.stack([thing.at(times) for thing in scene.things], axis=1))


def located(made: Clip, picture: Picture) -> Located:
    frames = [Frame(number / FPS, pixels) for number, pixels in enumerate(made.frames)]
    return locate(localisers.opened("motion").maps(Film(frames, made.waveform, RATE)), picture)[0]


def write_clip(
    path: Path, frames: np.ndarray, waveform: np.ndarray, *, delay_s: float = 0.0, rotation: int = 0
) -> None:
    """A video of `frames` whose sound begins `delay_s` later than its picture."""
    with av.open(str(path), "w") as out:
        picture = out.add_stream("libx264", rate=FPS, options={"crf": "12"})
        picture.height, picture.width = frames.shape[1:3]
        picture.pix_fmt = "yuv420p"
        track = out.add_stream("aac", rate=RATE, layout="mono")
        for number, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p")
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


@pytest.mark.parametrize("width", [None, 70.0], ids=["all around", "flat"])
def test_what_sounds_is_found_far_better_than_without_listening(width: float | None) -> None:
    table: dict[str, list[float]] = {}
    for seed in range(2):
        made = clip(seed, width)
        found = located(made, Picture(width)).vectors
        table.setdefault("found", []).append(float(np.median(directions.great_circle(found, made.truth[:, 0]))))
        for name, guess in measure.controls(made.truth, seed=seed).items():
            if name != "mono":
                table.setdefault(name, []).append(float(np.median(directions.great_circle(guess, made.truth)[0])))
    medians = {name: np.median(values) for name, values in table.items()}
    assert medians["found"] < (width or 360) / 10, medians
    assert medians["found"] < 0.5 * min(medians[name] for name in ("front", "random", "swapped")), medians


def test_what_is_out_of_sight_gets_no_direction() -> None:
    seen, unseen = (
        np.mean([located(clip(seed, None, *things), Picture()).seen.mean() for seed in range(2)])
        for things in ((1, 1), (0, 2))
    )
    assert seen > unseen + 0.25


def test_w_is_the_sound_that_came_bit_for_bit_and_the_rest_is_where_it_is_seen() -> None:
    made = clip(1)
    sound = encode(made.waveform, RATE, [located(made, Picture())], [made.waveform])
    np.testing.assert_array_equal(sound[0], made.waveform)
    assert (np.square(sound[1:]).sum(axis=0) <= np.square(sound[0]) * (1 + 1e-5)).all()
    heard = measure.intensity(sound, RATE)
    truth = made.truth[:, 0, np.minimum((heard.times * FPS).astype(int), FRAMES - 1)]
    assert np.median(directions.great_circle(heard.directions, truth[:, heard.counts])) < 15
    nowhere = Located(np.arange(10.0), np.tile(directions.vectors(30.0)[:, None], 10), np.zeros(10), 0.5)
    assert not encode(made.waveform, RATE, [nowhere], [made.waveform])[1:].any()


def _maps(*places: tuple[int, int], score: float = 0.9) -> Maps:
    scores = np.full((20, 16, 32), 0.1)
    for row, column in places:
        scores[:, row, column] = score
    return Maps(np.arange(20) / 10, scores, np.maximum(scores - 0.2, 0), 0.5)


def test_two_places_that_sound_are_two_sources_and_one_is_one() -> None:
    def where_is(found: list[Located]) -> list[tuple[int, int]]:
        return sorted(tuple(int(np.round(v[5])) for v in directions.angles(one.vectors)) for one in found)

    left, right = (-129, 6), (129, 6)
    assert where_is(locate(_maps((7, 4)), Picture())) == [right]
    assert where_is(locate(_maps((7, 4), (7, 27)), Picture())) == [left, right]
    assert len(locate(_maps((7, 4), (7, 27)), Picture(), most=1)) == 1
    beside = locate(_maps((7, 4), (7, 5)), Picture())
    assert len(beside) == 1
    nothing = locate(_maps((7, 4), score=0.4), Picture())
    assert [one.seen.any() for one in nothing] == [False]


def test_each_of_two_sources_gets_its_part_of_the_sound() -> None:
    random, times = np.random.default_rng(0), np.arange(0, 4, 0.1)
    at = np.arange(4 * RATE) / RATE
    waves, active = [], []
    for hertz, beats in ((300.0, (0.2, 1.1, 2.3, 3.0)), (2500.0, (0.6, 1.2, 1.8, 2.9))):
        rung = sum(np.where(at >= beat, np.exp(-np.maximum(at - beat, 0) * 8), 0) for beat in beats)
        waves.append((rung * np.sin(2 * np.pi * hertz * at)).astype(np.float32))
        active.append(sum(np.where(times >= beat, np.exp(-np.maximum(times - beat, 0) * 4), 0) for beat in beats))
    mixture = (waves[0] + waves[1] + 1e-3 * random.standard_normal(len(at))).astype(np.float32)
    parts = split(mixture, RATE, np.stack(active), times)
    np.testing.assert_allclose(sum(parts), mixture, atol=1e-5)
    for wave, part in zip(waves, parts, strict=True):
        assert np.corrcoef(wave, part)[0, 1] > 0.95
    (whole,) = split(mixture, RATE, np.stack(active[:1]), times)
    assert whole is mixture
    located_twice = [
        Located(times, np.tile(directions.vectors(azimuth)[:, None], len(times)), np.ones(len(times)), 0.5)
        for azimuth in (90.0, -90.0)
    ]
    sound = encode(mixture, RATE, located_twice, parts)
    np.testing.assert_array_equal(sound[0], mixture)
    assert np.corrcoef(sound[1, RATE:], (waves[0] - waves[1])[RATE:])[0, 1] > 0.95


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
    made = clip(1)
    video = tmp_path / "film.mp4"
    write_video(video, made.frames, fps=FPS, waveform=made.waveform[None], sample_rate_hz=RATE, quality=12)
    words = typed("spatial", "from-video", video, "--all-around", "--out", tmp_path / "foa.wav")
    assert "elevation" in words
    sound = np.concatenate(list(files.read(tmp_path / "foa.wav")), axis=1)
    came = np.concatenate(list(files.read(video)), axis=1)
    np.testing.assert_array_equal(sound[0], came[0])
    assert ambisonics.order_of(sound) == 1
    middle = measure.intensity(sound, RATE).mean()
    assert directions.great_circle(directions.vectors(*middle), made.truth[:, 0].mean(axis=1)) < 20
    told = json.loads(typed("spatial", "from-video", video, "--all-around", "--out", tmp_path / "foa.wav", "--json"))
    assert told[0]["least"] == 0.6
    assert len(told[0]["seen"]) == FRAMES
    with pytest.raises(SystemExit):
        cli.main(["spatial", "from-video", str(video), "--out", str(tmp_path / "x.wav")])
    assert "It is not told by the file" in capsys.readouterr().err


def test_sound_belongs_to_the_frames_it_is_heard_with(tmp_path: Path) -> None:
    made = clip(1, None, 1, 0)
    whole, late = tmp_path / "whole.mkv", tmp_path / "late.mkv"
    write_clip(whole, made.frames, made.waveform)
    write_clip(late, made.frames, made.waveform[RATE:], delay_s=1.0)
    for video in (whole, late):
        found, *_ = from_video(video, tmp_path / "foa.wav", Picture())
        assert found.seen.mean() > 0.5, video
        assert np.median(directions.great_circle(found.vectors[:, found.seen], made.truth[:, 0, found.seen])) < 15, (
            video
        )


def test_sound_behind_the_end_of_the_picture_has_no_direction() -> None:
    seen = Located(np.arange(0, 1, 0.1), np.tile(directions.vectors(30.0)[:, None], 10), np.ones(10), 0.5)
    ones = np.ones(3 * RATE, np.float32)
    sound = encode(ones, RATE, [seen], [ones])
    assert sound[1:, RATE // 2].any()
    assert not sound[1:, 2 * RATE :].any()


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_picture_that_is_stored_turned_is_seen_upright(tmp_path: Path, rotation: int) -> None:
    frames = np.zeros((4, 64, 128, 3), np.uint8)
    frames[:, 2:20, 3:30] = 200  # stored at the top on the left
    path = tmp_path / "turned.mp4"
    write_clip(path, frames, np.zeros(RATE, np.float32), rotation=rotation)
    frame, shape = next(_frames(path, (64, 128)))
    grey = frame.pixels[..., 0]
    assert grey.shape == (64, 128)
    half = [len(part) // 2 for part in (grey, grey.T)]
    bright = [int(side.mean(axis=axis).argmax() >= at) for axis, side, at in ((1, grey, half[0]), (0, grey, half[1]))]
    assert (bright, shape) == {0: ([0, 0], 0.5), 90: ([1, 0], 2.0), 180: ([1, 1], 0.5), 270: ([0, 1], 2.0)}[rotation]
