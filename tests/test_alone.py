"""Sounds alone and pictures alone go through every verb, as they are typed; tables have the column they should."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.helpers import layouts

from limbeck import cli

EACH = 10
TINY = ["--repeats", 1, "--epochs", 1, "--device", "cpu", "--quiet"]
METHODS = {
    "dm": ["--steps", 2, "--set", "encoders.bank=1", "--set", "encoders.network.options.width=4"],
    "herding": ["--set", "network.options.width=4"],
}
RECIPE = """
title = "Alone"
baseline = "herding"
distillations = 1
students = 1
whole = 1
network = {{ options = {{ width = 4 }} }}
protocol = {{ epochs = 1 }}
[data]
dataset = "folder"
modality = "{modality}"
clip = {{ image_size = 16, mel = {{ mels = 16 }} }}
[measures.robustness]
[rows.random]
method = "random"
[rows.herding]
method = "herding"
[rows.dm]
method = "dm"
settings = {{ steps = 2, encoders = {{ bank = 1 }} }}
"""
Run = Callable[..., str]


@pytest.fixture
def limbeck(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command and gives what it printed."""

    def run(*words: object, code: int = 0) -> str:
        with pytest.raises(SystemExit) as caught:
            cli.main([str(word) for word in words])
        out, err = capsys.readouterr()
        assert (caught.value.code or 0) == code, err
        return err if code else out

    return run


@pytest.fixture(scope="module", params=["audio", "image"])
def modality(request: pytest.FixtureRequest) -> str:
    """Each of the two, alone."""
    return str(request.param)


@pytest.fixture(scope="module")
def files(modality: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder a class: tones that differ in pitch, or colours."""
    folder = tmp_path_factory.mktemp(modality)
    draw = np.random.default_rng(0)
    for number, name in enumerate(("one", "two")):
        for i in range(EACH):
            if modality == "audio":
                tone = layouts.tone(400 + 900 * number + 30 * i, 1.1)
                noise = 0.05 * draw.standard_normal(len(tone)).astype(np.float32)
                layouts.sound(folder / name / f"{i}.wav", [tone + noise])
            else:
                layouts.picture(folder / name / f"{i}.png", (200 * number + 3 * i, 20 * i, 30 + 7 * number))
    return folder


@pytest.fixture(scope="module")
def letter(modality: str) -> str:
    """What tables call it."""
    return {"audio": "A", "image": "V"}[modality]


@pytest.fixture(scope="module")
def prepared(files: Path, modality: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The prepared dataset."""
    out = tmp_path_factory.mktemp("data") / "prepared"
    words = ["prepare", "folder", files, "--modality", modality, "--out", out, "--image-size", 16, "--mels", 16]
    with pytest.raises(SystemExit) as caught:
        cli.main([str(word) for word in (*words, "--workers", 1, "--quiet")])
    assert not caught.value.code
    return out


def looked_at(table: str) -> set[str]:
    """What the headings of a printed table say was looked at."""
    return set(re.findall(r"(?<!\w)(A\+V|A|V)(?= %| \(%\)|$)", table.splitlines()[0]))


def words_of(page: str) -> str:
    """A page without the pictures and sounds in it."""
    return re.sub(r"data:[^\"']*", "", page)


@pytest.mark.parametrize("method", METHODS)
def test_from_files_to_page_and_exports(
    method: str, prepared: Path, modality: str, letter: str, tmp_path: Path, limbeck: Run
) -> None:
    made = tmp_path / "set"
    told = json.loads(limbeck("inspect", prepared, "--json"))
    assert list(told["modalities"]) == [modality]
    limbeck("distill", prepared, "--method", method, *METHODS[method], "--device", "cpu", "--out", made, "--quiet")
    seen = json.loads(limbeck("inspect", made, "--json"))
    assert (seen["modalities"], seen["samples"], seen["rows"]) == ([modality], 2, 2)

    table = limbeck("evaluate", made, "--on", prepared, "--controls", *TINY, "--set", "network.width=4")
    lines = table.splitlines()
    heading = next(line for line in lines if "trained on" in line)
    assert looked_at(heading) == {letter}
    names = ("set", "random", "herding", "random+mosaic 2", "herding+mosaic 2", "whole")
    assert [line.strip().partition("  ")[0] for line in lines if line.strip().startswith(names)] == list(names)
    scores = json.loads(limbeck("evaluate", made, "--on", prepared, *TINY, "--set", "network.width=4", "--json"))
    assert list(scores["repeats"][0]["values"]) == [letter]
    assert list(scores["letters"]) == [modality]

    more = ["--on", prepared, *TINY, "--set", "network.width=4", "--measure"]
    robust = json.loads(limbeck("evaluate", made, *more, "robustness", "--controls", "--json"))["table"]
    headings = [column["name"] for column in robust["columns"]]
    assert any(name.startswith(f"{letter} ") for name in headings)
    assert not any("A+V" in name for name in headings)
    refused = limbeck("evaluate", made, *more, "retrieval", code=1)
    assert f"students see {modality} alone" in refused

    limbeck("report", made, "--on", prepared, "--out", tmp_path / "page", "--quiet")
    page = (tmp_path / "page" / "index.html").read_text(encoding="utf-8")
    assert f"{letter} (%)" in page
    assert "A+V" not in words_of(page)
    assert ("data:audio/" in page) == (modality == "audio")
    for form in ("folder", "webdataset", "huggingface"):
        limbeck("export", made, "--to", form, "--out", tmp_path / form)
    kinds = {path.suffix for path in (tmp_path / "folder").rglob("*.*")}
    assert (".wav" in kinds) == (modality == "audio")
    card = (tmp_path / "huggingface" / "README.md").read_text(encoding="utf-8")
    assert {"audio", "image"} & set(re.findall(r"name: (audio|image)", card)) == {modality}


@pytest.mark.slow
def test_a_comparison(files: Path, modality: str, letter: str, tmp_path: Path, limbeck: Run) -> None:
    (tmp_path / "alone.toml").write_text(RECIPE.format(modality=modality))
    words = ["benchmark", tmp_path / "alone.toml", "--data", files, "--out", tmp_path / "runs", "--device", "cpu"]
    text = limbeck(*words, "--quiet")
    assert all(line["jobs"] == line["done"] for line in json.loads(limbeck(*words, "--dry-run", "--quiet", "--json")))
    table = next(line for line in text.splitlines() if "trained on" in line)
    assert looked_at(table.replace("|", " ")) == {letter}
    found = json.loads((tmp_path / "runs" / "alone" / "table.json").read_text())
    assert {key for cell in found["cells"] for key in cell["accuracy"]} == {letter}
    assert {cell["row"] for cell in found["cells"]} == {"random", "herding", "dm", "whole"}
    assert found["measures"][0]["name"] == "robustness"
    page = (tmp_path / "runs" / "alone" / "index.html").read_text(encoding="utf-8")
    assert "A+V" not in words_of(page)
