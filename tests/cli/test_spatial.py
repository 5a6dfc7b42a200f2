"""`limbeck spatial` as it is typed."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.main import get_command

from limbeck import cli
from limbeck.playground import write_sounds
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


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of two recordings of each of three instruments, by a small CLAP of random weights; licences of five."""
    pytest.importorskip("transformers")
    from limbeck.encoders.clap import Clap

    folder = tmp_path_factory.mktemp("place")
    files = [
        path.relative_to(folder / "sounds").as_posix() for path, _ in write_sounds(folder / "sounds", each=2, kinds=3)
    ]
    lines = ["path,licence", *(f"{file},CC0" for file in files[1:])]
    (folder / "sounds" / "manifest.csv").write_text("\n".join(lines), encoding="utf-8")
    Clap.tiny().save(folder / "weights")
    words = ["index", folder / "sounds", "--out", folder / "index", "--window", 4, "--workers", 1, *_with(folder), "-q"]
    with pytest.raises(SystemExit) as caught:
        cli.main([str(word) for word in ["sounds", *words]])
    assert not caught.value.code
    return folder


def _with(folder: Path) -> list[object]:
    return ["--weights", folder / "weights", "--offline"]


@pytest.mark.slow
def test_sounds_find_recordings_or_are_refused(limbeck: Run, place: Path, tmp_path: Path) -> None:
    file = tmp_path / "scene.toml"
    limbeck("scene", "a harp on the left; a harp on the right; a zither above", "--out", file)
    fill = ["fill", file, "--from", place / "index", *_with(place)]
    _, err = limbeck(*fill, "--at-least", 99, code=1)
    assert "'harp' has no recording: the recording of rank 1 is" in err
    assert "3 of 3 sounds have no recording" in err
    assert all(source.recording is None for source in Scene.load(file).sources)

    found = json.loads(limbeck(*fill, "--at-least", -99, "--alternatives", 5, "--json")[0])
    assert [(row["sound"], row["taken"]) for row in found] == [(1, 1), (2, 2), (3, 1)], "two harps are two recordings"
    assert all(len(row["found"]) == 6 for row in found), "each recording once"
    assert sorted(one["licence"] or "" for one in found[0]["found"]) == ["", "CC0", "CC0", "CC0", "CC0", "CC0"]
    sources = Scene.load(file).sources
    assert [source.recording for source in sources[:2]] == [one["recording"] for one in found[0]["found"][:2]]
    assert "Every sound has its recording" in limbeck(*fill)[1]

    out, _ = limbeck(*fill, "--at-least", -99, "--take", "3:4", "--out", tmp_path / "other.toml")
    assert "taken" in out
    assert Scene.load(tmp_path / "other.toml").sources[2].recording == found[2]["found"][3]["recording"]
    assert Scene.load(file).sources == sources
    for wrong, said in (
        ("3", "not of the form SOUND:RANK"),
        ("4:1", "sources are 1 to 3"),
        ("1:0", "ranks begin at 1"),
    ):
        assert said in limbeck(*fill, "--take", wrong, code=2 if wrong == "3" else 1)[1]
    assert (
        "only 6 recordings"
        in limbeck(*fill, "--at-least", -99, "--take", "1:7", "--out", tmp_path / "o.toml", code=0)[1]
    )


def test_examples_are_understood() -> None:
    group = get_command(cli.app).commands["spatial"]  # type: ignore[attr-defined]
    for verb, command in group.commands.items():
        lines = [line for line in command.epilog.split("\n\n") if line.startswith("limbeck ")]
        assert lines, verb
        for line in lines:
            words = shlex.split(line)
            assert words[:3] == ["limbeck", "spatial", verb]
            command.make_context(verb, words[3:])
