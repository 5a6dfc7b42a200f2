"""The page of sounds taken apart: each mixture asked for both its sounds, four of each to hear, no complaints."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from limbeck.errors import InputError
from limbeck.evaluation.measures.separation import Separation
from limbeck.methods.random import Random
from limbeck.report.separation_page import page
from limbeck.testing import toy_subject

SMALL = Separation(steps=2, width=4, depth=2, mixtures=3)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    seen = toy_subject(Random(per_class=2), modalities=("spectrum", "image"))
    return page(tmp_path_factory.mktemp("apart"), seen, measure=SMALL, count=2)


def test_each_mixture_is_asked_for_both_with_four_sounds_and_a_picture(written: Path) -> None:
    html = written.read_text(encoding="utf-8")
    assert "what a distilled set taught" in html
    assert html.count("data:audio/wav") == 2 * 2 * 4
    assert html.count('class="asked"') == 4
    pairs = re.findall(r">(class .) <span class=\"sd\">with (class .)<", html)
    assert len(pairs) == 4
    assert pairs[1] == pairs[0][::-1]
    assert pairs[0][0] != pairs[0][1]


def test_answers_are_those_of_the_measure() -> None:
    seen = toy_subject(modalities=("spectrum",))
    by_class = SMALL.model_copy(update={"query": "class"})
    gains = [answer.improvement_db for answer in by_class.heard(seen, seed=4, count=5)]
    assert len(gains) == 6
    assert sum(gains) / 6 == pytest.approx(by_class.take(seen, seed=4)["SI-SDRi (dB)"])


def test_at_least_one_is_shown(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least one mixture, but got count=0"):
        page(tmp_path, toy_subject(modalities=("spectrum", "image")), count=0)


def test_a_browser_plays_it(browser: Any, written: Path) -> None:
    tab = browser.new_page(viewport={"width": 390, "height": 900})
    complaints: list[str] = []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.goto(written.as_uri())
    tab.locator("button.sound").nth(1).click()
    assert tab.locator("button.playing").count() <= 1
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    assert complaints == []
    tab.close()
