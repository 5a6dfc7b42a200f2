"""Recipes that come with Limbeck: listed, copied, run by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from limbeck import _recipes
from limbeck.cli import main
from limbeck.comparison import Recipe


def leave(words: list[str]) -> int:
    with pytest.raises(SystemExit) as left:
        main(words)
    return int(left.value.code or 0)


@pytest.mark.parametrize(("kind", "room"), [("recipes", ""), ("sound-recipes", "sounds")])
def test_every_recipe_is_listed_with_what_it_compares(kind: str, room: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert leave(["list", kind, "--json"]) == 0
    told = {line["name"]: line["summary"] for line in json.loads(capsys.readouterr().out)}
    assert set(told) == {file.stem for file in (_recipes.ROOM / room).glob("*.toml")}
    assert all(words.endswith(".") for words in told.values()), told


def test_a_copy_asks_the_same_wherever_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert leave(["recipe", "copy", "best_playground"]) == 0
    told = capsys.readouterr()
    assert told.out == "best_playground.toml\n"
    assert "limbeck benchmark best_playground.toml" in told.err
    assert Recipe.load(tmp_path / "best_playground.toml") == Recipe.load("best_playground")
    assert leave(["recipe", "copy", "esc10", "--out", "mine.toml"]) == 0
    assert "limbeck sounds benchmark mine.toml" in capsys.readouterr().err
    assert Recipe.load(tmp_path / "mine.toml") == Recipe.load("esc10")


def test_a_copy_overwrites_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("faces.toml").write_text("mine")
    assert leave(["recipe", "copy", "faces"]) == 1
    assert "faces.toml is there already" in capsys.readouterr().err
    assert Path("faces.toml").read_text() == "mine"
    assert leave(["recipe", "copy", "face"]) == 1
    assert "Did you mean 'faces'?" in capsys.readouterr().err


def test_benchmark_takes_a_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert leave(["benchmark", "faces", "--out", str(tmp_path), "--device", "cpu", "--dry-run", "--json"]) == 0
    assert [line["name"] for line in json.loads(capsys.readouterr().out)] == [
        "random",
        "herding + 2x2",
        "avdd",
        "whole",
    ]
