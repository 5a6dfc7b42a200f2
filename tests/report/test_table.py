from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from limbeck.media import ClipRecipe, MelRecipe
from limbeck.report import table

CLASSES = ("bell", "drip")


def test_numbers_are_means_and_sample_deviations(make_score: Callable[..., Any]) -> None:
    score = make_score(CLASSES, {"A": 60, "A+V": 80}, name="dm", n=4)
    (row,) = table.rows([score])
    values = [r.accuracy["A"] for r in score.repeats]
    assert row.accuracy["A"].mean == pytest.approx(np.mean(values))
    assert row.accuracy["A"].sd == pytest.approx(np.std(values, ddof=1))
    assert "V" not in row.accuracy
    assert row.name == "dm, 1 per class"


def test_bytes_by_hand(make_score: Callable[..., Any]) -> None:
    recipe = ClipRecipe(image_size=10, mel=MelRecipe(sample_rate_hz=1000, clip_seconds=1.0, hop_samples=200, mels=8))
    packed = make_score(CLASSES, {"A": 50}, name="dm", pairs=24, per_class=3)  # 6 stored pairs as 2 x 2 mosaics
    whole = make_score(CLASSES, {"A": 50}, name="toy", kind="clips", pairs=100, per_class=None)
    sizes = [r.stored_bytes for r in table.rows([packed, whole], recipe)]
    assert sizes == [6 * 4 * (8 * 6 + 300), 100 * (4 * 8 * 6 + 300)]


def test_bold_only_beyond_the_standard_error() -> None:
    def line(name: str, mean: float, *, reference: bool = False, sd: float | None = 2.0) -> table.Row:
        spread = table.Spread(mean, sd, 4)
        return table.Row(name, {"A+V": spread}, 4, 10, None, 1.0, reference)

    error = 2**0.5  # of the difference: sqrt(4 / 4 + 4 / 4)
    assert table.leaders([line("a", 50), line("b", 50 + error + 0.01)]) == {"A+V": 1}
    assert table.leaders([line("a", 50), line("b", 50 + error - 0.01)]) == {}
    assert table.leaders([line("a", 50), line("b", 40), line("whole", 90, reference=True)]) == {"A+V": 0}
    assert table.leaders([line("a", 50), line("b", 90, sd=None)]) == {}
    assert table.leaders([line("a", 50)]) == {}


def test_markdown_has_one_cell_a_column_whatever_the_names(
    make_score: Callable[..., Any], hostile: tuple[str, ...]
) -> None:
    scores = {
        name: make_score(CLASSES, {"A": 60, "V": 50, "A+V": 80}, name="dm", seed=i) for i, name in enumerate(hostile)
    }
    lines = table.markdown(scores).splitlines()
    body = lines[2 : 2 + len(hostile)]
    assert [line.replace("\\|", "").count("|") for line in body] == [9] * len(hostile)
    assert "<" not in "".join(body)
    assert table.RULE in lines


def test_one_repeat_shows_no_spread(make_score: Callable[..., Any]) -> None:
    (row,) = table.json({"dm": make_score(CLASSES, {"A": 60}, name="dm", n=1)})
    assert row["accuracy_percent"]["A"]["sd"] is None
    assert "±" not in table.markdown([make_score(CLASSES, {"A": 60}, name="dm", n=1)]).splitlines()[2]
