from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from limbeck import storage
from limbeck.evaluation import Protocol, Source
from limbeck.report import distilled_page, table

CLASSES = ("bell", "drip")


def test_numbers_are_means_and_sample_deviations(make_score: Callable[..., Any]) -> None:
    score = make_score(CLASSES, {"A": 60, "A+V": 80}, name="dm", n=4)
    (row,) = table.rows([score])
    values = [r.values["A"] for r in score.repeats]
    assert row.accuracy["A"].mean == pytest.approx(np.mean(values))
    assert row.accuracy["A"].sd == pytest.approx(np.std(values, ddof=1))
    assert "V" not in row.accuracy
    assert row.name == "dm, 1 per class"


@pytest.mark.parametrize("form", ["float32", "uint8", "coded"])
def test_a_row_says_what_the_set_says_of_itself(
    form: str, make_clips: Callable[..., Any], make_set: Callable[..., Any], make_score: Callable[..., Any]
) -> None:
    """Bytes are those of the numbers as they are kept, and not of as many in float32."""
    clips = make_clips(CLASSES)
    made = make_set(clips, per_class=2, hold="mosaic:2").stored_as(storage.load(form)())
    score = make_score(CLASSES, {"A": 50}, name="avdd").model_copy(update={"trained_on": Source.of(made)})
    whole = make_score(CLASSES, {"A": 50}, name="toy").model_copy(update={"trained_on": Source.of(clips)})
    row, real = table.rows([score, whole])
    assert (row.stored_bytes, row.storage) == (made.stored_bytes, form)
    assert (row.stored_samples, row.hold, row.training_samples) == (4, "mosaic:2", 16)
    numbers = 4 * (40 * 21 + 3 * 24**2)
    by_hand = {"float32": 4 * numbers, "uint8": numbers + 4 * 4}
    assert row.stored_bytes == by_hand.get(form, made.stored_bytes) <= 4 * numbers
    assert real.stored_bytes == 20 * (4 * 40 * 21 + 3 * 24**2)
    assert (real.stored_samples, real.hold, real.training_samples, real.storage) == (20, "plain", 20, "prepared")
    assert f"| {table.stored(row)} |" in table.markdown([score])


def test_what_rows_differ_in_is_said_once_and_real_clips_do_not_count(make_score: Callable[..., Any]) -> None:
    plain = make_score(CLASSES, {"A": 50}, name="dm", samples=4)
    packed = make_score(CLASSES, {"A": 60}, name="avdd", samples=16, rows=4, hold="mosaic:2")
    small = make_score(CLASSES, {"A": 60}, name="avdd", samples=4, stored_bytes=900, storage="uint8")
    whole = make_score(CLASSES, {"A": 90}, name="toy", kind="clips", samples=100, per_class=None)
    assert "differ in training samples and how samples are held:" in table.markdown([plain, packed])
    assert "differ in stored bytes:" in table.markdown([plain, small])
    assert "differ in" not in table.markdown([plain, plain, whole])


def test_rows_that_were_asked_otherwise_are_named_and_take_no_part_in_the_verdict(
    make_score: Callable[..., Any], make_clips: Callable[..., Any], make_set: Callable[..., Any], tmp_path: Path
) -> None:
    """Whatever their titles: students of more epochs, or another test set, say nothing of the pairs."""
    made = make_set(make_clips(CLASSES), per_class=1)
    own = make_score(CLASSES, {"A": 50}, name="dm").model_copy(update={"trained_on": Source.of(made)})
    alike = make_score(CLASSES, {"A": 55}, name="random")
    longer = make_score(CLASSES, {"A": 70}, name="long").model_copy(update={"protocol": Protocol(epochs=300)})
    tested = alike.tested_on.model_copy(update={"fingerprint": "others"})
    whole = make_score(CLASSES, {"A": 90}, name="toy", kind="clips").model_copy(update={"tested_on": tested})
    scores = {"dm": own, "random": alike, "long": longer, "whole": whole}
    said = "Not asked as dm was, and not to be compared with it: long (other training); whole (other test clips)."
    assert said in table.markdown(scores)
    assert "Not asked" not in table.markdown({"dm": own, "random": alike})
    others = [row["asked_otherwise_than_the_first"] for row in table.json(scores)]
    assert others == [[], [], ["training"], ["test clips"]]
    text = distilled_page.write(made, tmp_path, scores=scores).read_text(encoding="utf-8")
    assert said in text
    assert "The best other set in the table, random," in text
    assert "of their accuracy" not in text


def test_nothing_is_bold_where_every_row_is_one_distillation(make_score: Callable[..., Any]) -> None:
    """However far apart: students of one set say nothing of the method that made it."""
    for n in (2, 3, 9):
        rows = [make_score(CLASSES, {"A": level, "A+V": level}, name="dm", n=n, spread=0) for level in (20, 90)]
        assert "**" not in table.markdown(rows)
        assert "so nothing is bold" in table.markdown(rows)


def test_markdown_has_one_cell_a_column_whatever_the_names(
    make_score: Callable[..., Any], hostile: tuple[str, ...]
) -> None:
    scores = {
        name: make_score(CLASSES, {"A": 60, "V": 50, "A+V": 80}, name="dm", seed=i) for i, name in enumerate(hostile)
    }
    lines = table.markdown(scores).splitlines()
    body = lines[2 : 2 + len(hostile)]
    assert [line.replace("\\|", "").count("|") for line in body] == [11] * len(hostile)
    assert "<" not in "".join(body)
    assert table.RULE in lines


def test_one_repeat_shows_no_spread(make_score: Callable[..., Any]) -> None:
    (row,) = table.json({"dm": make_score(CLASSES, {"A": 60}, name="dm", n=1)})
    assert row["accuracy_percent"]["A"]["sd"] is None
    assert "±" not in table.markdown([make_score(CLASSES, {"A": 60}, name="dm", n=1)]).splitlines()[2]
