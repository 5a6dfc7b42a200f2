"""The verbs of ``limbeck spatial`` that render, measure and convert, as a user calls them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from limbeck import cli
from limbeck.errors import InputError
from limbeck.media import write_wav
from limbeck.spatial import (
    Scene,
    Source,
    Waypoint,
    ambisonics,
    boxes,
    convert,
    files,
    measure_file,
    produce,
    render,
)
from limbeck.spatial.selftest import PLACES, frames

RATE = 16_000
Typed = Callable[..., str]


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    """Noise on the left, then from the right to behind."""
    noise = np.random.default_rng(0).standard_normal(RATE).astype(np.float32) * 0.1
    write_wav(tmp_path / "noise.wav", noise, RATE)
    way = (Waypoint(time=1.5, azimuth=-90), Waypoint(time=3, azimuth=-170))
    made = Scene(
        sources=(
            Source(words="hiss", recording="noise.wav", end=1.4, waypoints=(Waypoint(azimuth=90),)),
            Source(words="wind", recording="noise.wav", start=1.5, end=3, waypoints=way),
        ),
        duration=3,
        rate=RATE,
    )
    made.save(tmp_path / "scene.toml")
    return tmp_path / "scene.toml"


def failed(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    with pytest.raises(SystemExit) as caught:
        cli.main([str(word) for word in words])
    assert caught.value.code
    return capsys.readouterr().err


def test_render_and_measure_agree_with_the_scene(scene: Path, tmp_path: Path, typed: Typed) -> None:
    out = tmp_path / "out"
    told = json.loads(
        typed("spatial", "render", scene, "--out", out, "--to", "foa,5.1,binaural", "--form", "wav,opus", "--json")
    )
    assert told == json.loads((out / "measured.json").read_text())
    assert [t["output"] for t in told] == ["foa", "5.1", "binaural"]
    for output in told[:2]:
        assert [source["error_median"] < 0.5 for source in output["sources"]] == [True, True]
    assert told[0]["sources"][0]["meant"][0] == [90, 0]
    assert Scene.load(out / "scene.toml").sources[0].recording == str(tmp_path / "noise.wav")
    for name in ("foa.wav", "foa.opus"):
        found = json.loads(typed("spatial", "measure", out / name, "--truth", out / "scene.toml", "--json"))
        assert (found["output"], found["convention"]) == ("foa", "ambix")
        assert found["scores"]["measured"]["alone"] < 2
        assert found["scores"]["measured"]["hits"] > 0.6
        assert found["scores"]["front"]["alone"] > 80
        assert found["scores"]["oracle"]["alone"] == 0
        assert found["scores"]["mono"]["misses"] == 1
        assert round(found["peaks"][0]["azimuth"]) == 90
    words = typed("spatial", "measure", out / "binaural.wav", "--truth", out / "scene.toml")
    assert "measured" in words
    assert "oracle" in words


def test_a_folder_holds_the_outputs_of_one_scene(scene: Path, tmp_path: Path, typed: Typed) -> None:
    out = tmp_path / "out"
    for to in ("foa", "stereo"):
        typed("spatial", "render", scene, "--out", out, "--to", to)
    assert [row["output"] for row in json.loads((out / "measured.json").read_text())] == ["foa", "stereo"]
    other = Scene.load(scene)
    other = other.model_copy(update={"sources": other.sources[:1]})
    with pytest.raises(InputError, match=r"holds foa.wav of another scene"):
        list(produce(other, out, {"stereo": render.output("stereo")}))
    both = {name: render.output(name) for name in ("stereo", "foa")}
    assert [made.output for made in produce(other, out, both)] == ["stereo", "foa"]
    assert len(Scene.load(out / "scene.toml").sources) == 1


def test_what_arrives_after_the_end_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_wav(tmp_path / "noise.wav", np.random.default_rng(0).standard_normal(RATE).astype(np.float32) * 0.1, RATE)
    far = Source(words="thunder", recording="noise.wav", end=1, waypoints=(Waypoint(azimuth=0, distance=1000),))
    Scene(sources=(far,), duration=1, rate=RATE).save(tmp_path / "scene.toml")
    for words in (["scene"], ["render", "--to", "foa", "--out", str(tmp_path / "out")]):
        with pytest.raises(SystemExit, match="0"):
            cli.main(["spatial", words[0], str(tmp_path / "scene.toml"), *words[1:]])
        out, err = capsys.readouterr()
        assert "'thunder' is not heard: from 1000 m away it arrives at 2.9 s" in err
    assert "not heard" in out


def test_convert_leads_there_and_back_and_turns(tmp_path: Path, typed: Typed) -> None:
    noise = np.random.default_rng(0).standard_normal(RATE).astype(np.float32) * 0.1
    sound = ambisonics.convert(ambisonics.encode(noise, 40.0, 10.0), "ambix", "fuma")
    about = files.About("", ("1", "2", "3", "4"), RATE, "4 channels", {})
    files.write(tmp_path / "b.wav", [sound], about)
    typed("spatial", "convert", "--from", "fuma", tmp_path / "b.wav", tmp_path / "a.wav", "--yaw", "30")
    found = measure_file(tmp_path / "a.wav")
    assert (round(found.peaks[0].azimuth), round(found.peaks[0].elevation)) == (70, 10)
    assert convert(tmp_path / "a.wav", tmp_path / "c.wav", "ambix", "fuma", yaw=-30) is None
    np.testing.assert_allclose(np.concatenate(list(files.read(tmp_path / "c.wav")), axis=1), sound, atol=1e-6)
    # Its sidecar says what it is, and a wrong word is met with a doubt.
    assert measure_file(tmp_path / "c.wav").convention == "fuma"
    assert "itself says that it is fuma" in str(convert(tmp_path / "c.wav", tmp_path / "d.wav", "ambix"))
    assert "more usual of fuma" in str(convert(tmp_path / "b.wav", tmp_path / "e.wav", "ambix"))


def test_the_self_test_is_where_it_says_in_sound_and_picture(tmp_path: Path, typed: Typed) -> None:
    found = json.loads(typed("spatial", "selftest", "--out", tmp_path, "--json"))
    for name, (azimuth, elevation) in PLACES.items():
        assert found[name]["elevation"] == pytest.approx(elevation, abs=1)
        assert elevation or abs((found[name]["azimuth"] - azimuth + 180) % 360 - 180) < 1
    assert boxes.tags(tmp_path / "selftest.mp4") == boxes.Tags(order=1, channels=4, spherical=True)
    with av.open(str(tmp_path / "selftest.mp4")) as media:
        assert media.streams.video[0].width == 2 * media.streams.video[0].height
        assert len(list(media.decode(video=0))) == 40
    left = list(frames())[11]
    red = np.argwhere((left[..., 0].astype(int) - left[..., 2]) > 100)
    # A picture of all around has the front in its middle and the left at a quarter.
    assert red.mean(axis=0) / left.shape[:2] == pytest.approx([0.5, 0.25], abs=0.01)


def test_bad_input_is_told_in_sentences(scene: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert "no output '5.2'; there are foa" in failed(capsys, "spatial", "render", scene, "--out", out, "--to", "5.2")
    assert "should end with .wav" in failed(capsys, "spatial", "render", scene, "--out", out, "--form", "mp3")
    assert "--hrtf is for binaural" in failed(
        capsys, "spatial", "render", scene, "--out", out, "--to", "foa", "--hrtf", tmp_path / "x.sofa"
    )
    assert "at least one output" in failed(capsys, "spatial", "render", scene, "--out", out, "--to", ",")
    gone = Scene.load(scene)
    (tmp_path / "noise.wav").unlink()
    assert "is not there, or no file" in failed(capsys, "spatial", "render", scene, "--out", out)
    assert not list(out.glob("*"))
    noise = np.zeros((8, RATE), np.float32)
    noise[:] = np.random.default_rng(0).standard_normal(RATE) * 0.1
    files.write(tmp_path / "eight.wav", [noise], files.About("", tuple("12345678"), RATE, "", {}))
    assert "8 channels" in failed(capsys, "spatial", "convert", "--from", "fuma", tmp_path / "eight.wav", out / "x.wav")
    assert "does not say what they are" in failed(capsys, "spatial", "measure", tmp_path / "eight.wav")
    files.write(tmp_path / "four.wav", [noise[:4]], files.About("", tuple("1234"), RATE, "", {}))
    assert "does not say its convention" in failed(capsys, "spatial", "measure", tmp_path / "four.wav", "--as", "foa")
    assert "no ambisonic convention 'b'" in failed(
        capsys, "spatial", "convert", "--from", "b", tmp_path / "four.wav", out / "x.wav"
    )
    assert "but the scene 3 s" in failed(
        capsys,
        *("spatial", "measure", tmp_path / "four.wav", "--as", "foa", "--convention", "ambix", "--truth", scene),
    )
    assert gone.duration == 3
