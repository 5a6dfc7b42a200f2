"""The learning curve read backwards, and the points it is made of."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from tests.helpers.subjects import toy_subject

from limbeck.datasets import LabelledClips
from limbeck.evaluation.measures.savings import Savings, _subset, clips_needed
from limbeck.methods.random import Random


def test_a_curve_worked_by_hand() -> None:
    clips, accuracies = [1, 2, 4, 8, 16], [20, 40, 30, 35, 60]
    # 40, 30 and 35 are pooled to 35: the curve is 20, 35, 35, 35, 60.
    assert clips_needed(35, clips, accuracies) == pytest.approx(2)
    assert clips_needed(47.5, clips, accuracies) == pytest.approx(8 * 2**0.5)
    assert clips_needed(27.5, clips, accuracies) == pytest.approx(2**0.5)
    assert clips_needed(5, clips, accuracies) == 1
    assert clips_needed(60, clips, accuracies) == pytest.approx(16)
    assert clips_needed(90, clips, accuracies) == 16


def test_a_curve_against_the_inverse_by_search() -> None:
    """Pool adjacent violators and a fine grid, written plainly."""
    draw = np.random.default_rng(0)
    for _ in range(20):
        clips = np.cumsum(draw.integers(1, 20, 6))
        accuracies = draw.uniform(10, 90, 6)
        blocks = [[a] for a in accuracies]
        while any(np.mean(x) > np.mean(y) for x, y in pairwise(blocks)):
            at = next(i for i in range(len(blocks) - 1) if np.mean(blocks[i]) > np.mean(blocks[i + 1]))
            blocks[at : at + 2] = [blocks[at] + blocks[at + 1]]
        fitted = [np.mean(block) for block in blocks for _ in block]
        grid = np.exp(np.linspace(np.log(clips[0]), np.log(clips[-1]), 200_001))
        curve = np.interp(np.log(grid), np.log(clips), fitted)
        reached = draw.uniform(fitted[0], fitted[-1])
        expected = grid[np.argmax(curve >= reached)]
        assert clips_needed(float(reached), clips.tolist(), accuracies.tolist()) == pytest.approx(expected, rel=1e-3)


def test_subsets_are_nested_and_balanced() -> None:
    clips = toy_subject().real
    small, large = (_subset(clips, n, seed=4) for n in (2, 5))
    assert small.per_class() == (2, 2, 2)
    assert large.per_class() == (5, 5, 5)
    assert set(small.rows.tolist()) < set(large.rows.tolist())
    assert set(_subset(clips, 2, seed=5).rows.tolist()) != set(small.rows.tolist())


def test_the_whole_takes_the_curve_and_a_set_one_point() -> None:
    measure = Savings(clips=(2, 5, 8, 50))
    whole, chosen = toy_subject(), toy_subject(Random(per_class=2))
    assert isinstance(whole.train, LabelledClips)
    curve, values = measure.take(whole, seed=0), measure.take(chosen, seed=0)
    assert [key for key in curve if key.endswith("clips per class")] == [
        f"{n}: clips per class" for n in ("2", "5", "all")
    ]
    assert curve["5: bytes"] == whole.train.stored_bytes * 5 / 8
    assert values["bytes"] == chosen.train.stored_bytes
    again = measure.take(whole, seed=0)
    assert {k: v for k, v in curve.items() if "student" not in k} == {
        k: v for k, v in again.items() if "student" not in k
    }
    shown = measure.show(values, {"whole": curve}, ("A", "V"))
    assert set(shown) == {column.name for column in measure.columns(("A", "V"))}
    assert set(measure.show(values, {}, ("A", "V"))) == {"A+V (%)", "Student (s)"}


def test_factors_of_a_case_worked_by_hand() -> None:
    points = {"2": (30.0, 1.0, 200.0, 2.0), "8": (50.0, 4.0, 800.0, 8.0), "all": (80.0, 16.0, 3200.0, 32.0)}
    names = ("accuracy (%)", "student (s)", "bytes", "clips per class")
    curve = {f"{n}: {name}": x for n, point in points.items() for name, x in zip(names, point, strict=True)}
    curve |= {"accuracy (%)": 80.0, "student (s)": 16.0, "bytes": 3200.0}
    shown = Savings().show({"accuracy (%)": 40.0, "student (s)": 0.5, "bytes": 50.0}, {"whole": curve}, ("A", "V"))
    assert shown["Real clips per class for it"] == pytest.approx(4)
    assert shown["Bytes saved (x)"] == pytest.approx(400 / 50)
    assert shown["Student time saved (x)"] == pytest.approx(2 / 0.5)
    whole = Savings().show(curve, {"whole": curve}, ("A", "V"))
    assert whole["Bytes saved (x)"] == whole["Student time saved (x)"] == 1
    test = toy_subject().test
    assert Savings().chance(test) == {"A+V (%)": 100 / 3}
    assert "18 test clips of 3 classes" in Savings().about(test)
