"""Tables of measures: numbers by hand, what is bold, and every form."""

from __future__ import annotations

import csv
import io
import json
import random
import statistics
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.comparison import invented

from limbeck.errors import InputError
from limbeck.evaluation.measures import Column
from limbeck.report import comparison_page, comparison_tables, measures, writers
from limbeck.report.comparison import Comparison
from limbeck.report.measures import MeasureCell, MeasureTable
from limbeck.report.model import Budget


def written(writer: str, made: Comparison) -> str:
    """What a writer makes of a comparison."""
    return writers.load(writer).write(comparison_tables.document(made))


HIT, RANK, SIZE, SEEN = "near hit (%)", "near rank", "near size", "seen (%)"
COLUMNS = (
    Column(HIT, group="near"),
    Column(RANK, better="lower", digits=2, group="near"),
    Column(SIZE, better="neither", digits=0, group="near"),
    Column(SEEN),
)


def cell(row: str, seed: int, *hits: float, **more: Any) -> MeasureCell:
    """Ranks fall as hits rise."""
    values = tuple({HIT: h, RANK: 100 - h, SIZE: 7.0, SEEN: 50.0} for h in hits)
    return MeasureCell(row=row, seed=seed, values=values, **more)


def table(*cells: MeasureCell, **more: Any) -> MeasureTable:
    settings: dict[str, Any] = {
        "name": "hits & ranks",
        "budget": Budget(per_class=1),
        "about": "Among 7 clips.",
        "chance": {HIT: 12.5},
    }
    return MeasureTable(**settings | more, columns=COLUMNS, cells=cells)


LEVELS = {"a": (10.0, 11.0, 12.0), "b": (30.0, 31.5, 32.0), "c": (20.0, 40.0, 15.0)}
CELLS = (
    *(cell(row, seed, x, x + 1) for row, xs in LEVELS.items() for seed, x in enumerate(xs)),
    cell("whole", 0, 90.0, reference=True),
)
ROWS = ("a", "b", "c", "never run", "whole")


def compared(*tables: MeasureTable, rows: tuple[str, ...] = ROWS, **more: Any) -> Comparison:
    return Comparison(title="t", dataset="d", about={}, cells=(), baseline=rows[0], rows=rows, measures=tables, **more)


def test_mean_deviation_and_count_are_over_all_repeats() -> None:
    line = {x.row: x for x in table(*CELLS).lines(ROWS)}
    values = [x + r for x in LEVELS["a"] for r in (0, 1)]
    assert line["a"].values[HIT].mean == pytest.approx(statistics.fmean(values))
    assert line["a"].values[HIT].sd == pytest.approx(statistics.stdev(values))
    assert (line["a"].n, line["whole"].n, line["never run"].n) == ("3 × 2", "1 × 1", "")
    assert line["whole"].values[HIT].sd is None
    assert line["never run"].values == {}


def test_only_a_constant_that_is_no_better_or_worse_has_no_spread() -> None:
    sizes = [MeasureCell(row="a", seed=0, values=({SIZE: x, SEEN: 50.0}, {SIZE: y, SEEN: 50.0})) for x, y in ((7, 9),)]
    (line,) = table(*sizes).lines(["a"])
    assert line.values[SIZE].sd == pytest.approx(2**0.5)
    assert line.values[SEEN].sd == 0
    assert table(*CELLS).lines(["a"])[0].values[SIZE].sd is None


def test_bold_is_what_a_paired_test_tells_apart_in_the_columns_direction() -> None:
    lines = {x.row: x.best for x in table(*(c for c in CELLS if c.row != "c")).lines(ROWS)}
    assert lines["b"] == {HIT, RANK}, "more hits, lower ranks; sizes are no better or worse, and seen is equal"
    assert not lines["a"] | lines["whole"], "the whole is out of competition"
    assert not any(x.best for x in table(*CELLS).lines(ROWS)), "c is too uncertain to be told from b"


def test_rows_with_signs_compete_among_their_like() -> None:
    soft = [cell("c", seed, 60.0 + seed, labels="soft") for seed in range(3)]
    lines = {x.row: x for x in table(*(c for c in CELLS if c.row != "c"), *soft).lines(ROWS)}
    assert HIT in lines["b"].best
    assert not lines["c"].best
    assert lines["c"].marks == "†"


def test_a_column_that_is_not_told_is_a_dash_and_counts_only_where_it_is() -> None:
    part = MeasureCell(row="a", seed=0, values=({HIT: 1.0}, {HIT: 3.0, SEEN: 8.0}))
    (near, other) = measures.measure_sheets(table(part), ["a"])
    assert [f.text for f in near.lines[0]] == ["a", "2.0 ± 1.4", "–", "–", "1 × 2", "plain", "–"]
    assert [f.text for f in other.lines[0]] == ["a", "8.0", "1 × 2", "plain", "–"]


def test_a_sheet_for_every_group_with_chance_before_the_whole() -> None:
    near, other = measures.measure_sheets(table(*CELLS), ROWS)
    assert near.title == "hits & ranks, 1 stored sample per class: near"
    assert other.title == "hits & ranks, 1 stored sample per class"
    assert near.columns == ("trained on", "hit (%)", "rank", "size", "n", "held as", "training samples")
    assert [line[0].text for line in near.lines] == ["a", "b", "c", "never run", "chance", "whole"]
    assert [f.text for f in near.lines[4]] == ["chance", "12.5", "–", "–", "–", "–", "–"]
    assert near.references == {4, 5}
    assert [line[0].text for line in other.lines] == ["a", "b", "c", "never run", "whole"], "no chance of its own"
    assert near.lines[0][3].text == "7", "a constant has no spread"
    assert any("after Holm's correction" in rule for rule in near.rules)
    assert "hits & ranks: Among 7 clips." in near.rules
    assert near.key != other.key


def test_order_of_cells_does_not_matter_and_json_comes_back() -> None:
    mixed = list(CELLS)
    random.Random(1).shuffle(mixed)
    one, other = compared(table(*CELLS)), compared(table(*mixed))
    for form in writers.names():
        assert written(form, one) == written(form, other)
    again = Comparison.from_json(json.loads(written("json", one)))
    assert again == one


def test_rows_of_cells_must_be_known() -> None:
    with pytest.raises(InputError, match="stranger"):
        compared(table(cell("stranger", 0, 1.0)))


def test_the_long_table_has_every_number() -> None:
    made = replace(invented(per_class=(1,), seeds=2, students=2), measures=())
    rows = (*made.rows[:3], "whole")
    cells = [cell(row, seed, 1.0 + seed, 2.0) for row in rows[:3] for seed in (0, 1)]
    with_measures = replace(made, measures=(table(*cells),))
    plain = list(csv.DictReader(io.StringIO(written("csv", made))))
    longer = list(csv.DictReader(io.StringIO(written("csv", with_measures))))
    assert "measure" not in plain[0]
    assert len(longer) == len(plain) + len(cells) * 2 * len(COLUMNS)
    assert [{k: line[k] for k in plain[0]} for line in longer[: len(plain)]] == plain
    last = longer[-1]
    assert (last["measure"], last["column"], last["repeat"], float(last["value"])) == ("hits & ranks", SEEN, "1", 50.0)
    assert (last["head"], last["accuracy_percent"], last["per_class"]) == ("", "", "1")


def test_without_measures_nothing_is_said_of_them() -> None:
    made = invented(per_class=(1,), seeds=2, students=1, rows=("random", "herding + 2x2"))
    told = json.loads(written("json", made))
    assert "measures" not in told
    assert "measures" not in told["summary"]
    assert "measures" not in made.to_json()
    assert all("easure" not in written(form, made) for form in ("csv", "latex", "markdown"))


def test_json_has_the_tables_worked_out() -> None:
    told = json.loads(written("json", compared(table(*CELLS))))["summary"]["measures"]
    assert [(t["measure"], t["per_class"]) for t in told] == [("hits & ranks", 1)]
    lines = {line["row"]: line for line in told[0]["lines"]}
    assert lines["b"]["values"][HIT]["n"] == 6
    assert lines["whole"]["reference"]
    assert told[0]["chance"] == {HIT: 12.5}


def test_markdown_and_latex_hold_the_tables_and_their_words() -> None:
    made = compared(table(*CELLS), table(*CELLS, budget=Budget(per_class=10), chance={}))
    text = written("markdown", made)
    assert "## hits &amp; ranks, 1 stored sample per class: near" in text
    assert "## hits &amp; ranks, 10 stored samples per class" in text
    assert text.count("Among 7 clips.") == 1
    assert text.count("| chance |") == 1
    tex = written("latex", made)
    assert r"\caption{t: hits \& ranks, 1 stored sample per class: near." in tex
    assert len({line for line in tex.splitlines() if line.startswith(r"\label")}) == 4


def test_signs_of_measured_rows_are_explained_without_any_accuracy() -> None:
    soft = [cell("a", seed, 60.0, labels="soft", sees_labels=True) for seed in range(2)]
    text = written("markdown", compared(table(*soft)))
    assert "| a †‡ |" in text
    assert "†: students learn from soft labels" in text


@pytest.mark.slow
def test_the_page_shows_measures_alone_and_beside_accuracies(tmp_path: Path) -> None:
    pytest.importorskip("jinja2")
    hostile = table(*CELLS, name="<script>alert(1)</script>")
    alone = comparison_page.write(compared(hostile), tmp_path / "alone").read_text(encoding="utf-8")
    assert 'id="measures"' in alone
    assert "<script>alert" not in alone
    assert "Among 7 clips." in alone
    made = invented(per_class=(1,), seeds=2, students=2, rows=("random", "herding + 2x2"))
    cells = [cell(row, seed, 3.0) for row in ("random", "herding + 2x2") for seed in (0, 1)]
    plain = comparison_page.write(made, tmp_path / "plain").read_text(encoding="utf-8")
    beside = comparison_page.write(replace(made, measures=(table(*cells),)), tmp_path / "b").read_text(encoding="utf-8")
    assert 'id="measures"' not in plain
    assert 'id="tables"' in beside
    assert 'id="measures"' in beside


def test_columns_are_kept_with_the_table() -> None:
    told = json.loads(json.dumps(asdict(table(*CELLS))))
    assert told["columns"][1] == {"name": RANK, "better": "lower", "digits": 2, "group": "near"}
