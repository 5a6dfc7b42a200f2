from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import torch

from limbeck.media import ClipRecipe
from limbeck.modalities import bound
from limbeck.report import _drawing, figures, table


def test_frequency_axis_agrees_with_librosa() -> None:
    (audio,) = bound(["audio"], ClipRecipe()).values()
    recipe = audio.recipe.mel
    axes = _drawing.quiet(4.7, 2.8).subplots()
    _drawing.draw_levels(axes, torch.zeros(recipe.shape), audio, (-80.0, 0.0))
    centres = librosa.mel_frequencies(n_mels=recipe.mels + 2, fmin=0, fmax=recipe.sample_rate_hz / 2, htk=True)[1:-1]
    marks = {"1 k": 1000, "2 k": 2000, "4 k": 4000, "250": 250}
    found = {label.get_text(): at for label, at in zip(axes.get_yticklabels(), axes.get_yticks(), strict=True)}
    for text, hertz in marks.items():
        below = int(np.searchsorted(centres, hertz)) - 1
        assert below <= found[text] <= below + 1
    assert axes.get_xticklabels()[-1].get_text() == "1"


def test_levels_put_low_bands_at_the_bottom() -> None:
    db = torch.tensor([[-80.0, -40.0], [0.0, 40.0]])
    np.testing.assert_array_equal(_drawing.levels(db, (-80.0, 0.0)), [[255, 255], [0, 128]])


def test_range_ignores_a_few_outliers_and_spans_80_db() -> None:
    db = torch.full((100, 100), -50.0)
    db[0, :5] = 300.0
    assert _drawing.level_range(db) == (-130.0, -50.0)


def test_curves_take_every_number_and_survive_bad_rows(hostile: tuple[str, ...]) -> None:
    events: list[dict[str, Any]] = [
        {"step": i, "loss": 1.0 / i, hostile[2]: float(i), "seconds": 1.0} for i in range(1, 300)
    ]
    events += [{"note": "no step"}, {"step": 300, "loss": float("nan"), "done": True}, {"step": 301, "accuracy": 55.0}]
    figure = figures.curves(events)
    assert figure is not None
    losses, accuracies = figure.axes
    assert len(losses.lines) == 4  # two curves, each faint and smooth
    assert accuracies.get_ylim() == (0, 100)
    assert figures.curves([{"step": 1, "note": "nothing"}]) is None


def test_saved_figures_are_valid_repeatable_and_plain(tmp_path: Path, hostile: tuple[str, ...]) -> None:
    matrix = np.eye(len(hostile)) * 5 + 1
    for name in "ab":
        _drawing.save(figures.confusion(matrix, hostile), tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    drawing = ET.parse(tmp_path / "a.svg")
    assert not [e for e in drawing.iter() if e.tag.endswith("}script")]
    texts = [e.text for e in drawing.iter() if e.tag.endswith("}text")]
    assert any("\\frac" in (t or "") for t in texts)
    assert "<" in "".join(t or "" for t in texts)


def test_inline_drawings_share_no_ids_and_take_the_texts_colour() -> None:
    def drawing(name: str) -> str:
        return _drawing.inline(figures.confusion(np.eye(2), ["bell", "drip"]), name)

    one, two = (ET.fromstring(drawing(name).replace('aria-hidden="true"', "")) for name in ("one", "two"))
    ids = [{e.get("id") for e in d.iter() if e.get("id")} for d in (one, two)]
    assert ids[0]
    assert not ids[0] & ids[1]
    assert "currentColor" in drawing("one")
    assert _drawing.INK not in drawing("one")
    assert "<?xml" not in drawing("one")


def test_overview_puts_each_sound_where_its_picture_is(
    make_clips: Callable[..., Any], make_set: Callable[..., Any]
) -> None:
    made = make_set(make_clips(("bell", "drip")), per_class=1, hold="mosaic:2", noise=0.0)
    figure = figures.samples(made)
    drawn = next(a for a in figure.axes if a.get_label() != "<colorbar>" and a.get_ylim()[0] < a.get_ylim()[1])
    array = np.asarray(drawn.images[0].get_array())[::-1]  # as seen: top row first
    db = made.modalities["audio"].from_network(made.tensors["audio"], made.scales["audio"])[0, 0].numpy()
    half = db.shape[0] // 2
    np.testing.assert_allclose(array[:half], db[:half][::-1])  # the cells on top, each upright
    np.testing.assert_allclose(array[half:], db[half:][::-1])


def test_accuracy_draws_means_and_deviations(make_score: Callable[..., Any]) -> None:
    rows = table.rows({"dm": make_score(("bell", "drip"), {"A": 60, "A+V": 80}, name="dm")})
    figure = figures.accuracy(rows)
    assert figure is not None
    points = [c.lines[0].get_xdata()[0] for c in figure.axes[0].containers]
    np.testing.assert_allclose(points, [rows[0].accuracy["A"].mean, rows[0].accuracy["A+V"].mean])
    assert figures.accuracy([]) is None


def test_accuracies_of_three_modalities_have_looks_of_their_own_and_a_legend_inside(
    make_score: Callable[..., Any],
) -> None:
    levels = {"A": 50, "D": 40, "V": 45, "A+D+V": 70}
    figure = figures.accuracy(table.rows({"dm": make_score(("bell", "drip"), levels, name="dm")}))
    assert figure is not None
    (axes,) = figure.axes
    assert len({(c.lines[0].get_color(), c.lines[0].get_marker()) for c in axes.containers}) == len(levels)
    figure.draw_without_rendering()
    box = axes.get_legend().get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.x1


def test_matplotlibs_settings_are_given_back(tmp_path: Path) -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    _drawing.save(figures.confusion(np.eye(2), ["bell", "drip"]), tmp_path / "x")
    assert dict(matplotlib.rcParams) == before
