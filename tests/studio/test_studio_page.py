"""The page in a browser: the whole loop by keyboard alone, hostile names, a lasso, small screens."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.helpers.served_studio import Served
from tests.helpers.weights_folder import yamnet_folder
from tests.studio.conftest import HOSTILE

from limbeck import sounds
from limbeck.active_learning.steps import Judge
from limbeck.prototypes import SoundClassifier
from limbeck.studio.journal import Journal

Visit = Callable[[Served], SimpleNamespace]


@pytest.fixture
def visit(browser: Any) -> Iterator[Visit]:
    """Opens a studio in a tab, with all it complains about and asks other places for."""
    tabs = []

    def open_tab(studio: Served) -> SimpleNamespace:
        tab = browser.new_page(viewport={"width": 1300, "height": 850})
        tabs.append(tab)
        complaints: list[str] = []
        tab.on("console", lambda message: complaints.append(message.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
        tab.on(
            "request",
            lambda request: request.url.startswith((studio.address, "data:")) or complaints.append(request.url),
        )
        tab.goto(studio.address)
        tab.wait_for_selector("#totals dd")
        return SimpleNamespace(page=tab, keys=tab.keyboard, complaints=complaints)

    yield open_tab
    for tab in tabs:
        tab.close()


def idle(tab: Any) -> None:
    """Wait until all that was asked for is done."""
    tab.evaluate("async () => { let seen; do { seen = line; await seen; } while (seen !== line); }")


def add(opened: SimpleNamespace, word: str) -> None:
    opened.keys.press("a")
    opened.keys.type(word)
    opened.keys.press("Enter")
    idle(opened.page)


def said(folder: Path) -> list[tuple[str, bool | None, str]]:
    """Verdicts in the journal: word, yes or no, name of the recording."""
    steps = Journal(folder / "studio.jsonl").steps
    return [(s.word, s.yes, Path(w.path).name) for s in steps if isinstance(s, Judge) for w in s.windows]


@pytest.mark.slow
def test_the_loop_by_keyboard_alone(visit: Visit, serve: Callable[[], Served], tmp_path: Path) -> None:
    studio = serve()
    opened = visit(studio)
    tab, keys = opened.page, opened.keys
    for word in ("low", "middle: a middle tone", "high"):
        add(opened, word)
    assert tab.locator("#words .name").all_inner_texts() == ["low", "middle", "high"]
    assert tab.inner_text("#title") == "high"
    keys.press("/")
    keys.type("a high tone")
    keys.press("Enter")
    idle(tab)
    assert tab.locator("#cards .card").count() == 33
    assert HOSTILE in tab.evaluate("items.map(item => item.path.split('/').pop())")
    assert any(HOSTILE in name for name in tab.locator("#cards .name").all_inner_texts())
    assert tab.evaluate("document.querySelectorAll('[onerror], b, #cards script').length") == 0
    first = tab.evaluate("items.map(item => item.name)")
    keys.press("y")
    idle(tab)
    keys.press("j")
    keys.press("k")
    keys.press("n")
    idle(tab)
    keys.press("1")
    idle(tab)
    assert said(tmp_path / "classifier") == [
        (word, yes, Path(name).name.partition(" at ")[0])
        for word, yes, name in zip(("high", "high", "low"), (True, False, True), first[:3], strict=True)
    ]
    assert "Kept and learned." in tab.inner_text("#status")
    assert tab.locator("#cards .verdict").all_inner_texts()[:3] == ["high", "high", "low"]
    keys.press("u")
    idle(tab)
    assert tab.locator("#cards .verdict").all_inner_texts()[2] == ""
    keys.press("Space")
    assert tab.evaluate(
        "new Promise(ok => { sound.onended = () => ok(sound.duration); setTimeout(() => ok(-1), 8000); })"
    ) == pytest.approx(2.0, abs=0.15)
    keys.press("l")
    idle(tab)
    assert "like window" in tab.inner_text("#parts")
    keys.press("c")
    idle(tab)
    assert tab.inner_text("#title") == "To check"
    keys.press("y")
    idle(tab)
    keys.press("[")
    keys.press("r")
    tab.evaluate("one('edited').value = ''")
    keys.type("<b>mid</b>")
    keys.press("Enter")
    idle(tab)
    keys.press("e")
    keys.type("a middle tone <script>alert(2)</script>")
    keys.press("Enter")
    idle(tab)
    assert tab.locator("#words .name").all_inner_texts() == ["low", "<b>mid</b>", "high"]
    keys.press("w")
    idle(tab)
    assert "<script>alert(2)</script>" in tab.locator("#words .said").all_inner_texts()[1]
    assert tab.evaluate("document.querySelectorAll('b, #words script').length") == 0
    keys.press("t")
    idle(tab)
    tab.locator("#curve input").focus()
    for _ in range(40):
        keys.press("ArrowRight")
    keys.press("Enter")
    idle(tab)
    assert tab.evaluate("known.words[1].threshold") is not None
    tab.locator("#curve input").blur()
    keys.press("Delete")
    keys.type("<b>mid</b>")
    keys.press("Enter")
    idle(tab)
    assert tab.locator("#words .name").all_inner_texts() == ["low", "high"]
    keys.press("x")
    keys.type("whistle: a high tone; middle")
    keys.press("Enter")
    idle(tab)
    assert tab.locator("#words .name").all_inner_texts() == ["low", "whistle", "middle"]
    assert tab.inner_text("#title") == "To check"
    assert tab.locator("#cards .reason").first.inner_text() == "was split: whistle or middle?"
    keys.press("u")
    idle(tab)
    assert tab.locator("#words .name").all_inner_texts() == ["low", "high"]
    keys.press("?")
    assert tab.is_visible("#help")
    keys.press("Escape")
    assert opened.complaints == []
    assert studio.end() == 0
    assert SoundClassifier.load(tmp_path / "classifier").labels == ("low", "high")


@pytest.mark.slow
def test_what_is_used_is_told_once_enough_is_accepted(
    visit: Visit, serve: Callable[[], Served], tmp_path: Path
) -> None:
    opened = visit(serve())
    tab, keys = opened.page, opened.keys
    assert tab.locator("#probe").is_hidden()
    for word in ("low", "middle", "high"):
        add(opened, word)
        keys.press("w")
        idle(tab)
        tab.check("#all")
        keys.press("y")
        idle(tab)
    assert tab.inner_text("#probe").startswith("Prototypes are used: of ")
    assert opened.complaints == []


@pytest.mark.slow
def test_a_second_tab_follows_and_an_ended_studio_says_so(visit: Visit, serve: Callable[[], Served]) -> None:
    studio = serve()
    one, other = visit(studio), visit(studio)
    add(one, "low")
    other.page.wait_for_selector('#words .name:text-is("low")')
    studio.kill()
    one.keys.press("/")
    one.keys.type("low")
    one.keys.press("Enter")
    one.page.wait_for_selector('#status.wrong:has-text("The studio does not answer")')


@pytest.mark.slow
def test_a_line_around_points_lists_them_and_one_word_is_for_all(visit: Visit, serve: Callable[[], Served]) -> None:
    studio = serve()
    opened = visit(studio)
    tab, keys = opened.page, opened.keys
    add(opened, "low")
    add(opened, "high")
    keys.press("m")
    tab.wait_for_function = None
    for _ in range(100):
        idle(tab)
        if tab.evaluate("drawing !== null"):
            break
        tab.wait_for_timeout(200)
    points = tab.evaluate("drawing.points")
    assert len(points) == 33
    box = tab.locator("#map").bounding_box()
    scale = box["width"] / 1000
    right = [row for row, x, _, _ in points if x > 500]
    middle, mouse = box["x"] + 500 * scale, tab.mouse
    mouse.move(middle, box["y"] + 1)
    mouse.down()
    for x, y in ((box["width"] - 1, 1), (box["width"] - 1, box["height"] - 1), (500 * scale, box["height"] - 1)):
        mouse.move(box["x"] + x, box["y"] + y, steps=4)
    mouse.up()
    idle(tab)
    assert sorted(tab.evaluate("items.map(item => item.row)")) == sorted(right)
    keys.press("Shift+A")
    keys.press("2")
    idle(tab)
    assert tab.evaluate("known.words[1].yes") == len(right)
    keys.press("u")
    idle(tab)
    assert tab.evaluate("known.words[1].yes") == 0
    assert opened.complaints == []


def test_fits_the_screen(visit: Visit, serve: Callable[[], Served]) -> None:
    studio = serve()
    studio.json("step", {"do": "add", "word": "low"})
    studio.json("step", {"do": "add", "word": "highandlong" * 12})
    opened = visit(studio)
    for width in (360, 820, 1600):
        opened.page.set_viewport_size({"width": width, "height": 800})
        for key in "swcmt":
            opened.keys.press(key)
            idle(opened.page)
            assert opened.page.evaluate("document.documentElement.scrollWidth") <= width, (width, key)


@pytest.mark.data
@pytest.mark.slow
def test_from_320_recordings_and_ten_words_to_a_corrected_classifier(
    visit: Visit, test_data: Path, tmp_path: Path
) -> None:
    """ESC-10 with YAMNet, keys alone: whoever looks at the name of the folder answers what is worth checking."""
    (tmp_path / "weights").mkdir()
    weights = yamnet_folder(test_data, tmp_path / "weights")
    sounds.index(
        test_data / "esc10", out=tmp_path / "index", encoder="yamnet", weights=weights, workers=1, progress=False
    )
    with (test_data / "esc10" / "manifest.csv").open(newline="") as handle:
        truth = {Path(row["path"]).name: row["label"].replace("_", " ") for row in csv.DictReader(handle)}
    words = sorted(set(truth.values()))
    studio = Served(tmp_path / "index", tmp_path / "classifier", weights=weights)
    opened = visit(studio)
    tab, keys = opened.page, opened.keys
    try:
        for word in words:
            add(opened, word)
        right = lambda: np.mean(  # noqa: E731
            [truth[Path(w["path"]).name] == w["named"] for w in studio.json("windows", {"rows": list(range(320))})]
        )
        before = right()
        keys.press("c")
        idle(tab)
        for _ in range(30):
            item = tab.evaluate("items[cursor]")
            label = truth[Path(item["path"]).name]
            place = words.index(label)
            if item["likeliest"][0][0] == label:
                keys.press("y")
            elif place < 9:
                keys.press(str(place + 1))
            else:
                keys.press("n")
            idle(tab)
        assert opened.complaints == []
        assert before > 0.85
        assert right() >= before - 0.01
        assert studio.json("overview")["judged"] >= 29
        assert studio.end() == 0
    finally:
        studio.kill()
    kept = SoundClassifier.load(tmp_path / "classifier")
    assert list(kept.labels) == words
    assert json.loads((tmp_path / "classifier" / "origin.json").read_text())["corrections"]["add"]
