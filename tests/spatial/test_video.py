"""Sound from video: found where it is seen, left alone where it is not, W untouched."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from limbeck import cli
from limbeck.errors import InputError
from limbeck.media import write_video
from limbeck.spatial import ambisonics, directions, files, measure
from limbeck.spatial.video import Located, Picture, encode, motion

GENERATOR = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "spatial_video.py"))
RATE, FPS, SIZE, FRAMES = (GENERATOR[name] for name in ("RATE", "FPS", "SIZE", "FRAMES"))
clip, located, errors = (GENERATOR[name] for name in ("clip", "located", "errors"))


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
    assert seen > 0.9
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
