"""Sentences mean the scenes that were written down for them, and scenes are said so that they are read again."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.spatial.sentences import LAST, LATER, SENTENCES, STRANGERS, Meant

from limbeck.spatial import Listener, Room, Scene, Source, Waypoint, grammar
from limbeck.spatial.scene import cartesian


def test_sentences_mean_their_scenes() -> None:
    """One test, since hundreds of them take longer to be collected than to run."""
    readings = [(meant, *grammar.parse(meant.sentence)) for meant in SENTENCES]
    wrong = [(m.sentence, scene, told) for m, scene, told in readings if scene != m.scene or bool(told) != bool(m.told)]
    assert wrong == []
    said = {m.sentence: told for m, _, told in readings if not all(any(w in one for one in told) for w in m.told)}
    assert said == {}


@pytest.mark.parametrize(("sentences", "right"), [(STRANGERS, 40), (LATER, 34), (LAST, 44)])
def test_what_strangers_write_is_read_right_or_told(sentences: tuple[Meant, ...], right: int) -> None:
    readings = [(meant, *grammar.parse(meant.sentence)) for meant in sentences]
    assert [m.sentence for m, scene, told in readings if scene != m.scene and not told] == []
    assert [m.sentence for m, _, told in readings if m.told and not told] == []
    assert sum(scene == m.scene and bool(told) == bool(m.told) for m, scene, told in readings) >= right


def test_what_is_no_place_or_time_is_told() -> None:
    sentences = """outside the window a dog barks; the silence is broken by a dog; once upon a time a dog barked;
        a dog barks 💥; a dog barks (upstairs); a dog barks near the door; a dog barks every 3 s;
        a dog barks at 1e400 m; a car approaches from the left and disappears to the right;
        the listener turns left. a dog barks;
        a dog barks at 6 o'clock, low; a dog barks a little behind me; a dog barks on the left window;
        a dog barks on the front porch; rain everywhere except in front; a dog barks on the left and growls;
        a car comes from behind and flies over me to the front; a dog barks 2 m up on the left;
        a dog barks 3 m in front of me and 2 m to the left; a dog barks two steps to my left; rain at 200 dB;
        a car passes from left to right at 50 km/h; a scene of 0 seconds with a dog; a dog barks for 100 hours;
        a dog barks from 90000 s to 90002 s; a dog barks. at 3 hz; a dog barks, ears at 0 m; a dog barks with reverb"""
    assert [one for one in re.split(r";\s*", sentences) if not grammar.parse(one).told] == []


def test_what_is_metres_high_is_so_many_metres_high() -> None:
    """On the ground it is as far away as is said, else 2 m, which is told."""
    for said, height, ground, told in (
        ("30 degrees left and 2 m high", 2, 2, True),
        ("on the left, 5 m away and 3 m up", 3, 5, False),
        ("3 m below me on the right, 5 m away", -3, 5, False),
        ("10 m above me", 10, 0, False),
    ):
        reading = grammar.parse(f"a drone {said}")
        place = reading.scene.sources[0].waypoints[0]
        x, y, z = cartesian(place.azimuth, place.elevation, place.distance)
        assert (float(z), math.hypot(x, y)) == pytest.approx((height, ground), abs=1e-3), said
        assert bool(reading.told) == told, said


def test_ears_are_places() -> None:
    source = grammar.parse("a wasp 10 cm from my right ear").scene.sources[0]
    assert (source.words, source.waypoints[0].azimuth, source.waypoints[0].distance) == ("wasp", -90, 0.1)
    source = grammar.parse("a wasp behind my left ear").scene.sources[0]
    assert (source.words, source.waypoints[0].azimuth) == ("wasp", 135)


def _floats(low: float, high: float) -> st.SearchStrategy[float]:
    """Numbers, most of them such as people write."""
    tidy = st.integers(math.ceil(low * 10), math.floor(high * 10)).map(lambda tenths: tenths / 10)
    return (tidy | st.floats(low, high)).filter(lambda x: low <= x <= high)


@st.composite
def _sources(draw: st.DrawFn, duration: float) -> Source:
    start = draw(_floats(0, duration / 2))
    times = sorted(draw(st.sets(_floats(0, duration), min_size=1, max_size=3)))
    waypoints = tuple(
        Waypoint(
            time=time,
            azimuth=draw(st.sampled_from((0.0, 90.0, -90.0, 180.0)) | _floats(-720, 720)),
            elevation=draw(st.just(0.0) | _floats(-90, 90)),
            distance=draw(_floats(0.1, 50)),
        )
        for time in times
    )
    try:
        return Source(
            words=draw(st.text(min_size=1, max_size=12)),
            recording=draw(st.none() | st.text(max_size=8)),
            licence=draw(st.none() | st.just('CC "BY" 4.0; then')),
            offset=draw(st.just(0.0) | _floats(0, 99)),
            start=start,
            end=draw(st.just(duration) | _floats(start, duration)),
            level=draw(st.just(0.0) | _floats(-120, 40)),
            waypoints=waypoints,
            path=draw(st.sampled_from(("arc", "straight"))),
            extent=draw(st.sampled_from(("point", "around"))),
            repeat=draw(st.sampled_from(("loop", "once"))),
        )
    except ValidationError:  # a way that is too fast, or through the head
        reject()


@st.composite
def _scenes(draw: st.DrawFn) -> Scene:
    duration = draw(st.just(10.0) | _floats(1, 4000))
    try:
        return Scene(
            sources=tuple(draw(st.lists(_sources(duration), max_size=3))),
            duration=duration,
            rate=draw(st.sampled_from((48_000, 44_100, 16_000))),
            room=draw(st.none() | st.builds(Room, size=st.tuples(*[_floats(110, 200)] * 3), absorption=_floats(0, 1))),
            listener=Listener(yaw=draw(st.just(0.0) | _floats(-180, 180)), height=draw(st.just(1.6) | _floats(1, 100))),
        )
    except ValidationError:  # a source outside of its room
        reject()


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(scene=_scenes())
def test_a_scene_is_said_so_that_it_is_read_again(scene: Scene) -> None:
    assert grammar.parse(grammar.describe(scene)) == (scene, ())
    assert Scene.from_toml(scene.to_toml()) == scene


def test_what_a_sentence_means_is_said_so_that_it_is_read_again() -> None:
    scenes = [meant.scene for meant in SENTENCES + LAST]
    again = [(scene, grammar.parse(grammar.describe(scene))) for scene in scenes]
    assert [(scene, read) for scene, read in again if read != (scene, ())] == []


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    text=st.text() | st.lists(st.sampled_from(sorted({w for m in SENTENCES for w in m.sentence.split()}))).map(" ".join)
)
def test_no_text_is_too_strange(text: str) -> None:
    """Whatever is typed makes a scene, and what is in none of its parts is told."""
    scene, told = grammar.parse(text)
    assert scene.sources or told
