"""The page of what was found: its numbers, names that stay inert, and a browser that asks the network for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from limbeck.detections import Detected, Event, Summary
from limbeck.prototypes import Confidence
from limbeck.prototypes.confidence import Bin
from limbeck.report.detections_page import page

HOSTILE = ("<script>alert(1)</script>", '"><img src=x onerror=alert(2)>', "$\\frac{{x}} & {{ 7 * 7 }}", "雨 | rain")
CURVE = Confidence(
    slope=0.5, recordings=40, cases=400, right=100, bins=(Bin(low=0.1, high=0.2, cases=300, said=0.12, right=0.1),
    Bin(low=0.8, high=0.9, cases=100, said=0.84, right=0.7)),
)  # fmt: skip


def recordings(days: int = 3) -> Iterator[Detected]:
    """Two sites, two recordings of 50 minutes a day each; a first word each time, a second at the second site alone."""
    for site, name in enumerate(HOSTILE[:2]):
        for hour in range(2 * days):
            begins = datetime(2024, 1, 31, 4) + timedelta(hours=12 * hour)
            found = [Event(HOSTILE[word], 60.0 * word, 60.0 * word + 5, 0.8) for word in range(1 + site)]
            yield Detected(f"{hour}.wav", Path(f"{hour}.wav"), 3000.0, 8000.0, begins, name, tuple(found))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    out = tmp_path_factory.mktemp("detections")
    made = page(
        Summary.of(recordings()), out, labels=HOSTILE, confidence=CURVE, explained=CURVE.sentence(),
        about={"encoder": HOSTILE[0]}, remarks=[f"{HOSTILE[1]} is gone."],
    )  # fmt: skip
    return SimpleNamespace(index=made, out=out, html=made.read_text(encoding="utf-8"))


def test_its_numbers_and_files(written: SimpleNamespace) -> None:
    for text in ("18 events in 10 h 0 min of sound", "2 words were not found", "5 h 0 min"):
        assert text in written.html
    files = {file.name for file in (written.out / "figures").iterdir()}
    assert files == {f"{name}.{kind}" for name in ("hours", "days", "reliability") for kind in ("png", "svg")}
    assert all(f"<script>alert({n})" not in written.html for n in (1, 2))


@pytest.mark.parametrize(("width", "scheme"), [(1300, "light"), (390, "light"), (1300, "dark")])
def test_in_a_browser_it_fits_and_asks_for_nothing(
    browser: Any, written: SimpleNamespace, width: int, scheme: str
) -> None:
    tab = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    complaints: list[str] = []
    asked: list[str] = []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(written.index.as_uri())
    assert complaints == []
    assert [url for url in asked if not url.startswith("data:")] == [written.index.as_uri()]
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    rows = tab.locator("#words tbody tr").all_inner_texts()
    assert [row.split("\t")[:2] for row in rows[:2]] == [[HOSTILE[0], "12"], [HOSTILE[1], "6"]]
    tab.locator("#words thead button").nth(1).click()
    assert tab.locator("#words tbody tr").first.inner_text().split("\t")[1] in ("0", "12")
    assert tab.locator("#when svg").count() == 2
    assert "calibrated on the labels of 40 recordings" in tab.inner_text("#confidence")
    tab.close()


def test_without_clocks_sites_events_or_calibration_there_is_less_to_see(tmp_path: Path) -> None:
    nothing = Detected("a.wav", Path("a.wav"), 60.0, 8000.0, None, "", ())
    made = page(Summary.of([nothing]), tmp_path, labels=["rain"], confidence=None, explained="It is a score.")
    html = made.read_text(encoding="utf-8")
    assert "None of the 1 word was found in 1 recording." in html
    assert "It is a score." in html
    for absent in ('id="when"', 'id="sites"', "<figure"):
        assert absent not in html
    assert list(tmp_path.rglob("*.svg")) == []


def test_same_input_same_page(tmp_path: Path) -> None:
    one, two = (
        page(Summary.of(recordings()), tmp_path / name, labels=HOSTILE, confidence=CURVE, explained="").read_bytes()
        for name in "ab"
    )
    assert one == two
