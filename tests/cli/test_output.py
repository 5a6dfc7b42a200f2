"""How results are printed."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer

from limbeck.cli import _output


def test_tables_are_plain_text_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    _output.as_table(["name", ">%"], [["[bold]bell[/]", "9.5"], ["drip", "10.0"]])
    out = capsys.readouterr().out
    assert out.splitlines() == [
        "name              %",
        "[bold]bell[/]   9.5",
        "drip           10.0",
    ]


def test_long_names_are_not_cut_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    _output.as_table(["name", ">s", "about"], [["x" * 400, "0.5", "y" * 400]], unbroken=1)
    assert capsys.readouterr().out.splitlines()[1].split() == ["x" * 400, "0.5", "y" * 400]


def test_outline_indents_parts_and_shortens_long_lists(capsys: pytest.CaptureFixture[str]) -> None:
    _output.as_outline({"kind": "run", "recipe": {"mels": 128}, "means": [0.123456789] * 20, "empty": {}, "ok": True})
    assert capsys.readouterr().out.splitlines() == [
        "kind: run",
        "recipe:",
        "  mels: 128",
        "means: " + "0.123457, " * 10 + "... (20 in all)",
        "empty: none",
        "ok: true",
    ]


def test_outline_gives_sentences_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    _output.as_outline({"warnings": ["Class 'b' is lost.", "Two are alike."], "names": ["a", "b"]})
    assert capsys.readouterr().out.splitlines() == [
        "warnings:",
        "  Class 'b' is lost.",
        "  Two are alike.",
        "names: a, b",
    ]


def test_json_is_data_and_refuses_what_json_lacks(capsys: pytest.CaptureFixture[str]) -> None:
    _output.as_json({"a": [1, 2]})
    assert json.loads(capsys.readouterr().out) == {"a": [1, 2]}
    with pytest.raises(ValueError, match="JSON"):
        _output.as_json({"a": float("nan")})


def test_quiet_notes_say_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    _output.note("hello", quiet=True)
    _output.note("[red]hello[/]")
    assert capsys.readouterr() == ("", "[red]hello[/]\n")


def test_a_comparison_tells_of_a_missing_page_and_leaves_with_1_where_something_failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "table.md").write_text("| a |")
    found = SimpleNamespace(about={"page": "The page was left out.", "failed": {"job": "No."}})
    with pytest.raises(typer.Exit) as left:
        _output.as_comparison(found, tmp_path, json=False, quiet=False)
    assert left.value.exit_code == 1
    assert capsys.readouterr() == ("| a |\n", f"Tables and figures: {tmp_path}\nThe page was left out.\n")
