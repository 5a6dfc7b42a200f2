"""The comparison's page: what is in it, what cannot get out of it, and how it looks to a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image
from tests.helpers.comparison import invented

from limbeck.errors import MissingExtraError
from limbeck.report import comparison_page
from limbeck.report.comparison import Comparison

FEW = ("random", "herding + 2x2", "dm, Adam, 2x2", "mtt", "dm, Adam, soft labels")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, hostile: tuple[str, ...]) -> SimpleNamespace:
    """A page of two heads, with names that try to be something else."""
    made = invented(rows=FEW, heads=("ensemble", "concat"))
    renamed = dict(zip(FEW, (hostile[0], FEW[1], hostile[1], hostile[2], hostile[3]), strict=True))
    cells = tuple(replace(c, row=renamed.get(c.row, c.row)) for c in made.cells)
    about = {**made.about, "failed": {hostile[0]: hostile[1]}, hostile[2]: hostile[0], "class_names": [*hostile] * 3}
    about["class_names"] = about["class_names"][:10]
    made = replace(made, cells=cells, about=about, title=hostile[0], rows=tuple(renamed.get(r, r) for r in made.rows))
    index = comparison_page.write(made, tmp_path_factory.mktemp("page"))
    return SimpleNamespace(index=index, html=index.read_text(encoding="utf-8"), made=made)


@pytest.fixture
def opened(browser: Any, written: SimpleNamespace) -> Iterator[SimpleNamespace]:
    """The page in a browser, with all it complained about and asked for."""
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    complaints: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(written.index.as_uri())
    yield SimpleNamespace(page=page, complaints=complaints, requests=requests)
    page.close()


def test_browser_finds_nothing_to_complain_about_and_asks_for_nothing(opened: SimpleNamespace) -> None:
    opened.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    opened.page.evaluate("document.querySelectorAll('thead button').forEach(b => b.click())")
    opened.page.wait_for_timeout(50)
    assert opened.complaints == []
    assert sum(url.startswith("file://") for url in opened.requests) == 1
    assert all(url.startswith(("file://", "data:")) for url in opened.requests)


def test_names_from_data_stay_text(opened: SimpleNamespace, hostile: tuple[str, ...]) -> None:
    page = opened.page
    assert page.evaluate("document.scripts.length") == 1
    assert page.evaluate("document.querySelectorAll('[onerror], img').length") == 0
    assert page.title() == hostile[0]
    shown = page.evaluate("[...document.querySelectorAll('.part tbody th')].map(t => t.textContent)")
    assert {hostile[0], hostile[1], f"{hostile[2]} ‡"} <= set(shown)


def test_tables_hold_every_number(opened: SimpleNamespace, written: SimpleNamespace) -> None:
    texts = opened.page.evaluate("[...document.querySelectorAll('td')].map(t => t.textContent)")
    for section in written.made.sections:
        for line in section.lines:
            for key, spread in line.values.items():
                assert str(spread) in texts
                if key in line.difference:
                    assert any(t.startswith(f"{line.difference[key].mean:+.1f}".replace("-", "−")) for t in texts)
    heads = opened.page.evaluate("[...document.querySelectorAll('.over + .scroll thead th')].map(t => t.textContent)")
    assert heads == ["stored per class", "trained on", "concat", "ensemble", "n"]


def test_columns_sort_by_number_and_keep_the_reference_last(opened: SimpleNamespace) -> None:
    page = opened.page
    table = "document.querySelectorAll('.part[open] > .scroll table')[0]"
    column = "e => [...e.tBodies[0].rows].map(r => r.cells[{}].textContent)"

    def read(place: int) -> list[str]:
        return page.evaluate(f"({column.format(place)})({table})")

    given = read(0)
    button = page.locator(".part[open] > .scroll table").first.locator("thead button").nth(3)
    button.focus()
    page.keyboard.press("Enter")
    values = [float(x.split()[0]) for x in read(3)]
    assert values[:-1] == sorted(values[:-1], reverse=True)
    assert read(0)[-1] == "whole"
    page.keyboard.press("Enter")
    values = [float(x.split()[0]) for x in read(3)]
    assert values[:-1] == sorted(values[:-1])
    assert read(0)[-1] == "whole"
    page.keyboard.press("Enter")
    assert read(0) == given
    page.locator(".part[open] > .scroll table").first.locator("thead button").nth(8).click()
    times = page.evaluate(f"[...{table}.tBodies[0].rows].map(r => Number(r.cells[8].dataset.value ?? -1))")
    assert times == sorted(times, reverse=True)


def test_one_modality_is_shown_at_a_time(opened: SimpleNamespace) -> None:
    page = opened.page
    shown = "[...document.querySelectorAll('[data-part]')].filter(f => f.offsetParent).map(f => f.dataset.part)"
    assert page.evaluate(shown) == ["A+V"] * 3
    page.focus('input[name="show"]:checked')
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(shown) == ["V"] * 3


@pytest.mark.parametrize("width", [390, 820, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_fits_the_screen(browser: Any, written: SimpleNamespace, width: int, scheme: str) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.goto(written.index.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    least = (
        "Math.min(...[...document.querySelectorAll('.wide-drawing text')].filter(t => t.getBoundingClientRect().width)"
    )
    assert page.evaluate(f"{least}.map(t => t.getBoundingClientRect().height))") > 9  # names on plots stay readable
    ink, body = (f"getComputedStyle(document.querySelector('{x}'))" for x in (".wide-drawing svg text", "body"))
    assert page.evaluate(f"{ink}.fill == {body}.color")
    page.close()


def test_page_is_readable_without_its_script(browser: Any, written: SimpleNamespace) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(written.index.as_uri())
    assert page.locator(".wide-drawing:visible").count() == 9
    assert page.locator(".controls:visible").count() == 0
    assert page.locator("thead button").count() == 0
    context.close()


def test_figures_lie_beside_the_page(written: SimpleNamespace) -> None:
    names = {p.name for p in (written.index.parent / "figures").iterdir()}
    plots = {f"{kind}-{key}" for kind in ("bytes", "time", "differences") for key in ("audio", "image", "audio-image")}
    assert names == {f"{name}{suffix}" for name in plots | {"confusion"} for suffix in (".png", ".svg")}
    with Image.open(written.index.parent / "figures" / "bytes-audio-image.png") as picture:
        assert picture.size[0] > 1000


def test_verdict_says_whether_the_leader_is_told_apart(written: SimpleNamespace) -> None:
    verdict = re.search(r'<p class="verdict">(.*?)</p>', written.html, re.DOTALL)[1]  # type: ignore[index]
    assert "1 stored sample per class: " in verdict
    assert "the rows without † or ‡" in verdict
    assert "told apart from all others. The runner-up is " in verdict
    assert re.search(r"\d of 4 rows differ from herding \+ 2x2 beyond chance", verdict)


@pytest.mark.slow
def test_confusion_of_the_best_row_is_the_sum_over_seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = invented(rows=FEW, per_class=(1,))
    seen = []
    draw = comparison_page.figures.confusion
    monkeypatch.setattr(
        comparison_page.figures, "confusion", lambda m, names: seen.append((m, names)) or draw(m, names)
    )
    html = comparison_page.write(made, tmp_path).read_text(encoding="utf-8")
    lines = [line for line in made.sections[0].lines if not line.reference]
    best = max(lines, key=lambda line: line.values["A+V"].mean).row
    own = [c.confusion["A+V"] for c in made.cells if c.row == best and c.confusion]
    matrix, names = seen[0]
    assert matrix.tolist() == [[sum(m[i][k] for m in own) for k in range(10)] for i in range(10)]
    assert names == made.about["class_names"]
    assert f"Confusion matrix of {best}, 1 stored sample per class, A+V, head ensemble: 3 distillations" in html


def test_small_and_empty_comparisons_have_pages(tmp_path: Path) -> None:
    nothing = Comparison("t", "d", {}, (), "a", ("a",))
    assert "nothing to compare yet" in comparison_page.write(nothing, tmp_path / "0").read_text(encoding="utf-8")
    one = invented(rows=("herding + 2x2",), heads=("audio",), seeds=1, students=1, per_class=(1,), confusions=False)
    html = comparison_page.write(one, tmp_path / "1").read_text(encoding="utf-8")
    assert 'id="confusion"' not in html
    assert html.count('data-part="A"') == 2


def test_same_comparison_same_page(tmp_path: Path) -> None:
    made = invented(rows=FEW[:3], per_class=(1,), heads=("concat",))
    one, two = (comparison_page.write(m, tmp_path / n) for n, m in (("a", made), ("b", replace(made))))
    assert one.read_bytes() == two.read_bytes()
    for file in (one.parent / "figures").iterdir():
        assert file.read_bytes() == (two.parent / "figures" / file.name).read_bytes()


def test_missing_package_is_told_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "jinja2", None)
    with pytest.raises(MissingExtraError, match=r"limbeck\[report\]"):
        comparison_page.write(invented(rows=FEW[:2]), tmp_path)
    assert not list(tmp_path.iterdir())
