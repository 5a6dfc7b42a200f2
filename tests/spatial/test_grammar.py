"""Sentences mean the scenes that were written down for them, and scenes are said so that they are read again."""

from __future__ import annotations

import math

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.spatial.sentences import LATER, SENTENCES, STRANGERS, Meant

from limbeck.spatial import Listener, Room, Scene, Source, Waypoint, grammar


@pytest.mark.parametrize("meant", SENTENCES, ids=lambda meant: meant.sentence[:60])
def test_a_sentence_means_its_scene(meant: Meant) -> None:
    scene, told = grammar.parse(meant.sentence)
    assert scene == meant.scene
    assert bool(told) == bool(meant.told), told
    assert all(any(words in one for one in told) for words in meant.told), told


@pytest.mark.parametrize(("sentences", "right"), [(STRANGERS, 40), (LATER, 33)])
def test_what_strangers_write_is_read_right_or_told(sentences: tuple[Meant, ...], right: int) -> None:
    readings = [(meant, *grammar.parse(meant.sentence)) for meant in sentences]
    assert [m.sentence for m, scene, told in readings if scene != m.scene and not told] == []
    assert [m.sentence for m, _, told in readings if m.told and not told] == []
    assert sum(scene == m.scene and bool(told) == bool(m.told) for m, scene, told in readings) >= right


@pytest.mark.parametrize(
    "sentence",
    ["outside the window a dog barks", "the silence is broken by a dog", "once upon a time a dog barked",
     "a dog barks 💥", "a dog barks (upstairs)", "a dog barks near the door", "a dog barks every 3 s",
     "a dog barks at 1e400 m", "a car approaches from the left and disappears to the right",
     "the listener turns left. a dog barks", "a dog barks at 6 o'clock, low"],
)  # fmt: skip
def test_what_is_no_place_or_time_is_told(sentence: str) -> None:
    assert grammar.parse(sentence).told


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


@pytest.mark.parametrize("meant", SENTENCES, ids=lambda meant: meant.sentence[:60])
def test_what_a_sentence_means_is_said_so_that_it_is_read_again(meant: Meant) -> None:
    assert grammar.parse(grammar.describe(meant.scene)) == (meant.scene, ())


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    text=st.text() | st.lists(st.sampled_from(sorted({w for m in SENTENCES for w in m.sentence.split()}))).map(" ".join)
)
def test_no_text_is_too_strange(text: str) -> None:
    """Whatever is typed makes a scene, and what is in none of its parts is told."""
    scene, told = grammar.parse(text)
    assert scene.sources or told
