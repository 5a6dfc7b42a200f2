"""The page of a scene: in a browser turning the head turns the sound, and nothing is asked of the network."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile

from limbeck.errors import InputError
from limbeck.spatial import Scene, Source, Waypoint, page, produce, render
from limbeck.spatial._page import ear_filters

HOSTILE = "</script><script>alert(1)</script>"
RATE = 48_000


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """Noise on the left for a second, then above for a second, rendered and measured."""
    folder = tmp_path_factory.mktemp("page")
    noise = np.random.default_rng(0).standard_normal(2 * RATE).astype(np.float32) / 10
    soundfile.write(folder / "noise.wav", noise, RATE)
    made = tuple(
        Source(
            words=words, recording=str(folder / "noise.wav"), start=at, end=at + 1,
            waypoints=(Waypoint(azimuth=azimuth, elevation=elevation),), licence="CC0",
        )
        for words, at, azimuth, elevation in ((HOSTILE, 0, 90, 0), ("wind", 1, 0, 90))
    )  # fmt: skip
    list(produce(Scene(sources=made, duration=2), folder / "out", {"foa": render.output("foa")}))
    return SimpleNamespace(index=page(folder / "out", out=folder / "page"), folder=folder)


def test_ears_are_mirrored_and_hear_what_is_beside_them() -> None:
    filters = ear_filters(RATE)
    assert filters.shape == (4, 256)
    left, front, right = (np.array([1, y, 0, x]) @ filters for y, x in ((1, 0), (0, 1), (-1, 0)))
    loud = [10 * np.log10(np.sum(np.square(heard))) for heard in (left, front, right)]
    assert loud[0] - loud[2] > 5
    assert loud[0] > loud[1] > loud[2]
    lag = np.argmax(np.correlate(left, right, "full")) - (len(left) - 1)
    assert -40 < lag <= -12, "the left ear is earlier by 0.25 to 0.8 ms"


@pytest.mark.slow
def test_in_a_browser_turning_the_head_turns_the_sound(browser: Any, written: SimpleNamespace) -> None:
    tab = browser.new_page(viewport={"width": 1300, "height": 900})
    complaints: list[str] = []
    asked: list[str] = []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(written.index.as_uri())

    def heard(yaw: float, pitch: float = 0, second: int = 0) -> tuple[float, float]:
        left, right = tab.evaluate(f"levels({yaw}, {pitch}, {second}, 1)")
        return left, right

    (left, right), turned, behind = heard(0), heard(90), heard(180)
    assert left - right > 5, "it is on the left"
    assert turned[0] == pytest.approx(turned[1], abs=0.1), "turned to it, it is in front"
    assert behind == pytest.approx((right, left), abs=0.1), "turned round, it is on the right"
    rolling = [np.subtract(*heard(yaw)) for yaw in range(0, 181, 45)]
    assert all(np.diff(rolling) < -1), "from ear to ear without a jump"
    above = heard(0, second=1)
    assert above[0] == pytest.approx(above[1], abs=0.1)
    assert heard(60, -90, second=1) == pytest.approx(above, abs=3), "looking down, what was above is behind"

    tab.mouse.move(*_middle(tab, "#plane"))
    tab.mouse.down()
    x, y = _middle(tab, "#plane")
    tab.mouse.move(x - 120, y)
    tab.mouse.up()
    assert tab.inner_text("#turned") == "60°"
    assert tab.get_attribute("#head", "transform") == "rotate(-60)"
    tab.click("#ahead")
    assert tab.inner_text("#turned") == "0°"
    ring = tab.locator('[data-source="0"] .ring')
    assert (float(ring.get_attribute("cx")), float(ring.get_attribute("cy"))) == pytest.approx((-100, 0), abs=1)
    tab.click("#play")
    tab.wait_for_timeout(400)
    assert 0 < tab.evaluate("now()") < 2
    tab.click("#play")
    assert tab.inner_text("#play") == "Play"
    assert tab.locator("#sources tbody tr").count() == 2
    assert complaints == []
    assert [url for url in asked if not url.startswith("data:")] == [written.index.as_uri()]
    tab.close()


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1300])
def test_it_fits(browser: Any, written: SimpleNamespace, width: int) -> None:
    tab = browser.new_page(viewport={"width": width, "height": 900})
    tab.goto(written.index.as_uri())
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    ring = tab.locator('[data-source="0"] .ring').bounding_box()
    label = tab.locator(".side", has_text="left").bounding_box()
    assert label["x"] + label["width"] <= ring["x"], "the label on the left stands clear of what is there"
    assert (
        tab.evaluate("document.querySelector('#head').compareDocumentPosition(document.querySelector('.ring'))") & 4
    ), "the head covers nothing"
    tab.close()


@pytest.mark.slow
def test_what_is_missing_is_told(written: SimpleNamespace, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no foa file in"):
        page(tmp_path, out=tmp_path / "page")
    out = tmp_path / "out"
    out.mkdir()
    for file in (written.folder / "out").iterdir():
        (out / file.name).write_bytes(file.read_bytes())
    short = page(out, out=tmp_path / "page", most_seconds=0.5).read_text(encoding="utf-8")
    assert "Only the first 0.5 s can be heard here" in short
    with pytest.raises(InputError, match="seconds above 0 were expected"):
        page(out, out=tmp_path / "page", most_seconds=0)
    (out / "measured.json").write_text(json.dumps([{"output": "stereo", "sources": []}]), encoding="utf-8")
    with pytest.raises(InputError, match="says nothing of foa"):
        page(out, out=tmp_path / "page")
    (out / "measured.json").unlink()
    with pytest.raises(InputError, match="did not come to its end"):
        page(out, out=tmp_path / "page")


def _middle(tab: Any, selector: str) -> tuple[float, float]:
    box = tab.locator(selector).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
