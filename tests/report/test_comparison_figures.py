"""Names on plots can be read, and dots stand where the numbers are."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from tests.helpers.comparison import ROWS, invented

from limbeck.report import _comparison_figures, _labels
from limbeck.report.comparison import Comparison

NOTHING = np.zeros((0, 4))


@pytest.fixture(scope="module")
def made() -> Comparison:
    return invented()


@pytest.mark.parametrize("crowd", [1, 8, 20])
def test_names_lie_on_no_other_name_no_dot_and_inside(crowd: int) -> None:
    draw = np.random.default_rng(crowd)
    dots = draw.normal([400, 300], [120, 40], (crowd, 2))
    sizes = np.stack([draw.uniform(20, 110, crowd), np.full(crowd, 12)], axis=1)
    taken = np.array([[380.0, 290, 420, 302]])
    corners = _labels.place(dots, sizes, area=(0, 0, 800, 600), bars=NOTHING, taken=taken, radius=3)
    boxes = np.concatenate([corners, corners + sizes], axis=1)
    others = [*boxes, *taken, *np.concatenate([dots - 3, dots + 3], axis=1)]
    for (i, one), (k, other) in itertools.product(enumerate(boxes), enumerate(others)):
        apart = one[0] >= other[2] or one[2] <= other[0] or one[1] >= other[3] or one[3] <= other[1]
        assert apart or i == k
    assert boxes.min() >= 0
    assert (boxes[:, 2] <= 800).all()
    assert (boxes[:, 3] <= 600).all()


def test_hanging_names_keep_order_and_distance_and_lines_stay_below_the_dots() -> None:
    levels = np.sort(np.random.default_rng(0).normal(300, 30, 20))
    heights = _labels.hang(levels, 12, 0)
    assert (np.diff(heights) >= 12 - 1e-9).all()
    assert (heights <= levels + 1e-9).all()
    squeezed = _labels.hang(levels, 12, 200)
    assert squeezed[0] >= 200
    assert (np.diff(squeezed) >= 12 - 1e-9).all()
    far = _labels.hang(np.array([10.0, 100.0]), 12, 0)
    assert far.tolist() == [10, 100]


def dots(axes: Any) -> list[tuple[float, float]]:
    """Places of the dots of an axes, without the bars and lines."""
    found = [x for x in axes.lines if x.get_marker() in ("o", "s", "D")]
    return [(float(x.get_xdata()[0]), float(x.get_ydata()[0])) for x in found]


def test_bytes_shows_every_row_at_every_number_of_pairs(made: Comparison) -> None:
    figure = _comparison_figures.against_bytes(made, made.sections, "A+V")
    assert figure is not None
    (axes,) = figure.axes
    words = [t.get_text() for t in axes.texts]
    for row in ROWS:
        assert sum(w.startswith(row) and w.strip(" †‡") == row for w in words) == 2
    assert sum("all clips: 91.3" in w for w in words) == 1
    means = [x.values["A+V"].mean for s in made.sections for x in s.lines if not x.reference]
    assert sorted(y for _, y in dots(axes)) == pytest.approx(sorted(means))
    assert axes.get_xscale() == "log"
    one = sorted(x for x, _ in dots(axes))[: len(ROWS)]
    assert np.exp(np.log(one).mean()) == pytest.approx(409600, rel=0.01)  # dodged around where they belong


def test_bytes_that_all_rows_share_are_told(made: Comparison) -> None:
    figure = _comparison_figures.against_bytes(made, made.sections[:1], "A+V")
    assert figure is not None
    (axes,) = figure.axes
    assert [t.get_text() for t in axes.get_xticklabels()] == ["409 kB"]


@pytest.mark.parametrize("key", ["A", "V", "A+V"])
def test_drawn_names_do_not_touch(made: Comparison, key: str) -> None:
    for make in (_comparison_figures.against_bytes, _comparison_figures.against_time):
        figure = make(made, made.sections, key)
        assert figure is not None
        for axes in figure.axes:
            boxes = [t.get_window_extent().padded(-1) for t in axes.texts]
            assert len(boxes) > len(ROWS)
            assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
            frame = axes.get_window_extent().padded(3)
            assert all(frame.x0 <= b.x0 and b.x1 <= frame.x1 and frame.y0 <= b.y0 for b in boxes)


def test_time_has_a_panel_for_each_number_of_pairs(made: Comparison) -> None:
    figure = _comparison_figures.against_time(made, made.sections, "V")
    assert figure is not None
    assert [a.get_title(loc="left") for a in figure.axes] == [
        "1 stored sample per class",
        "10 stored samples per class",
    ]
    for axes, section in zip(figure.axes, made.sections, strict=True):
        expected = [(x.distill_seconds, x.values["V"].mean) for x in section.lines if not x.reference]
        np.testing.assert_allclose(sorted(dots(axes)), sorted(expected))


def test_differences_are_filled_where_they_are_real(made: Comparison) -> None:
    figure = _comparison_figures.differences(made, made.sections, "A+V")
    assert figure is not None
    for axes, section in zip(figure.axes, made.sections, strict=True):
        filled = [x for x in axes.lines if x.get_marker() == "o" and x.get_markerfacecolor() != "none"]
        real = [x.difference["A+V"] for x in section.lines if "A+V" in x.difference]
        assert len(dots(axes)) == len(real) == len(ROWS) - 1
        assert sorted(float(x.get_xdata()[0]) for x in filled) == sorted(d.mean for d in real if d.real)


def test_nothing_to_draw_is_none(made: Comparison) -> None:
    alone = invented(rows=("herding + 2x2",), seeds=1)
    assert _comparison_figures.differences(alone, alone.sections, "A") is None
    assert _comparison_figures.against_bytes(alone, alone.sections, "A") is not None
    only_whole = Comparison("t", "d", {}, tuple(c for c in made.cells if c.reference), made.baseline, made.rows)
    for make in (_comparison_figures.against_bytes, _comparison_figures.against_time, _comparison_figures.differences):
        assert make(only_whole, only_whole.sections, "A") is None
