"""A scene goes to TOML and back, says where its sources are, and refuses what cannot be with a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from limbeck.errors import InputError
from limbeck.spatial import Room, Scene, Source, Waypoint

DOG = """
duration = 10
[[sources]]
words = "dog barks"
start = 2
end = 5
waypoints = [{ azimuth = 90, distance = 1 }]
"""


def _source(*places: tuple[float, ...], path: Any = "arc") -> Source:
    """A source at (time, azimuth, elevation, distance)."""
    waypoints = tuple(Waypoint(time=t, azimuth=a, elevation=e, distance=d) for t, a, e, d in places)
    return Source(words="car", end=10, waypoints=waypoints, path=path)


def test_a_scene_written_by_hand_is_read_with_what_it_leaves_out() -> None:
    scene = Scene.from_toml(DOG + '[[sources]]\nwords = "rain"\nend = 10\nextent = "around"')
    assert scene.sources[0].waypoints == (Waypoint(time=0, azimuth=90, elevation=0, distance=1),)
    assert (scene.rate, scene.listener.yaw, scene.room, scene.sources[1].extent) == (48_000, 0, None, "around")
    assert Scene.from_toml(scene.to_toml()) == scene


def test_files_are_written_whole_and_recordings_are_found_beside_them(tmp_path: Path) -> None:
    scene = Scene.from_toml(DOG.replace("start", 'recording = "dogs/a.wav"\nstart') + "[room]\nsize = [4, 4, 3]")
    scene.save(tmp_path / "scene.toml")
    again = Scene.load(tmp_path / "scene.toml")
    assert again.sources[0].recording == str(tmp_path / "dogs/a.wav")
    assert again.room == Room(size=(4, 4, 3))


def test_on_an_arc_degrees_say_by_which_way_it_goes() -> None:
    azimuth, elevation, distance = _source((0, 90, 0, 2), (4, -90, 20, 4)).at([-1, 0, 1, 2, 4, 9])
    np.testing.assert_allclose(azimuth, [90, 90, 45, 0, -90, -90])
    np.testing.assert_allclose(elevation, [0, 0, 5, 10, 20, 20])
    np.testing.assert_allclose(distance, [2, 2, 2.5, 3, 4, 4])
    behind, _, _ = _source((0, 90, 0, 2), (4, 270, 0, 2)).at([1, 2, 3, 4])
    np.testing.assert_allclose(behind, [135, 180, -135, -90])


def test_on_a_straight_path_it_moves_as_a_car_does() -> None:
    source = _source((0, -45, 0, np.sqrt(2)), (2, 45, 0, np.sqrt(2)), path="straight")
    azimuth, _, distance = source.at(np.linspace(0, 2, 9))
    np.testing.assert_allclose(np.tan(np.radians(azimuth)), np.linspace(-1, 1, 9), atol=1e-9)
    np.testing.assert_allclose(distance * np.cos(np.radians(azimuth)), 1)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("distance = 1", "distance = 0", "source 1, waypoint 1, distance: a source is at least 0.1 m away"),
        ("azimuth = 90", "azimuth = nan", "source 1, waypoint 1, azimuth: Input should be a finite number"),
        ("distance = 1", "elevation = 91", "waypoint 1, elevation: Input should be less than or equal to 90"),
        ("end = 5", "end = 11", "source 1 ('dog barks') ends at 11 s, but the scene already at 10 s"),
        ("end = 5", "end = 2", "it ends at 2 s, which is not after its start at 2 s"),
        ("azimuth = 90", "time = 12, azimuth = 90", "has a waypoint at 12 s, but the scene ends at 10 s"),
        ("end = 5", 'end = 5\nextent = "wide"', "extent: Input should be 'point' or 'around' (came: 'wide')"),
        ("end = 5", 'end = 5\nloud = "very"', "source 1, loud: there is no such setting"),
        ("waypoints = [{ azimuth = 90, distance = 1 }]", "", "it has no waypoints"),
        ("distance = 1 }", "distance = 1 }, { time = 0, azimuth = 0 }", "times of waypoints must grow"),
        ("distance = 1 }", "distance = 1 }, { time = 0.1, azimuth = 0, distance = 99 }", "sound itself at 343 m/s"),
        ("end = 5", 'end = 5\npath = "straight"', None),
        (
            "[[sources]]",
            "[room]\nsize = [1.5, 1.5, 2]\n[[sources]]",
            "source 1 ('dog barks') is outside the room at 0 s",
        ),
        ("[[sources]]", "[room]\nsize = [5, 5, 1.5]\n[[sources]]", "the ears are 1.6 m above the floor"),
        (
            "[[sources]]",
            "[room]\nsize = [5, 5, 0]\n[[sources]]",
            "a room is 1 m to 1000 m long, wide and high, not 5 x 5 x 0",
        ),
        ("azimuth = 90", "azimuth = 1e300", "azimuth: Input should be less than or equal to 360000"),
        ("duration = 10", "duration = ", "is not TOML"),
        ("duration = 10", "rate = 0", "rate: Input should be greater than or equal to 8000 (came: 0)"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(old: str, new: str, said: str | None) -> None:
    assert old in DOG
    if said is None:
        Scene.from_toml(DOG.replace(old, new))
        return
    with pytest.raises(InputError) as caught:
        Scene.from_toml(DOG.replace(old, new), "scene.toml")
    assert said in str(caught.value)
    assert str(caught.value).startswith("scene.toml ")


def test_a_straight_path_through_the_head_is_refused() -> None:
    with pytest.raises(ValueError, match="goes through the head"):
        _source((0, 90, 0, 5), (4, -90, 0, 5), path="straight")


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not there, or no file"):
        Scene.load(tmp_path / "none.toml")
    (tmp_path / "scene.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="no text in UTF-8"):
        Scene.load(tmp_path / "scene.toml")
