"""Bytes, storage and labels as options."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.helpers.generated import RECIPE, Generated

from limbeck import cli
from limbeck.datasets import prepare


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(Generated(40), out=tmp_path_factory.mktemp("budget") / "prepared", recipe=RECIPE, workers=1).folder


def limbeck(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        cli.main([str(word) for word in words])
    return (int(caught.value.code or 0), *capsys.readouterr())


def test_bytes_choose_the_pairs_and_it_says_so(
    prepared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["distill", prepared, "--method", "random", "--storage", "uint8", "--bytes", "8KB", "--out", tmp_path / "r"]
    code, out, err = limbeck(capsys, *words)
    assert (code, out) == (0, f"{tmp_path / 'r'}\n")
    assert "6 samples stored, 6 to train on: 3 stored per class, 6,264 bytes as uint8." in err
    told = json.loads(limbeck(capsys, "inspect", tmp_path / "r", "--json")[1])
    assert (told["stored_bytes"], told["storage"], told["labels"]) == (6264, {"name": "uint8"}, "hard")
    assert told["provenance"]["settings"]["per_class"] == 3


def test_form_and_options(prepared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["distill", prepared, "--method", "random", "--out", tmp_path / "none", "--dry-run"]
    words += ["--set", "storage.name=coded", "--set", "storage.options.picture_quality=30", "--labels", "soft"]
    settings = json.loads(limbeck(capsys, *words)[1])["settings"]
    assert settings["storage"] == {"name": "coded", "options": {"picture_quality": 30}}
    assert settings["labels"]["kind"] == "soft"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--bytes", "1KB"], "One row for each of the 2 classes takes about 8,320 bytes as float32"),
        (["--bytes", "lots"], "as 400KB"),
        (["--bytes", "1MB", "--per-class", "3"], "Got both bytes and per_class"),
        (["--storage", "uint"], "Did you mean 'uint8'"),
        (["--storage", "recorded"], "the method 'coded' makes it"),
        (["--labels", "fuzzy"], "labels"),
    ],
)
def test_mistakes_are_explained(
    words: list[str], said: str, prepared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = limbeck(capsys, "distill", prepared, "--method", "random", "--out", tmp_path / "no", *words)
    assert (code, out) == (1, "")
    assert said in err
    assert "Traceback" not in err


def test_forms_are_listed_and_explained(capsys: pytest.CaptureFixture[str]) -> None:
    listed = limbeck(capsys, "list", "storage")[1]
    assert all(name in listed for name in ("float32", "uint8", "coded", "recorded"))
    assert "picture_quality" in limbeck(capsys, "explain", "recorded")[1]
    assert "picture_quality" in limbeck(capsys, "explain", "coded", "--kind", "storage")[1]
