"""Tables and figures of a comparison of classifiers of sounds, on made-up results."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from limbeck.evaluation.sounds import AblationFacts, Cell, SoundResults
from limbeck.evaluation.sounds.metrics import ACCURACY, PURITY
from limbeck.report import sounds_comparison, writers


def written(writer: str, made: SoundResults, pictures: dict[str, str] | None = None) -> str:
    """What a writer makes of a comparison."""
    return writers.load(writer).write(sounds_comparison.document(made, pictures))


FOLDS = ("fold1", "fold2", "fold3")


def results(gain: float = 5.0, **more: Any) -> SoundResults:
    cells = []
    for i, fold in enumerate(FOLDS):
        cells.append(Cell("", "asked", fold, 0, {ACCURACY: 80.0 + i}, seconds=0.5))
        cells.append(Cell("", "ours_|x", fold, 0, {ACCURACY: 80.0 + gain + i * 1.1, PURITY: 90.0, "neighbours": 12.0}))
        cells.append(Cell("", "told", fold, 0, {ACCURACY: 99.0}))
        for x in (1.0, 10.0):
            for variant in ("clean", "noisy"):
                for row, value in (("asked", 80.0), ("ours_|x", 70 + x + i)):
                    values = {ACCURACY: value} | ({PURITY: 100 - x} if row != "asked" else {})
                    cells.append(Cell("loud", row, fold, 0, values, f"{x:g} dB", variant, x))
        cells += [Cell("words", "asked", fold, 0, {ACCURACY: 70.0 + i}, point) for point in ("{label}", "a {label}")]
    return SoundResults(
        name="made",
        title="Made <up>",
        dataset="folder",
        baseline="asked",
        rows=("asked", "ours_|x", "told"),
        supervised=("told",),
        ablations=(
            AblationFacts("loud", "Loudness", "level (dB)", True, "Louder is worse."),
            AblationFacts("words", "Words", "", False, ""),
        ),
        cells=tuple(cells),
        about={"folds": {f: {"pool": 20, "test": 10} for f in FOLDS}, "command": "limbeck by hand", "words": "Words."},
        **more,
    )


def test_rows_have_means_differences_and_a_leader_among_their_like() -> None:
    sheet = sounds_comparison.sheets(results())[0]
    text = {line[0].text: [f.text for f in line[1:]] for line in sheet.lines}
    assert text["asked"][:3] == ["none", "81.0 ± 1.0", "–"]
    assert text["ours_|x"][:2] == ["none", "86.1 ± 1.1"]
    assert text["ours_|x"][2].startswith("+5.1 (+4.9 to +5.3)")
    assert text["ours_|x"][3:5] == ["12", "90.0"]
    assert text["told"][:2] == ["the pool's", "99.0 ± 0.0"]
    bold = [line[0].text for line in sheet.lines if line[2].bold]
    assert bold == ["ours_|x"]


def test_nothing_is_bold_where_nothing_can_be_told() -> None:
    assert not any(line[2].bold for line in sounds_comparison.sheets(results(gain=-0.1))[0].lines)


def test_folds_and_studies_have_tables_of_their_own() -> None:
    _, folds, loud, words = sounds_comparison.sheets(results())
    assert [f.text for f in folds.lines[0]] == ["asked", "80.0", "81.0", "82.0"]
    assert loud.columns == ("level (dB)", "pool", "asked", "ours_|x", PURITY)
    assert [f.text for f in loud.lines[3]] == ["10 dB", "noisy", "80.0 ± 0.0", "81.0 ± 1.0", "90.0"]
    assert words.columns == ("words", "asked")
    assert [line[0].text for line in words.lines] == ["{label}", "a {label}"]


def test_rows_with_the_same_neighbours_share_a_column_that_names_both() -> None:
    made = results()
    loud = [c for c in made.cells if c.ablation == "loud" and c.row == "ours_|x"]
    alike = [replace(c, row="told") for c in loud]
    apart = [replace(c, row="asked", values=c.values | {PURITY: 50.0}) for c in loud]
    sheet = sounds_comparison.sheets(
        made.model_copy(update={"cells": (*made.of(), *made.of("words"), *apart, *loud, *alike)})
    )[2]
    assert sheet.columns[-2:] == (f"asked: {PURITY}", f"ours_|x and told: {PURITY}")


def test_markdown_is_escaped_and_says_the_command() -> None:
    text = written("markdown", results(), {"loud": "loud.png"})
    assert "# Made &lt;up&gt;" in text
    assert "ours\\_\\|x" in text
    assert "![Loudness: accuracy (%)](loud.png)" in text
    assert "````\nlimbeck by hand\n````" in text
    widths = [line.replace("\\|", "").count("|") for line in text.splitlines() if line.startswith("| ")]
    assert len(widths) == sum(len(s.lines) + 2 for s in sounds_comparison.sheets(results()))


def test_long_table_holds_every_number() -> None:
    lines = list(csv.DictReader(io.StringIO(written("csv", results()))))
    assert len(lines) == sum(len(c.values) for c in results().cells)
    assert {(r["value"], r["number"]) for r in lines if r["row"] == "told"} == {(ACCURACY, "99.0")}


def test_writes_everything_twice_the_same(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    drawn = [sounds_comparison.write(results(), tmp_path / name) for name in ("a", "b")]
    assert {p.name for both in drawn[0].values() for p in both} == {"rows.png", "rows.svg", "loud.png", "loud.svg"}
    for one, other in zip(*(d.values() for d in drawn), strict=True):
        assert [p.read_bytes() for p in one] == [p.read_bytes() for p in other]
    assert written("latex", results()) == written("latex", results())
    assert written("latex", results()).count(r"\begin{tabular}") == len(sounds_comparison.sheets(results()))
    assert json.loads(written("json", results()))["rows"] == list(results().rows)


def test_nothing_is_written_of_nothing() -> None:
    assert "No results yet." in written("markdown", results().model_copy(update={"cells": ()}))


def test_only_studies_with_an_axis_have_a_curve() -> None:
    pytest.importorskip("matplotlib")
    loud, words = results().ablations
    assert sounds_comparison.curve(results(), words) is None
    figure = sounds_comparison.curve(results(), loud)
    assert figure is not None
    above, below = figure.axes
    labels = [t.get_text() for t in above.get_legend().get_texts()]
    assert labels == ["asked", "ours_|x"]  # both variants are the same curve here, and are drawn once
    assert len(below.containers) == 1
    assert below.get_xscale() == "log"
