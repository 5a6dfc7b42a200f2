"""What a comparison's tables say, worked out a second time."""

from __future__ import annotations

import csv
import io
import itertools
import json
import math
import random
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.helpers.comparison import invented

from limbeck.errors import InputError, UnknownNameError
from limbeck.report import comparison, comparison_tables, writers
from limbeck.report.comparison import Cell, Comparison, Difference, Published, paired
from limbeck.report.model import Budget
from limbeck.report.statistics import holm


def written(writer: str, made: Comparison) -> str:
    """What a writer makes of a comparison."""
    return writers.load(writer).write(comparison_tables.document(made))


FEW = ("random", "herding + 2x2", "dm, Adam, 2x2", "mtt", "dm, Adam, soft labels")
T_975_OF_TWO = 0.95 / math.sqrt(2 * 0.975 * 0.025)  # Student's t of two degrees of freedom has closed forms
"""4.303"""


def cell(row: str, seed: int, *students: float, per_class: int | None = 1, head: str = "concat", **more: Any) -> Cell:
    """A cell of one modality."""
    return Cell(
        row=row,
        budget=Budget(per_class=per_class),
        head=head,
        seed=seed,
        accuracy={"A+V": students},
        stored_bytes=1000,
        training_samples=10,
        distill_seconds=60.0,
        student_seconds=1.0,
        **more,
    )


def table(*cells: Cell, baseline: str = "a", **more: Any) -> Comparison:
    rows = tuple(dict.fromkeys([baseline, *(c.row for c in cells)]))
    return Comparison(title="t", dataset="d", about={}, cells=cells, baseline=baseline, rows=rows, **more)


def line(made: Comparison, row: str, section: int = 0) -> comparison.Line:
    return next(x for x in made.sections[section].lines if x.row == row)


def p_of_two(t: float) -> float:
    """Two-sided p of Student's t with two degrees of freedom."""
    return 1 - abs(t) / math.sqrt(t * t + 2)


def test_mean_and_deviation_by_hand() -> None:
    """10, 20, 30, 40: mean 25, squares 225 + 25 + 25 + 225 = 500, over three."""
    made = table(cell("a", 0, 10, 20), cell("a", 1, 30, 40))
    spread = line(made, "a").values["A+V"]
    assert (spread.mean, spread.n) == (25, 4)
    assert spread.sd == pytest.approx(math.sqrt(500 / 3))
    assert line(made, "a").n == "2 × 2"


def test_paired_test_by_hand() -> None:
    """Students are averaged first: differences are 1, 3, 2; mean 2, deviation 1, t = 2 sqrt 3."""
    cells = [cell("a", 0, 58, 62), cell("a", 1, 61), cell("a", 2, 59, 60, 61)]
    cells += [cell("b", 0, 61, 61), cell("b", 1, 64), cell("b", 2, 60, 64)]
    found = line(table(*cells), "b").difference["A+V"]
    assert (found.mean, found.n) == (2, 3)
    assert found.p == pytest.approx(p_of_two(2 * math.sqrt(3)))
    assert (found.low, found.high) == pytest.approx((2 - T_975_OF_TWO / math.sqrt(3), 2 + T_975_OF_TWO / math.sqrt(3)))
    assert found.adjusted == found.p  # the only row that is tested
    assert line(table(*cells), "b").n == "3 × 1–2"


def test_two_distillations_by_hand() -> None:
    """One degree of freedom is a Cauchy distribution: differences 1 and 3, t = 2."""
    found = paired({0: 11, 1: 23}, {0: 10, 1: 20})
    assert found is not None
    assert found.p == pytest.approx(1 - 2 / math.pi * math.atan(2))
    assert found.high == pytest.approx(2 + math.tan(math.pi * 0.475))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=7))
def test_holm_is_closed_testing_with_bonferroni(values: list[float]) -> None:
    """A row stands if every set of rows it is in is refused: the definition, by all subsets."""
    for i, adjusted in enumerate(holm(values)):
        sets = (s for size in range(1, 8) for s in itertools.combinations(range(len(values)), size) if i in s)
        assert adjusted == pytest.approx(max(min(1, len(s) * min(values[j] for j in s)) for s in sets))


def test_a_whole_comparison_worked_out_again_from_the_long_table() -> None:
    made = invented()
    read = list(csv.DictReader(io.StringIO(written("csv", made))))
    assert len(read) == sum(len(v) for c in made.cells for v in c.accuracy.values())
    values: dict[tuple[str, ...], dict[str, list[float]]] = {}
    for x in read:
        place = values.setdefault((x["per_class"], x["row"], x["modality"]), {})
        place.setdefault(x["seed"], []).append(float(x["accuracy_percent"]))
    checked = 0
    for section, key in itertools.product(made.sections, ("A", "V", "A+V")):
        base = values[str(section.budget.per_class), made.baseline, key]
        p = {}
        for x in section.lines:
            here = values["" if x.reference else str(section.budget.per_class), x.row, key]
            flat = [v for seed in here.values() for v in seed]
            assert x.values[key].mean == pytest.approx(np.mean(flat))
            assert x.values[key].sd == pytest.approx(np.std(flat, ddof=1))
            if x.reference or x.row == made.baseline:
                assert x.difference == {}
                continue
            apart = np.array([np.mean(here[s]) - np.mean(base[s]) for s in sorted(base)])
            error = apart.std(ddof=1) / math.sqrt(3)
            found = x.difference[key]
            assert (found.mean, found.n) == (pytest.approx(apart.mean()), 3)
            assert found.low == pytest.approx(apart.mean() - T_975_OF_TWO * error)
            assert found.p == pytest.approx(p_of_two(apart.mean() / error))
            p[x.row] = p_of_two(apart.mean() / error)
            checked += 1
        for x in section.lines:
            if x.row in p:  # as often as there are rows no better, and no less than those before it
                smaller = [min(1, sum(q >= r for q in p.values()) * r) for r in p.values() if r <= p[x.row]]
                assert x.difference[key].adjusted == pytest.approx(max(smaller))
    assert checked == 2 * 3 * 19


def test_order_of_cells_does_not_matter() -> None:
    made = invented(heads=("ensemble", "concat"), rows=FEW)
    cells = list(made.cells)
    random.Random(0).shuffle(cells)
    other = replace(made, cells=tuple(cells))
    assert other == made
    for form in writers.names():
        assert written(form, other) == written(form, made)


def test_a_new_row_changes_no_other_mean_and_only_the_correction() -> None:
    before, after = invented(rows=FEW), invented(rows=(*FEW, "avdd", "m3d"))
    for old, new in zip(before.sections, after.sections, strict=True):
        now = {x.row: x for x in new.lines}
        for x in old.lines:
            assert (now[x.row].values, now[x.row].n) == (x.values, x.n)
            for key, d in x.difference.items():
                other = now[x.row].difference[key]
                assert replace(other, adjusted=None) == replace(d, adjusted=None)
                assert (other.adjusted or 0) >= (d.adjusted or 0)


def test_what_all_rows_of_a_seed_share_cancels() -> None:
    """A lucky set of test clips or student seeds shifts every row: differences and their intervals stay."""
    made = invented(rows=FEW)
    shifted = table(*(_shifted(c, 0.5 * c.seed) for c in made.cells), baseline=made.baseline)
    for one, other in zip(made.sections, shifted.sections, strict=True):
        by_row = {x.row: x for x in other.lines}
        for x in one.lines:
            for key, d in x.difference.items():
                assert by_row[x.row].difference[key].p == pytest.approx(d.p)
            assert by_row[x.row].best == x.best


def _shifted(cell: Cell, points: float) -> Cell:
    return replace(cell, accuracy={k: tuple(x + points for x in v) for k, v in cell.accuracy.items()})


def far(row: str, level: float, **more: Any) -> list[Cell]:
    """Three distillations that all lie near a level, each row with its own small spread."""
    return [cell(row, s, level + x, **more) for s, x in enumerate((0.0, 0.3 + level / 1000, -0.2))]


def bold(made: Comparison) -> set[str]:
    return {x.row for x in made.sections[0].lines if x.best}


def test_two_distillations_tell_nothing() -> None:
    """A t-test of two differences can come out at any p: here 0.006, by two numbers that happen to lie close."""
    two = [c for c in (*far("a", 50), *far("b", 60)) if c.seed < 2]
    made = table(*two)
    difference = line(made, "b").difference["A+V"]
    assert difference.adjusted is not None
    assert difference.adjusted < 0.05
    assert not difference.real
    assert bold(made) == set()
    assert "**" not in written("markdown", made)
    assert " * |" not in written("markdown", made)


def test_bold_rows_are_told_from_all_others_after_the_correction() -> None:
    """c by itself differs from b (p between 0.05 / 2 and 0.05); among two tests the smaller must be below 0.05 / 2."""
    near = [cell("c", s, x) for s, x in enumerate((50.0, 55.5, 50.5))]
    also = [cell("d", s, x) for s, x in enumerate((49.0, 54.5, 50.0))]
    alone = [
        paired({s: c.accuracy["A+V"][0] for s, c in enumerate(far("b", 60))}, by) for by in map(_levels, (near, also))
    ]
    assert all(0.025 < d.p < 0.05 for d in alone if d is not None and d.p is not None), alone
    assert bold(table(*far("b", 60), *near, baseline="b")) == {"b"}
    assert bold(table(*far("b", 60), *near, *also, baseline="b")) == set()


def _levels(cells: list[Cell]) -> dict[int, float]:
    return {c.seed: c.accuracy["A+V"][0] for c in cells}


def test_bold_only_where_the_difference_to_the_runner_up_is_real() -> None:
    assert bold(table(*far("a", 50), *far("b", 60), *far("c", 40))) == {"b"}
    noisy = [cell("b", 0, 70), cell("b", 1, 45), cell("b", 2, 66)]
    assert bold(table(*far("a", 50), *noisy)) == set()
    assert bold(table(*far("a", 50))) == set()
    assert bold(table(cell("a", 0, 50), cell("b", 0, 90))) == set()


def test_marked_rows_compete_among_themselves_and_references_not_at_all() -> None:
    soft = [*far("c", 80, labels="soft"), *far("d", 70, labels="soft")]
    seeing = far("e", 90, sees_labels=True)
    whole = [cell("whole", 0, 99, per_class=None, reference=True)]
    made = table(*far("a", 50), *far("b", 60), *soft, *seeing, *whole)
    assert bold(made) == {"b", "c"}
    assert [x.marks for x in made.sections[0].lines] == ["", "", "†", "†", "‡", ""]
    assert line(made, "whole").reference
    assert "whole" not in {x.row for x in made.sections[0].lines if x.difference}
    assert all(mark in comparison.marks_rule(made) for mark in "†‡")
    assert comparison.marks_rule(table(*far("a", 50))) == ""


def test_without_any_spread_nothing_is_told() -> None:
    """Students right on equally many clips in both seeds: a t-test would find p = 0."""
    found = paired({0: 60, 1: 60}, {0: 50, 1: 50})
    assert found == Difference(10, None, None, None, 2)
    assert not found.real
    assert paired({0: 60}, {1: 60}) is None


def test_a_set_that_is_there_once_is_compared_with_the_mean_of_all() -> None:
    """Its seed is no seed of its: 96 is above the mean of 100 and 88, whichever of them has the same number."""
    assert paired({0: 96}, {0: 100, 1: 88}) == Difference(2, None, None, None, 1)


def test_missing_cells_are_dashes_and_missing_seeds_are_not_paired() -> None:
    cells = [*far("a", 50), *far("b", 60)[:2], *far("a", 55, per_class=10)]
    made = replace(table(*cells), rows=("a", "b", "c"))
    assert [s.budget.per_class for s in made.sections] == [1, 10]
    assert line(made, "b").difference["A+V"].n == 2
    assert line(made, "b", 1).values == {}
    lines = written("markdown", made).splitlines()
    assert "| c | – | – | – | – | – | – |" in lines
    assert "| b | – | – | – | – | – | – |" in lines


def test_without_the_baseline_there_are_no_differences() -> None:
    made = table(*far("b", 60), *far("c", 50))
    assert not made.sections[0].tested
    assert [sheet.key for sheet in comparison_tables.every(made)] == ["accuracy-1-concat"]
    assert bold(made) == {"b"}


def test_nothing_done_yet() -> None:
    made = table()
    assert made.sections == made.head_lines == ()
    assert "No results yet." in written("markdown", made)
    assert Comparison.from_json(json.loads(written("json", made))) == made
    only_whole = table(cell("whole", 0, 90, per_class=None, reference=True))
    assert [(s.budget, s.tested) for s in only_whole.sections] == [(Budget(), False)]


def test_few_distillations_are_warned_of() -> None:
    """Half-widths of the intervals of b and c: sd t / sqrt 3, and the median of two is their mean."""
    made = table(*far("a", 50), *(cell("b", s, x) for s, x in enumerate((60.0, 62.3, 61.8))))
    apart = np.array([60.0, 62.3, 61.8]) - [50.0, 50.35, 49.8]
    half = T_975_OF_TWO * apart.std(ddof=1) / math.sqrt(3)
    assert f"3 distillations make wide intervals: half of those here are wider than ± {half:.1f} points" in (
        comparison.difference_rule(made)
    )
    assert "no interval" in comparison.difference_rule(table(cell("a", 0, 1), cell("b", 0, 2)))


def test_heads_side_by_side() -> None:
    heads = ("ensemble", "sum", "audio", "image", "concat", "attention")
    made = invented(heads=heads, rows=FEW[:2])
    assert made.heads == ("audio", "image", "attention", "concat", "sum", "ensemble")
    sheet = comparison_tables.side_by_side(made)
    assert sheet is not None
    assert sheet.columns == ("stored per class", "trained on", *made.heads, "n")
    found = {(x[0].text, x[1].text, h): f for x in sheet.lines for h, f in zip(made.heads, x[2:-1], strict=True)}
    for section in made.sections:
        key = {"audio": "A", "image": "V"}.get(section.head, "A+V")
        for x in (x for x in section.lines if not x.reference):
            assert found[section.budget.key, x.row, section.head].text == str(x.values[key])
    assert comparison_tables.side_by_side(invented(rows=FEW[:2])) is None


def test_best_head_is_bold_only_where_it_is_told_from_the_next() -> None:
    cells = [*far("a", 60, head="sum"), *far("a", 50, head="concat")]
    assert [x.best for x in table(*cells).head_lines] == [{"sum"}]
    cells = [*far("a", 50, head="sum"), *far("a", 50, head="concat")]
    assert [x.best for x in table(*cells).head_lines] == [frozenset()]


def test_json_is_read_again_whole() -> None:
    made = invented(heads=("ensemble", "audio"), rows=FEW)
    content = json.loads(written("json", made))
    assert Comparison.from_json(content) == made
    found = content["summary"]["sections"][-1]["lines"][2]
    assert found["row"] == FEW[2]
    assert found["difference"]["A+V"]["p"] == line(made, FEW[2], -1).difference["A+V"].p
    assert set(found["difference"]["A+V"]) == {"mean", "low", "high", "p", "n", "adjusted", "real"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"color": 1}, "color"),
        ({"rows": ["x"]}, "baseline"),
        ({"cells": [{"row": "a"}]}, "cells.0.accuracy"),
        ({"title": 3}, "title"),
    ],
)
def test_json_that_does_not_fit_is_refused(change: dict[str, Any], words: str) -> None:
    content = json.loads(written("json", table(*far("a", 50))))
    with pytest.raises(InputError, match=words):
        Comparison.from_json(content | change)


def test_published_numbers_stand_beside_those_found_where_there_are_any() -> None:
    cells = [
        *far("a", 50),
        *far("b", 60),
        *far("b", 70, per_class=10),
        cell("whole", 0, 90.0, per_class=None, reference=True),
    ]
    published = Published(source="A paper, 2021", percent={"b": {1: 61.25, 50: 80.0}}, whole=92.0)
    made = replace(table(*cells), published=published)
    ones, tens = [sheet for sheet, _ in comparison_tables.parts(made)]
    at = ones.columns.index("published (%)")
    assert [line[at].text for line in ones.lines] == ["–", "61.2", "92.0"]
    assert {len(line) for line in ones.lines} == {len(ones.columns)}
    assert "Published: A paper, 2021. The whole training split, as published: 92.0 %." in ones.rules
    assert [line[at].text for line in tens.lines] == ["–", "–", "92.0"]
    assert Comparison.from_json(json.loads(written("json", made))) == made
    without = comparison_tables.parts(table(*cells))[0][0]
    assert "published (%)" not in without.columns


def test_writers_are_found_by_their_files() -> None:
    assert writers.names() == ("csv", "json", "latex", "markdown")
    assert [writers.load(n).suffix for n in writers.names()] == [".csv", ".json", ".tex", ".md"]
    with pytest.raises(UnknownNameError, match="markdown"):
        writers.load("markdwon")


@pytest.fixture
def tricky(hostile: tuple[str, ...]) -> Comparison:
    """Names that try to be something else, in every place where there is a name."""
    cells = [x for i, name in enumerate(hostile) for x in far(name, 40 + 10 * i, head=hostile[2])]
    cells += [x for i, name in enumerate(hostile) for x in far(name, 30 + 10 * i)]
    about = {
        "words": "Words.",
        "command": "limbeck benchmark",
        "failed": {hostile[0]: hostile[3]},
        hostile[1]: hostile[2],
    }
    made = table(*cells, baseline=hostile[1])
    return replace(made, title=hostile[2], dataset=hostile[3], about=about)


def test_markdown_keeps_its_columns_whatever_the_names(tricky: Comparison) -> None:
    text = written("markdown", tricky)
    blocks = [b.splitlines() for b in text.split("\n\n") if b.startswith("|")]
    assert len(blocks) == len(list(comparison_tables.every(tricky))) == 5
    for block in blocks:
        assert len({row.replace("\\|", "").count("|") for row in block}) == 1
    tables = "\n".join(row for block in blocks for row in block)
    assert "<" not in tables
    assert not re.search(r"(?<!\\)[\[\]`_]", tables)
    assert text.count("````") == 4


def test_markdown_says_what_failed_and_how_it_was_made() -> None:
    made = replace(invented(rows=FEW), about={**invented(rows=FEW).about, "failed": {"mtt, 1 per class": "diverged"}})
    text = written("markdown", made)
    assert "- mtt, 1 per class: diverged" in text
    assert "limbeck benchmark paired_small --out runs/" in text
    assert 'machine: {"cores": 2, "processor": "AMD EPYC"}' in text
    assert "mtt ‡" in text
    assert comparison.BOLD_RULE in text


def test_latex_is_balanced_and_escaped(tricky: Comparison) -> None:
    text = written("latex", tricky)
    body = "\n".join(x for x in text.splitlines() if not x.startswith("%"))
    body = re.sub(r"\\(textbackslash|text\w+|dots)\{\}", "", body)
    plain = re.sub(r"\\[&%$#_{}]", "", body)
    assert plain.count("{") == plain.count("}")
    assert not set(plain) & set('#_^~<>|"%±×−†‡')
    assert set(re.findall(r"\$.*?\$", plain)) <= {r"$\pm$", r"$\times$", r"$-$"}
    assert plain.count(r"\begin{table}") == plain.count(r"\end{tabular}") == len(list(comparison_tables.every(tricky)))
    for one in plain.split(r"\begin{tabular}")[1:]:
        width = len(re.match(r"\{([lr]+)\}", one)[1])  # type: ignore[index]
        rows = one.split(r"\end{tabular}")[0].count(r"\\")
        assert one.count("&") == (width - 1) * rows
    labels = re.findall(r"\\label\{(.*?)\}", text)
    assert len(set(labels)) == len(labels)


def test_latex_sets_whole_data_apart() -> None:
    text = written("latex", invented(rows=FEW, per_class=(1,)))
    assert re.search(r"\\midrule\nwhole & ", text)
    assert r"1\,200" in text
    assert r"$-$" in text


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "one accuracy for each student"),
        ({"A": ()}, "one accuracy for each student"),
        ({"A": (1.0,), "V": (1.0, 2.0)}, "one accuracy for each student"),
        ({"A": (101.0,)}, "no percentages"),
        ({"A": (float("nan"),)}, "no percentages"),
    ],
)
def test_cells_that_do_not_fit(values: dict[str, tuple[float, ...]], words: str) -> None:
    with pytest.raises(InputError, match=words):
        replace(cell("a", 0, 50), accuracy=values)


def test_comparisons_that_do_not_fit() -> None:
    with pytest.raises(InputError, match="more than once"):
        table(cell("a", 0, 50), cell("a", 0, 51))
    with pytest.raises(InputError, match="not among them: \\['b'\\]"):
        Comparison("t", "d", {}, (cell("b", 0, 50),), "a", ("a",))
    with pytest.raises(InputError, match="baseline 'c'"):
        Comparison("t", "d", {}, (), "c", ("a",))
    with pytest.raises(InputError, match="differs from other seeds"):
        table(cell("a", 0, 50), cell("a", 1, 51, labels="soft"))


def test_the_share_of_the_gap_by_hand_and_not_of_a_small_one() -> None:
    cells = [cell("a", 0, 40, 50), cell("b", 0, 60, 60)]
    made = table(*cells, cell("whole", 0, 80, 90, per_class=None, reference=True))
    found = made.sections[0]
    assert found.gap_closed(line(made, "b"), "a") == {"A+V": pytest.approx(100 * (60 - 45) / (85 - 45))}
    assert found.gap_closed(line(made, "b"), "nothing") == {}
    assert "| b | +15.0 | 38 |" in written("markdown", made)
    near = table(*cells, cell("whole", 0, 48, 49, per_class=None, reference=True))
    assert near.sections[0].gap_closed(line(near, "b"), "a") == {}
    assert "Gap closed" not in written("markdown", near)
