"""The page: what is in it, what cannot get out of it, and how it looks to a browser."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from PIL import Image

from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.errors import InputError, MissingExtraError
from limbeck.evaluation import Score, Source
from limbeck.parameterisations import parse
from limbeck.report import distilled_page
from limbeck.report._drawing import level_range
from limbeck.report._samples import Samples

Make = Callable[..., Any]
CLASSES = ("bell", "drip")


@pytest.fixture(scope="module")
def written(
    tmp_path_factory: pytest.TempPathFactory,
    make_clips: Make,
    make_set: Make,
    make_score: Make,
    hostile: tuple[str, ...],
) -> SimpleNamespace:
    """A page of hostile names with everything on it."""
    clips: LabelledClips = make_clips(hostile)
    made: DistilledSet = make_set(clips, per_class=2, hold="mosaic:2")
    levels = {"A": 50, "V": 40, "A+V": 70}
    scores: dict[str, Score] = {
        hostile[0]: make_score(hostile, {k: v - 25 for k, v in levels.items()}, name="random", samples=32, per_class=2),
        "avdd": make_score(hostile, levels, name="avdd", samples=32, per_class=2, seed=1),
        "whole": make_score(
            hostile, {"A": 80, "V": 70, "A+V": 92}, name="toy", kind="clips", samples=40, per_class=None
        ),
    }
    scores["avdd"] = scores["avdd"].model_copy(update={"trained_on": Source.of(made)})
    events = [
        {"step": i, "loss": 100 / i, "seconds": 0.1, "accuracy": 10.0 + i / 4, hostile[1]: 1.0} for i in range(1, 200)
    ]
    ids = [f"{hostile[1]}/{i}.mp4" for i in range(len(clips))]
    clips = replace(clips, ids=tuple(ids))
    index = distilled_page.write(
        made,
        tmp_path_factory.mktemp("page"),
        scores=scores,
        events=events,
        clips=clips,
        about={"seconds": 12.5, hostile[0]: {"command": hostile[1]}},
        title=hostile[0],
    )
    return SimpleNamespace(index=index, html=index.read_text(encoding="utf-8"), set=made, scores=scores, ids=ids)


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
    sizes = opened.page.evaluate(
        """Promise.all([...document.images].map(async i => {
            i.loading = 'eager'; await i.decode(); return i.naturalWidth; }))"""
    )
    assert len(sizes) == 4 * 2 * 4 * 3 * 2  # classes, pairs, cells, faces, picture and spectrogram
    assert min(sizes) > 0
    assert opened.complaints == []
    assert all(url.startswith(("file://", "data:")) for url in opened.requests)
    assert sum(url.startswith("file://") for url in opened.requests) == 1


def test_names_from_data_stay_text(opened: SimpleNamespace, hostile: tuple[str, ...]) -> None:
    page = opened.page
    assert page.evaluate("document.scripts.length") == 1
    assert page.evaluate("document.querySelectorAll('[onerror], img:not([src^=\"data:\"])').length") == 0
    assert page.evaluate("[...document.querySelectorAll('summary h3')].map(h => h.textContent)") == list(hostile)
    assert page.title() == hostile[0]
    assert hostile[2][:17] in page.evaluate("document.querySelector('[data-figure=confusion]').textContent")


def test_every_sound_has_its_length(opened: SimpleNamespace) -> None:
    lengths = opened.page.evaluate(
        """Promise.all([...document.querySelectorAll('.sound')].slice(0, 24).map(b => new Promise((ok, no) => {
            const a = new Audio(b.dataset.sound);
            a.onloadedmetadata = () => ok(a.duration); a.onerror = () => no(a.error.message); a.load(); })))"""
    )
    np.testing.assert_allclose(lengths, 0.5, atol=0.01)


def test_toggles_and_players_work_by_keyboard(opened: SimpleNamespace) -> None:
    page = opened.page
    shown = "[...document.querySelectorAll('.face')].filter(f => f.offsetParent).map(f => f.dataset.part)"
    assert set(page.evaluate(shown)) == {"distilled", "start", "real"}
    page.focus('input[name="show"][value="all"]')
    for kind in ("distilled", "start", "real"):
        page.keyboard.press("ArrowRight")
        assert set(page.evaluate(shown)) == {kind}
    gap = "getComputedStyle(document.querySelector('.grid')).gap"
    assert page.evaluate(gap) == "0px"
    page.focus("#cut")
    page.keyboard.press("Space")
    assert page.evaluate(gap) != "0px"
    page.click('[data-open="no"]')
    assert page.evaluate("document.querySelectorAll('details[open]').length") == 0
    page.click('[data-open="yes"]')
    assert page.evaluate("document.querySelectorAll('details:not([open])').length") == 0
    page.evaluate(
        """() => {
            const button = document.querySelector('.face[data-part=real] .sound');
            sound.onplaying = () => { window.marked = button.matches('.playing[aria-pressed=true]'); };
            window.heard = new Promise(ok => { sound.onended = () => requestAnimationFrame(() => requestAnimationFrame(
                () => ok([sound.currentTime, window.marked, document.querySelectorAll('.playing').length]))) });
            button.focus(); }"""
    )
    page.keyboard.press("Enter")
    seconds, marked, left = page.evaluate("window.heard")
    assert seconds == pytest.approx(0.5, abs=0.02)
    assert (marked, left) == (True, 0)
    assert opened.complaints == []


@pytest.mark.slow
@pytest.mark.parametrize(("audio", "image"), [((1, 12), (3, 4)), ((4, 2), (2, 4)), ((1, 3), (3, 1))])
def test_cells_stand_where_they_are_stored(
    browser: Any,
    tmp_path: Path,
    make_clips: Make,
    make_set: Make,
    audio: tuple[int, int],
    image: tuple[int, int],
) -> None:
    """Column by column, as the picture is cut; the sound of a cell stands where its picture does."""
    made = make_set(make_clips(("bell", "drip"), per_class=2), per_class=1)
    grids = {"audio": audio, "image": image}
    hold = "mosaic:" + ",".join(f"{name}={rows}x{columns}" for name, (rows, columns) in grids.items())
    made = replace(made, hold=parse(hold), start=None)
    page = browser.new_page()
    page.goto(distilled_page.write(made, tmp_path).as_uri())
    halves = page.evaluate(
        """[...document.querySelectorAll('.grid')].map(grid => {
            const whole = grid.getBoundingClientRect();
            return [...grid.children].map(cell => {
                const box = cell.getBoundingClientRect();
                return [(box.top - whole.top) / whole.height, (box.left - whole.left) / whole.width,
                        box.height / whole.height, box.width / whole.width]; }); })"""
    )
    page.close()
    rows, columns = image
    stored = [(k % rows / rows, k // rows / columns, 1 / rows, 1 / columns) for k in range(rows * columns)]
    assert len(halves) == 2 * 2  # classes, picture and spectrogram
    for cells in halves:
        np.testing.assert_allclose(cells, stored, atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("kept", ["audio,image", "audio", "image"])
def test_samples_that_share_by_frequencies_are_shown_apart(
    make_clips: Make, make_set: Make, tmp_path: Path, kept: str
) -> None:
    clips = make_clips(("bell", "drip"), per_class=3).seen_by(kept.split(","))
    made = make_set(clips, per_class=1, hold="frequencies:3")
    text = distilled_page.write(made, tmp_path, clips=clips).read_text(encoding="utf-8")
    assert "frequencies:3" in text
    assert len(set(re.findall(r"bell, sample \d, distilled", text))) == 3
    assert "samples are shown as students see them" in text
    assert "Cut the mosaic" not in text
    seen = made.samples()
    for name, expected in seen.items():
        pictures = _pictures(text, name, "distilled")
        assert len(pictures) == len(expected) == 6
        for label in range(2):  # cell-major there, by class here
            shown = np.asarray(pictures[3 * label + 1])
            values = _prepared(made, name, seen)[2 + label]
            if name == "image":
                np.testing.assert_array_equal(shown, values.permute(1, 2, 0).numpy())
            else:
                assert shown.shape[:2] == values.shape[1:]


@pytest.mark.slow
@pytest.mark.parametrize(("kept", "letter", "noun"), [("audio", "A", "spectrogram"), ("image", "V", "image")])
@pytest.mark.parametrize("hold", ["plain", "mosaic:2"])
def test_a_set_of_one_modality_shows_it_alone(
    make_clips: Make, make_set: Make, make_score: Make, tmp_path: Path, kept: str, letter: str, noun: str, hold: str
) -> None:
    """Players only where there is sound, and no column but its own."""
    clips = make_clips(("bell", "drip"), per_class=4).seen_by([kept])
    made = make_set(clips, per_class=1, hold=hold)
    scores = {
        "dm": make_score(("bell", "drip"), {letter: 60}, name="dm").model_copy(update={"trained_on": Source.of(made)}),
        "whole": make_score(("bell", "drip"), {letter: 90}, name="toy", kind="clips", per_class=None),
    }
    index = distilled_page.write(made, tmp_path, scores=scores, clips=clips)
    text = index.read_text(encoding="utf-8")
    faces = 2 * made.hold.cells * 3  # classes, cells; distilled, start and real
    assert text.count('class="sound"') == text.count("data:audio/wav") == (faces if kept == "audio" else 0)
    assert len(_pictures(text, kept, "distilled")) == 2 * made.hold.cells
    assert set(re.findall(r'data-modality="(\w+)"', text)) == {kept}
    assert re.findall(r'<th scope="col"[^>]*>([^<]*%\))', text) == [f"{letter} (%)"]
    assert f"the page shows the {noun}." in text
    assert f"on real test clips ({letter}, n = 5)" in text
    assert "Cells at the same place belong together" not in text
    assert ("Press a spectrogram" in text) == (kept == "audio")
    beside = {file.stem for file in (tmp_path / "figures").iterdir()}
    assert beside == {"samples", "accuracy", "confusion", "students"} | ({"spectrogram"} if kept == "audio" else set())
    (own, _) = json.loads((tmp_path / "table.json").read_text())
    assert [*own["accuracy_percent"]] == [letter]
    assert (own["stored_samples"], own["hold"], own["training_samples"]) == (2, hold, len(made))


def test_a_third_modality_stands_beside_the_others(
    make_clips: Make, add_depth: Make, make_set: Make, make_score: Make, browser: Any, tmp_path: Path
) -> None:
    clips = add_depth(make_clips(("bell", "drip"), per_class=4))
    made = make_set(clips, per_class=1, hold="mosaic:2")
    own = make_score(("bell", "drip"), {"A": 50, "D": 40, "V": 45, "A+D+V": 70}, name="dm")
    own = own.model_copy(update={"trained_on": Source.of(made)})
    index = distilled_page.write(made, tmp_path, scores=[own], clips=clips)
    text = index.read_text(encoding="utf-8")
    assert re.findall(r'<th scope="col"[^>]*>([^<]*%\))', text) == [f"{key} (%)" for key in ("A", "D", "V", "A+D+V")]
    assert "on real test clips (A+D+V, n = 5)" in text
    assert "the page shows the depth map beside the image beside the spectrogram." in text
    assert "level (m)" in text
    assert text.count('class="sound"') == 2 * 4 * 3
    names = {file.stem for file in (tmp_path / "figures").iterdir()}
    assert {"depth map", "spectrogram"} <= names
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.goto(index.as_uri())
    wide = page.evaluate(
        """[...document.querySelectorAll('.face')].map(f => [...f.querySelectorAll('.grid')].map(
            g => [g.dataset.modality, Math.round(g.getBoundingClientRect().width)]))"""
    )
    page.close()
    for grids in wide:
        assert [name for name, _ in grids] == ["depth", "image", "audio"]
        assert max(w for _, w in grids) - min(w for _, w in grids) <= 1
    levels = np.concatenate([np.asarray(x).ravel() for x in _pictures(text, "depth", "distilled")])
    assert (levels.min(), levels.max()) == (0, 255), "the colours are spread over the distances there are"


@pytest.mark.parametrize("width", [390, 820, 1400])
def test_fits_the_screen(opened: SimpleNamespace, width: int) -> None:
    opened.page.set_viewport_size({"width": width, "height": 900})
    opened.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast(browser: Any, written: SimpleNamespace, scheme: str) -> None:
    page = browser.new_page(color_scheme=scheme)
    page.goto(written.index.as_uri())
    colours = page.evaluate(
        "Object.fromEntries(['--paper', '--card', '--ink', '--soft', '--accent', '--tint'].map(n => "
        "[n, getComputedStyle(document.documentElement).getPropertyValue(n).trim()]))"
    )
    page.close()
    for ink in ("--ink", "--soft", "--accent"):
        for ground in ("--paper", "--card", "--tint"):
            assert _contrast(colours[ink], colours[ground]) >= 4.5, (scheme, ink, ground)


def test_pictures_and_spectrograms_are_the_numbers_of_the_set(written: SimpleNamespace) -> None:
    pictures = re.findall(r'<img src="data:image/png;base64,([^"]*)" alt="Image', written.html)
    made = written.set
    first = np.asarray(Image.open(io.BytesIO(base64.b64decode(pictures[1]))))  # cell 1: bottom left
    pixels = _prepared(made, "image", made.tensors)
    expected = pixels[0, :, 12:, :12].permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(first, expected)
    spectrograms = re.findall(r'<img src="data:image/png;base64,([^"]*)" alt=""', written.html)
    levels = np.asarray(Image.open(io.BytesIO(base64.b64decode(spectrograms[1]))))
    decibels = [_prepared(made, "audio", tensors) for tensors in (made.tensors, made.start)]
    db = decibels[0][0, 0, 20:, :]
    low, high = level_range(decibels[1])
    nearest = np.clip((db.numpy()[::-1, : levels.shape[1]] - low) / (high - low), 0, 1) * 255
    assert np.abs(levels - nearest).max() <= 0.51


def test_sounds_have_the_recipes_rate_and_one_peak(written: SimpleNamespace) -> None:
    sounds = re.findall(r'data-sound="data:audio/wav;base64,([^"]*)"', written.html)
    assert len(sounds) == 4 * 2 * 4 * 3
    for sound in sounds[::9]:
        waveform, rate = soundfile.read(io.BytesIO(base64.b64decode(sound)))
        assert (rate, len(waveform)) == (8000, 4000)
        assert np.abs(waveform).max() == pytest.approx(0.9, abs=1e-3)


def test_files_beside_the_page(written: SimpleNamespace) -> None:
    folder = written.index.parent
    names = {p.name for p in (folder / "figures").iterdir()}
    for name in ("accuracy", "confusion", "curves", "samples", "spectrogram", "students"):
        assert {f"{name}.png", f"{name}.svg"} <= names
        with Image.open(folder / "figures" / f"{name}.png") as picture:
            assert picture.size[0] > 400
    assert [r["name"] for r in json.loads((folder / "table.json").read_text())] == list(written.scores)
    assert (folder / "table.md").read_text().startswith("| trained on |")


@pytest.mark.slow
def test_a_whole_that_learnt_less_than_the_set_is_no_measure_of_what_was_kept(
    make_clips: Make, make_set: Make, make_score: Make, tmp_path: Path
) -> None:
    made = make_set(make_clips(CLASSES), per_class=1)
    own = make_score(CLASSES, {"A+V": 90}, name="dm", samples=len(CLASSES), per_class=1).model_copy(
        update={"trained_on": Source.of(made)}
    )
    whole = make_score(CLASSES, {"A+V": 60}, name="toy", kind="clips", samples=40, per_class=None)
    page = distilled_page.write(made, tmp_path, scores={"dm": own, "whole": whole}).read_text(encoding="utf-8")
    verdict = re.search(r'<p class="verdict">(.*?)</p>', page, re.DOTALL)[1]
    assert "of their accuracy" not in verdict
    assert "so few steps teach a network little of all clips" in verdict


def test_verdict_names_set_control_and_whole(written: SimpleNamespace, hostile: tuple[str, ...]) -> None:
    verdict = re.search(r'<p class="verdict">(.*?)</p>', written.html, re.DOTALL)[1]
    own, whole = written.scores["avdd"], written.scores["whole"]
    assert f"{own.mean['A+V']:.1f} ± {own.sd['A+V']:.1f} %" in verdict
    assert f"{whole.mean['A+V']:.1f}" in verdict
    assert f"{100 * own.mean['A+V'] / whole.mean['A+V']:.0f} % of their accuracy" in verdict
    assert "&lt;script&gt;" in verdict


def test_same_input_same_page(tmp_path: Path, make_clips: Make, make_set: Make) -> None:
    made = make_set(make_clips(("bell", "drip"), per_class=4), per_class=1)
    one, two = (distilled_page.write(made, tmp_path / name) for name in "ab")
    assert one.read_bytes() == two.read_bytes()
    for file in (one.parent / "figures").iterdir():
        assert file.read_bytes() == (two.parent / "figures" / file.name).read_bytes()


@pytest.mark.slow
def test_many_classes_are_capped_and_the_page_says_so(tmp_path: Path, make_clips: Make, make_set: Make) -> None:
    clips = make_clips(tuple(f"class {i}" for i in range(9)), per_class=3)
    made = make_set(clips, per_class=3)
    html = distilled_page.write(made, tmp_path, size_limit_bytes=110_000).read_text(encoding="utf-8")
    assert len(html) < 300_000
    shown = len(re.findall(r'<details class="class"', html))
    assert 0 < shown < 9
    assert f"the first {shown} of 9 classes" in html
    assert "1 of up to 3 samples per class" in html
    assert "data:audio/mpeg" in html
    assert "data:image/jpeg" in html
    assert html.count("<details") == html.count("</details>")


def test_page_without_scores_events_or_clips(tmp_path: Path, make_clips: Make, make_set: Make) -> None:
    made = replace(make_set(make_clips(("bell", "drip"), per_class=2), per_class=1), start=None)
    html = distilled_page.write(made, tmp_path).read_text(encoding="utf-8")
    assert "not evaluated yet" in html
    assert 'id="scores"' not in html
    assert '<figure class="face" data-part="start"' not in html


def test_refuses_what_cannot_be_shown(
    tmp_path: Path, make_clips: Make, make_set: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = make_clips(("bell", "drip"), per_class=2)
    made = make_set(clips, per_class=1)
    empty = {name: tensor[:0] for name, tensor in made.tensors.items()}
    none = replace(made, tensors=empty, labels=made.labels[:0], start=None)
    with pytest.raises(InputError, match="no samples"):
        distilled_page.write(none, tmp_path)
    with pytest.raises(InputError, match="recipe"):
        distilled_page.write(made, tmp_path, clips=make_clips(("bell", "drip"), per_class=2, size=32))
    monkeypatch.setitem(__import__("sys").modules, "jinja2", None)
    with pytest.raises(MissingExtraError, match=r"limbeck\[report\]"):
        distilled_page.write(made, tmp_path)


def test_global_generators_are_left_alone(tmp_path: Path, make_clips: Make, make_set: Make) -> None:
    made = make_set(make_clips(("bell", "drip"), per_class=2), per_class=1)
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    distilled_page.write(made, tmp_path)
    assert torch.equal(before[0], torch.get_rng_state())
    assert np.array_equal(before[1], np.random.get_state()[1])  # noqa: NPY002


def _prepared(made: DistilledSet, name: str, tensors: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """Of one modality, what the tensors are as prepared: decibels, pixels."""
    return made.modalities[name].from_network(tensors[name], made.scales[name])


def _pictures(text: str, name: str, side: str) -> list[Image.Image]:
    """What is shown of one modality on one side, in the order of the page."""
    found = []
    for face in re.findall(rf'<figure class="face" data-part="{side}">(.*?)</figure>\n', text, re.DOTALL):
        (grid,) = re.findall(rf'data-modality="{name}">(.*?)</div>', face, re.DOTALL)
        found += re.findall(r'<img src="data:image/png;base64,([^"]*)"', grid)
    return [Image.open(io.BytesIO(base64.b64decode(png))) for png in found]


def _contrast(one: str, two: str) -> float:
    """WCAG 2 contrast of two #rrggbb colours."""

    def luminance(colour: str) -> float:
        digits = colour.lstrip("#")
        digits = "".join(c * 2 for c in digits) if len(digits) == 3 else digits
        parts = np.array([int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)])
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    bright, dim = sorted((luminance(one), luminance(two)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def test_colours_are_of_the_start_whatever_optimisation_did(written: SimpleNamespace) -> None:
    wild = replace(written.set, tensors={m: 1000 * t for m, t in written.set.tensors.items()})
    assert Samples(wild, "audio")._limits == Samples(written.set, "audio")._limits
