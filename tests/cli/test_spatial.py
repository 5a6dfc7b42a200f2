"""`limbeck spatial` as it is typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from limbeck import cli
from limbeck.spatial import Scene

Run = Callable[..., tuple[str, str]]


@pytest.fixture
def limbeck(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `limbeck spatial ...`, which ends with a code, and gives what it wrote."""

    def run(*words: object, code: int = 0) -> tuple[str, str]:
        with pytest.raises(SystemExit) as caught:
            cli.main(["spatial", *map(str, words)])
        out, err = capsys.readouterr()
        assert (caught.value.code or 0) == code, err
        return out, err

    return run


def test_a_sentence_becomes_a_table_and_a_file(limbeck: Run, tmp_path: Path) -> None:
    file = tmp_path / "scene.toml"
    out, err = limbeck("scene", "a dog barks on the left, close; rain all around, soon", "--out", file)
    assert "dog barks  0 to 10  left (90°), 1 m" in out
    assert "'soon' is not understood; it is left out." in err
    assert [source.words for source in Scene.load(file).sources] == ["dog barks", "rain"]
    assert limbeck("scene", file)[0] == out
    said = json.loads(limbeck("scene", file, "--json")[0])
    again = json.loads(limbeck("scene", said["sentence"], "--json")[0])
    assert again == said
    assert said["not_understood"] == []


def test_strict_writes_nothing_that_is_half_understood(limbeck: Run, tmp_path: Path) -> None:
    err = limbeck("scene", "a cat behind the house", "--strict", "--out", tmp_path / "scene.toml", code=1)[1]
    assert "behind the house" in err
    assert "Nothing was written" in err
    assert not (tmp_path / "scene.toml").exists()


def test_sentences_are_read_from_a_file(limbeck: Run, tmp_path: Path) -> None:
    (tmp_path / "night.txt").write_text("an owl hoots behind me\ncrickets everywhere\n", encoding="utf-8")
    assert "owl hoots  0 to 10  behind (180°), 2 m" in limbeck("scene", tmp_path / "night.txt")[0]
    assert "does not exist" in limbeck("scene", tmp_path / "none.txt", code=1)[1]
    (tmp_path / "night.txt").write_bytes(b"\xff")
    assert "no text in UTF-8" in limbeck("scene", tmp_path / "night.txt", code=1)[1]
