"""The page of a classifier: what is in it, what cannot get out of it, and how it works in a browser."""

from __future__ import annotations

import base64
import io
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile

from limbeck.errors import InputError, MissingExtraError
from limbeck.media import write_wav
from limbeck.report.sounds_page import NONE, Windows, Word, page, to_check

HOSTILE = ("<script>alert(1)</script>", '"><img src=x onerror=alert(2)>', "it's {{ 7 * 7 }}", "雨 | rain")
EACH = 6


def heard(folder: Path, *, each: int = EACH, seconds: float = 1.0) -> Windows:
    """Tones of four pitches in windows of a second, two windows a recording; their vectors are four clouds."""
    rng = np.random.default_rng(4)
    time = np.arange(round(2 * seconds * 8000)) / 8000
    paths, starts = [], []
    for c in range(len(HOSTILE)):
        for i in range(each // 2):
            path = folder / f"kind {c}" / f"it's {i}.wav"
            tone = 0.4 * np.sin(2 * np.pi * 300 * (c + 1) * time) + 0.01 * rng.standard_normal(len(time))
            write_wav(path, tone.astype(np.float32), 8000)
            paths += [path, path]
            starts += [0.0, seconds]
    label = np.repeat(np.arange(len(HOSTILE)), each)
    features = 5 * np.eye(len(HOSTILE), 12)[label] + rng.standard_normal((len(label), 12))
    scores = np.full((len(label), len(HOSTILE)), 0.1) + 0.6 * np.eye(len(HOSTILE))[label]
    return Windows(
        paths, np.array(starts), np.full(len(label), seconds), features.astype(np.float32), scores, label.copy()
    )


def words(count: int = 4) -> list[Word]:
    return [Word(name, f"about {name}", list(range(EACH * c, EACH * c + count))) for c, name in enumerate(HOSTILE)]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """A page of hostile names; one neighbour is named otherwise, one window is none, one is in doubt."""
    folder = tmp_path_factory.mktemp("sounds")
    found = heard(folder)
    found.named[1] = 3
    found.named[-1] = NONE
    found.scores[EACH + 5, :2] = 0.4, 0.41
    found.paths[EACH + 2].unlink()
    index = page(
        words(), found, folder / "page", command="limbeck sounds correct 'a b/'", about={"encoder": HOSTILE[0]}
    )
    return SimpleNamespace(index=index, html=index.read_text(encoding="utf-8"), heard=found)


@pytest.fixture
def opened(browser: Any, written: SimpleNamespace) -> Iterator[SimpleNamespace]:
    """The page in a browser, with all it complained about and asked for."""
    tab = browser.new_page(viewport={"width": 1300, "height": 900})
    complaints: list[str] = []
    requests: list[str] = []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
    tab.on("request", lambda request: requests.append(request.url))
    tab.goto(written.index.as_uri())
    yield SimpleNamespace(page=tab, complaints=complaints, requests=requests)
    tab.close()


def test_browser_finds_nothing_to_complain_about_and_asks_for_nothing(opened: SimpleNamespace) -> None:
    sizes = opened.page.evaluate(
        """Promise.all([...document.images].map(async i => {
            i.loading = 'eager'; await i.decode(); return [i.naturalWidth, i.naturalHeight]; }))"""
    )
    assert len(sizes) >= 4 * 4 - 1  # one recording is gone
    assert min(min(size) for size in sizes) >= 48
    assert opened.complaints == []
    assert sum(not url.startswith("data:") for url in opened.requests) == 1


def test_names_from_data_stay_text(opened: SimpleNamespace) -> None:
    tab = opened.page
    assert tab.evaluate("[...document.scripts].map(s => s.type)") == ["application/json", ""]
    assert tab.evaluate("document.querySelectorAll('[onerror], img:not([src^=\"data:\"])').length") == 0
    assert tab.evaluate("[...document.querySelectorAll('summary h3')].map(h => h.textContent)") == list(HOSTILE)
    assert tab.evaluate("[...document.querySelectorAll('#names text')].map(h => h.textContent)") == list(HOSTILE)


def test_every_window_is_a_point_and_the_map_can_be_heard(opened: SimpleNamespace, written: SimpleNamespace) -> None:
    tab = opened.page
    assert tab.evaluate("document.querySelectorAll('#points circle').length") == 4 * EACH
    assert tab.evaluate("document.querySelectorAll('#points .near').length") == 4 * 4
    assert tab.evaluate("document.querySelectorAll('#points .none').length") == 1
    told = tab.evaluate(
        """async () => {
            const dot = document.querySelector('#points circle[data-i="11"]'), box = dot.getBoundingClientRect();
            const at = {clientX: box.x + box.width / 2, clientY: box.y + box.height / 2, bubbles: true};
            const plane = document.getElementById('plane');
            plane.dispatchEvent(new PointerEvent('pointermove', at));
            const words = document.getElementById('told').textContent;
            plane.dispatchEvent(new MouseEvent('click', at));
            await new Promise(ok => { sound.onended = ok; setTimeout(ok, 8000); });
            return [words, sound.currentTime]; }"""
    )
    assert HOSTILE[1] in told[0]
    assert "kind 1/it's 2.wav at 0:01" in told[0]
    assert told[1] == pytest.approx(1.0, abs=0.15)  # MP3 pads to whole frames
    assert opened.complaints == []


def test_the_map_is_used_by_keyboard(opened: SimpleNamespace) -> None:
    tab = opened.page
    tab.focus("#plane")
    told = []
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "ArrowLeft"):
        tab.keyboard.press(key)
        told.append(tab.inner_text("#told"))
    assert len(set(told)) > 1
    whole = tab.get_attribute("#plane", "viewBox")
    tab.keyboard.press("+")
    assert float(tab.get_attribute("#plane", "viewBox").split()[2]) < float(whole.split()[2])
    tab.click('[data-zoom="all"]')
    assert tab.get_attribute("#plane", "viewBox") == whole


def test_a_word_stands_out_on_demand(opened: SimpleNamespace) -> None:
    tab = opened.page
    tab.click('.chip[data-word="2"]')
    kept = "[...document.querySelectorAll('#points .kept')].map(d => d.dataset.w)"
    assert set(tab.evaluate(kept)) == {"2"}
    tab.click('.chip[data-word="2"]')
    assert tab.evaluate(kept) == []
    tab.click('.chip[data-word="-1"]')
    assert tab.evaluate(kept) == ["-1"]
    tab.click('.chip[data-word="-1"]')
    assert not tab.evaluate("document.getElementById('plane').classList.contains('filtered')")


def test_corrections_become_a_command_and_a_file(opened: SimpleNamespace, written: SimpleNamespace) -> None:
    tab = opened.page
    assert tab.is_hidden("#corrections")
    tab.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    tab.check('[data-remove="2"]')
    tab.select_option(f'[data-add="{EACH + 5}"]', "3")
    spoken = tab.inner_text("#command")
    paths = [str(path) for path in written.heard.paths]
    assert shlex.split(spoken.replace("\\\n", " ")) == [
        "limbeck", "sounds", "correct", "a b/",
        "--remove", f"{HOSTILE[0]}={paths[2]}@0",
        "--add", f"{HOSTILE[3]}={paths[EACH + 5]}@1",
    ]  # fmt: skip
    with tab.expect_download() as caught:
        tab.click("#save")
    assert caught.value.suggested_filename == "corrections.json"
    assert json.loads(Path(caught.value.path()).read_text(encoding="utf-8")) == {
        "remove": [{"label": HOSTILE[0], "path": paths[2], "start_s": 0}],
        "add": [{"label": HOSTILE[3], "path": paths[EACH + 5], "start_s": 1}],
    }
    tab.uncheck('[data-remove="2"]')
    tab.select_option('[data-add="1"]', "3")
    spoken = shlex.split(tab.inner_text("#command").replace("\\\n", " "))
    assert f"{HOSTILE[0]}={paths[1]}@1" in spoken[spoken.index("--remove") :], "what is one word is not another"
    tab.click("#clear")
    assert tab.is_hidden("#corrections")
    assert opened.complaints == []


def test_doubts_are_told(opened: SimpleNamespace) -> None:
    checks = opened.page.inner_text("#check")
    assert f"stands for “{HOSTILE[0]}”, but is named “{HOSTILE[3]}”" in checks
    assert f"named {HOSTILE[3]}" in opened.page.inner_text("#word-0")
    assert "missing_file" in opened.page.text_content("#words")


@pytest.mark.parametrize("width", [360, 820, 1400])
def test_fits_the_screen(opened: SimpleNamespace, width: int) -> None:
    opened.page.set_viewport_size({"width": width, "height": 800})
    opened.page.reload()
    opened.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


def test_sounds_are_those_of_the_windows(written: SimpleNamespace) -> None:
    data = json.loads(re.search(r'id="data">(.*?)</script>', written.html, re.DOTALL)[1])
    assert len(data["sounds"]) == 4 * EACH - 2  # both windows of the lost recording
    for i in (0, 7, 20):
        content = base64.b64decode(data["sounds"][str(i)].removeprefix("data:audio/mpeg;base64,"))
        wave, rate = soundfile.read(io.BytesIO(content))
        spectrum = np.abs(np.fft.rfft(wave[:rate]))
        assert len(wave) / rate == pytest.approx(1.0, abs=0.15)
        assert spectrum.argmax() * rate / rate == pytest.approx(300 * (i // EACH + 1), abs=5)


def test_same_input_same_page(tmp_path: Path) -> None:
    found = heard(tmp_path)
    one, two = (page(words(), found, tmp_path / name).read_bytes() for name in "ab")
    assert one == two


def test_what_does_not_fit_is_left_out_and_told(tmp_path: Path) -> None:
    text = page(words(), heard(tmp_path), tmp_path / "page", points=18).read_text(encoding="utf-8")
    assert text.count("<circle class=") == 18
    assert text.count(" near") - text.count("near {") >= 16
    assert "6 more windows are not drawn" in text
    # Each step of reading holds a few dozen windows, so a limit of nothing still gives the first of them.
    small = page(words(), heard(tmp_path, each=20), tmp_path / "small", size_limit_bytes=0).read_text(encoding="utf-8")
    assert "some points cannot be heard" in small
    assert "too much to hold" in small


def test_to_check_by_hand(tmp_path: Path) -> None:
    found = heard(tmp_path, each=2)
    two = [Word("a", "", [0, 1]), Word("b", "", [2, 3])]
    scores = np.array([[0.9, 0.1], [0.3, 0.7], [0.45, 0.55], [0.1, 0.9], [0.52, 0.48], [0.5, 0.5], [0.8, 0.2], [1, 0]])
    found = Windows(found.paths, found.start_s, found.duration_s, found.features, scores, scores.argmax(1))
    found.named[5] = NONE
    assert to_check(two, found, 3) == [
        (1, "stands for “a”, but is named “b”"),
        (4, "scores of two words hardly differ"),
        (2, "scores of two words hardly differ"),
    ]
    assert to_check(two, found, 0) == []


def test_refuses_what_does_not_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = heard(tmp_path)
    with pytest.raises(InputError, match=r"24 windows and 3 words came, but .*scores \(24, 4\)"):
        page(words()[:3], found, tmp_path)
    with pytest.raises(InputError, match="outside of the 24 windows"):
        page([*words()[:3], Word("x", "", [24])], found, tmp_path)
    none = Windows([], *(np.zeros(0),) * 2, np.zeros((0, 3)), np.zeros((0, 4)), np.zeros(0, int))
    with pytest.raises(InputError, match="index recordings first"):
        page(words(), none, tmp_path)
    monkeypatch.setitem(__import__("sys").modules, "jinja2", None)
    with pytest.raises(MissingExtraError, match=r"limbeck\[report\]"):
        page(words(), found, tmp_path)
