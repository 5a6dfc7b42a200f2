"""How ``name=value`` is read."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from limbeck import cli
from limbeck.cli import _options


@pytest.mark.parametrize(
    ("words", "read"),
    [
        (["steps=200"], {"steps": 200}),
        (["rate=1e-3"], {"rate": 0.001}),
        (["start=noise"], {"start": "noise"}),
        (["flip=false"], {"flip": False}),
        (["size=[1, 2]"], {"size": [1, 2]}),
        (["path=a=b"], {"path": "a=b"}),
        (["name="], {"name": ""}),
        (["per-class=3"], {"per_class": 3}),
        (["a.b.c=1", "a.b.d=2", "a.e=3"], {"a": {"b": {"c": 1, "d": 2}, "e": 3}}),
    ],
)
def test_assignments(words: list[str], read: dict[str, object]) -> None:
    assert _options.assignments(words) == read


@pytest.mark.parametrize("words", [["steps"], ["=3"], ["a..b=1"], ["a=1", "a=2"], ["a=1", "a.b=2"], ["a.b=2", "a=1"]])
def test_assignments_that_make_no_sense_are_refused(words: list[str]) -> None:
    with pytest.raises(typer.BadParameter):
        _options.assignments(words)


def test_what_prepare_itself_is_told_is_no_option_of_a_dataset(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["prepare", "playground", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--set", "workers=2"])
    assert caught.value.code == 1
    assert "as --workers, not by --set" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "better"),
    [
        (
            ["--frames", "4"],
            "--frames is for the modality video, but audio, image would be prepared. Add --modality audio,video",
        ),
        (["--modality", "audio,image", "--frames", "0.1,0.9"], "Add --modality audio,video,"),
        (["--modality", "audio", "--segments", "4"], "Add --modality segments,"),
        (["--modality", "audio,video", "--frames", "4", "--segments", "4"], "Add --modality video,segments,"),
    ],
)
def test_frames_and_segments_need_a_modality_that_has_some(
    words: list[str], better: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["prepare", "playground", str(tmp_path / "in"), "--out", str(tmp_path / "out"), *words])
    assert caught.value.code == 1
    assert better in capsys.readouterr().err
    assert not (tmp_path / "in").exists()


def test_flags_join_the_settings_unless_not_given() -> None:
    assert _options.merged({"a": 1}, b=2, c=None) == {"a": 1, "b": 2}
    with pytest.raises(typer.BadParameter, match="'b' is given twice"):
        _options.merged({"b": 1}, b=2)


def test_completion_offers_what_the_folder_holds() -> None:
    assert _options.completer("_discover", "limbeck.methods")("he") == ["herding"]


@pytest.mark.parametrize("value", ["9" * 5000, "[" * 100_000, "caf\udce9", "\0", ""])
def test_values_that_cannot_be_json_are_text(value: str) -> None:
    assert _options.assignments([f"a={value}"]) == {"a": value}
