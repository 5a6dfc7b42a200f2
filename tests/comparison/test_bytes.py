"""Budgets in bytes: every row fills them, and tables are by them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from limbeck import comparison
from limbeck.comparison import Recipe
from limbeck.errors import BudgetError
from limbeck.report import comparison_tables
from limbeck.report.model import Budget

BYTES = """
extends = "two.toml"
per_class = []
set_bytes = ["5 kB", 140000]
distillations = 1
students = 1
whole = 1
heads = ["ensemble"]
baseline = "real clips"
only = ["random", "real clips"]

[rows.random]
set_bytes = [140000]

[rows."real clips"]
method = "coded"
settings = { sound_codec = "webp" }

[measures.noise]
measure = "robustness"
set_bytes = [140000]
repeats = 1
"""


def written(toml: Path, folder: Path, text: str = BYTES) -> Recipe:
    file = folder / "bytes.toml"
    file.write_text(text.replace("two.toml", str(toml)))
    return Recipe.load(file)


def test_rows_fill_the_bytes_and_stand_in_tables_of_their_own(toml: Path, done: Path, tmp_path: Path) -> None:
    shutil.copytree(done / "prepared", tmp_path / "prepared")
    recipe = written(toml, tmp_path)
    planned = {line.name: line for line in comparison.plan(recipe, out=tmp_path, device="cpu")}
    assert {name: line.jobs for name, line in planned.items()} == {"random": 2, "real clips": 2 + 1, "whole": 2}
    found = comparison.run(recipe, name="bytes", out=tmp_path, device="cpu", progress=False, page=False)
    assert [(s.budget, s.title) for s in found.sections] == [
        (Budget(set_bytes=5_000), "5 kB, head ensemble"),
        (Budget(set_bytes=140_000), "140 kB, head ensemble"),
    ]
    made = [cell for cell in found.cells if not cell.reference]
    for cell in made:
        assert cell.budget.set_bytes is not None
        assert cell.stored_bytes <= cell.budget.set_bytes, cell
    counts = {(cell.row, cell.budget.set_bytes): cell.training_samples for cell in made}
    assert counts["real clips", 5_000] < counts["real clips", 140_000] == 50, "all"
    assert counts["random", 140_000] == 10 * 2
    assert [(t.name, t.budget) for t in found.measures] == [("noise", Budget(set_bytes=140_000))]
    numbers = comparison_tables.document(found).numbers
    assert {x["set_bytes"] for x in numbers} == {5_000, 140_000, None}


def test_bytes_that_hold_no_sample_are_refused_before_any_work(toml: Path, done: Path, tmp_path: Path) -> None:
    shutil.copytree(done / "prepared", tmp_path / "prepared")
    recipe = written(toml, tmp_path, BYTES.replace("[rows.random]\nset_bytes = [", "[rows.random]\nset_bytes = [900, "))
    with pytest.raises(BudgetError, match=r"row 'random' at 900 B: One row for each of the 10 classes takes about"):
        comparison.run(recipe, name="bytes", out=tmp_path, device="cpu", progress=False, page=False)
    assert not (tmp_path / "sets").exists()
