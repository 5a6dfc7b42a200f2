"""Generated scenes around a listener: files, exact truth, the same bits again."""

from __future__ import annotations

import pickle
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from limbeck import spatial
from limbeck.datasets.folder import Folder
from limbeck.datasets.spatial_playground import SpatialPlayground
from limbeck.errors import InputError
from limbeck.media import ClipRecipe
from limbeck.media.projection import Picture
from limbeck.playground import around, draw_surroundings
from limbeck.spatial import directions, files, measure

SIZE = 48


def _playground(root: Path, **options: float) -> SpatialPlayground:
    return SpatialPlayground(root, **{"clips": 5, "size": SIZE, "test_fraction": 0.5, "workers": 1, **options})


def _bytes(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> SpatialPlayground:
    playground = _playground(tmp_path_factory.mktemp("around"), sounding=2)
    assert playground.make() == 5
    return playground


def test_the_truth_beside_a_clip_is_read_by_what_reads_scenes(made: SpatialPlayground) -> None:
    for clip in made.clips()[:2]:
        truth, folder = made.truth(clip), made.folder(clip)
        scene = spatial.Scene.load(folder / "scene.toml")
        heard = [thing for thing in truth["things"] if thing["sounds"]]
        assert [source.words for source in scene.sources] == [thing["class"] for thing in heard]
        assert clip.label == heard[0]["class"]
        times = np.arange(truth["frames"]) / truth["fps"]
        for source, thing, dry in zip(scene.sources, heard, made.sources(clip), strict=True):
            azimuth, elevation, _ = source.at(times)
            apart = directions.great_circle(
                directions.vectors(azimuth, elevation),
                directions.vectors(thing["azimuth_deg"], thing["elevation_deg"]),
            )
            assert apart.max() < 0.01
            assert source.recording is not None
            np.testing.assert_array_equal(soundfile.read(source.recording, dtype="float32")[0], dry)
        assert files.about(folder / "foa.flac").convention == "ambix"


def test_ambisonics_say_the_directions_of_the_truth(made: SpatialPlayground) -> None:
    scene = draw_surroundings(around.APART[3], 5)
    sound = around.ambisonic(scene)
    heard = measure.intensity(sound, around.SAMPLE_RATE_HZ)
    truth = scene.things[0].at(heard.times)[:, heard.counts]
    assert np.median(directions.great_circle(heard.directions, truth)) < 2
    clip = made.clips()[0]
    whole, _ = soundfile.read(made.folder(clip) / "foa.flac")
    waves, noise = around.stems(around.Surroundings.from_json(made.truth(clip)["scene"]))
    np.testing.assert_allclose(whole[:, 0], np.sum([*waves, noise], axis=0), atol=1e-6)
    for wave, dry in zip(waves, made.sources(clip), strict=True):
        np.testing.assert_allclose(wave, dry, atol=1e-6)


@pytest.mark.parametrize("width", [None, 70.0], ids=["all around", "flat"])
def test_boxes_are_where_things_are_seen(width: float | None) -> None:
    """By what of the background is seen through it, before black and before white."""
    scene = draw_surroundings(around.APART[4], 3, width=width)
    one = scene.model_copy(update={"things": scene.things[:1], "grain": 0.0})
    black, white = (
        next(around.frames(one.model_copy(update={"colours": ((tone,) * 3,) * 2}), SIZE)) for tone in (0.0, 1.0)
    )
    opacity = 1 - (white.image.astype(int) - black.image).mean(axis=-1) / 255
    rows, columns = np.nonzero(opacity >= 0.5)
    (box,) = black.boxes
    assert box is not None
    left, top, right, bottom = box
    sides = (columns.min() / (2 * SIZE), rows.min() / SIZE, (columns.max() + 1) / (2 * SIZE), (rows.max() + 1) / SIZE)
    assert box == pytest.approx(sides)
    middle = Picture(width).vectors(np.array((top + bottom) / 2), np.array((left + right) / 2), around.SHAPE)
    assert directions.great_circle(middle, one.things[0].at(0.0)) < 0.5 * one.things[0].width


def test_what_crosses_the_edge_of_all_around_is_one_box() -> None:
    scene = draw_surroundings(around.APART[0], 3)
    thing = scene.things[0].model_copy(update={"azimuths": (180.0, 180.0), "elevations": (0.0, 0.0)})
    (box,) = next(around.frames(scene.model_copy(update={"things": (thing,)}), SIZE)).boxes
    assert box is not None
    assert box[0] < 0 < box[2] or box[0] < 1 < box[2]
    assert box[2] - box[0] < 0.2


def test_what_is_off_the_screen_is_heard_and_not_seen() -> None:
    for seed in range(5):
        scene = draw_surroundings(around.APART[seed], seed, width=70.0, sounding=0, silent=2)
        assert [(thing.sounds, thing.seen) for thing in scene.things] == [(True, False), (False, True), (False, True)]
        assert abs(scene.things[0].azimuths[0]) > 35
        assert all(abs(end) < 35 for thing in scene.things[1:] for end in thing.azimuths)
        assert len(around.stems(scene)[0]) == 1


def test_things_of_a_scene_differ_and_keep_apart() -> None:
    times = np.linspace(0, around.SECONDS, 9)
    for seed in range(20):
        things = draw_surroundings(around.APART[0], seed, sounding=2, silent=2).things
        assert len({thing.cast.kind for thing in things}) == 4
        for number, thing in enumerate(things):
            for other in things[:number]:
                apart = directions.great_circle(thing.at(times), other.at(times)).min()
                assert apart > 0.6 * (thing.width + other.width)
    still = [draw_surroundings(around.APART[0], seed).things[0] for seed in range(40)]
    assert 10 < sum(thing.azimuths[0] == thing.azimuths[1] for thing in still) < 30


def test_the_same_seed_gives_the_same_bytes_and_what_is_missing_is_made_again(
    made: SpatialPlayground, tmp_path: Path
) -> None:
    assert made.make() == 0
    shutil.copytree(made.root, tmp_path / "again")
    again = _playground(tmp_path / "again", sounding=2)
    clip = again.clips()[0]
    shutil.rmtree(again.folder(clip))
    assert again.make() == 1
    assert _bytes(again.root) == _bytes(made.root)
    for other in ({"seed": 1}, {"sounding": 1}, {"field_of_view": 70}, {"size": 32}):
        assert not any(c.is_made() for c in _playground(tmp_path / "again", **{"sounding": 2, **other})._planned())


@pytest.mark.slow
def test_a_process_that_is_killed_changes_nothing(made: SpatialPlayground, tmp_path: Path) -> None:
    code = (
        "from limbeck.datasets.spatial_playground import SpatialPlayground as S\n"
        f"S({str(tmp_path)!r}, clips=5, size={SIZE}, sounding=2, test_fraction=0.5, workers=1).make()"
    )
    process = subprocess.Popen([sys.executable, "-c", code])
    while not list(tmp_path.rglob("*.mp4")):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert 0 < _playground(tmp_path, sounding=2).make() <= 5
    kept = {name: content for name, content in _bytes(tmp_path).items() if ".part" not in name}
    assert kept == _bytes(made.root)


def test_it_is_a_dataset_of_sounding_things(made: SpatialPlayground) -> None:
    clips = made.clips()
    assert [clip.label for clip in clips] == list(made.classes)
    raw = made.read(clips[0], ClipRecipe(image_size=32))
    assert (raw.waveform.shape, raw.frame.shape) == ((11000,), (32, 32, 3))
    assert np.abs(raw.waveform).max() > 0.01
    assert {clip.label for clip in Folder(root=made.root / "videos" / "train").clips()} == set(made.classes)
    assert pickle.loads(pickle.dumps(made)).clips() == clips


@pytest.mark.parametrize(
    "wrong",
    [
        {"clips": 4},
        {"field_of_view": 30},
        {"field_of_view": 180},
        {"sounding": 3},
        {"silent": 4},
        {"seed": -1},
        {"size": 33},
        {"test_fraction": 1.0},
        {"workers": 0},
    ],
)
def test_options_that_do_not_fit_are_refused(tmp_path: Path, wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        _playground(tmp_path, **wrong)
    with pytest.raises(InputError, match="call clips"):
        _playground(tmp_path).truth("train/harp/harp-9999")
