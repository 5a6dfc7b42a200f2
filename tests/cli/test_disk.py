"""A full disk, a name that is too long, a folder that is a file: at every verb, one sentence and exit code 1."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from limbeck import cli
from limbeck.playground import write_sounds

resource = pytest.importorskip("resource")
NARROW = 'encoders={"bank": 1, "network": {"options": {"width": 4}}}'
TINY = ["--set", "network.width=4", "--set", "epochs=1", "--repeats", "1"]
RECIPE = """
title = "Small"
baseline = "random"
per_class = [1]
distillations = 1
students = 1
whole = 0
heads = ["audio"]
network = { name = "convnet", options = { width = 4 } }
protocol = { epochs = 1 }
rows.random = { method = "random" }
[data]
dataset = "playground"
options = { clips = 40, size = 32 }
clip = { image_size = 16 }
"""
VERBS = {
    "prepare": "prepare playground videos --set clips=40 --set size=32 --image-size 16 --workers 1 --out OUT",
    "generate": "prepare playground OUT --set clips=40 --set size=32 --image-size 16 --workers 1 --out unused",
    "distill": "distill prepared --method random --out OUT",
    "optimise": f"distill prepared --method dm --steps 1 --set {NARROW.replace(' ', '')} --out OUT",
    "evaluate": f"evaluate set --on prepared {' '.join(TINY)} --out OUT",
    "measure": f"evaluate set --on prepared --measure retrieval {' '.join(TINY)} --out OUT",
    "report": "report set --on prepared --out OUT",
    "folder": "export set --to folder --out OUT",
    "webdataset": "export set --to webdataset --out OUT",
    "huggingface": "export set --to huggingface --out OUT",
    "benchmark": "benchmark small.toml --out OUT",
    "index": "sounds index sounds --weights weights --offline --window 4 --workers 1 --out OUT",
    "learn": "sounds learn index --labels harp,drum --neighbours 2 --weights weights --offline --out OUT",
    "page": "sounds page classifier --out OUT",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the verbs begin with."""
    pytest.importorskip("transformers")
    from limbeck.encoders.clap import Clap

    folder = tmp_path_factory.mktemp("disk")
    write_sounds(folder / "sounds", each=2, kinds=2)
    Clap.tiny().save(folder / "weights")
    (folder / "small.toml").write_text(RECIPE)
    with inside(folder):
        made = {"prepare": "prepared", "distill": "set", "index": "index", "learn": "classifier"}
        for verb, out in made.items():
            assert leave(VERBS[verb].replace("OUT", out)) == 0
    return folder


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@contextmanager
def files_no_longer_than(size: int) -> Iterator[None]:
    """Every write beyond `size` bytes of a file fails, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def leave(words: str) -> int:
    """Exit code of a command without notes."""
    quiet = [] if words.startswith("export") else ["--quiet"]
    with pytest.raises(SystemExit) as caught:
        cli.main([*words.split(), *quiet])
    return int(caught.value.code or 0)


def sentence(capsys: pytest.CaptureFixture[str]) -> str:
    """What was told, if it is one error in one sentence or two."""
    err = capsys.readouterr().err
    lines = [line for line in err.splitlines() if line.strip()]
    assert len(lines) == 1, err
    assert lines[0].startswith("Error: ")
    assert "fault in Limbeck" not in err
    return lines[0]


@pytest.mark.parametrize("verb", VERBS)
def test_a_full_disk_is_one_sentence(
    verb: str, place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with inside(place), files_no_longer_than(100):
        assert leave(VERBS[verb].replace("OUT", str(tmp_path / "out"))) == 1
    told = sentence(capsys)
    assert "a file would become larger than this system or its limit" in told.lower()
    if verb not in {"index", "page"}:  # what writes there tells no name
        assert str(tmp_path / "out") in told


@pytest.mark.parametrize("verb", VERBS)
def test_a_folder_below_a_file_is_one_sentence(
    verb: str, place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    with inside(place):
        assert leave(VERBS[verb].replace("OUT", str(tmp_path / "file" / "out"))) == 1
    assert str(tmp_path / "file") in sentence(capsys)


@pytest.mark.parametrize("verb", VERBS)
def test_a_name_that_is_too_long_is_one_sentence(
    verb: str, place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with inside(place):
        assert leave(VERBS[verb].replace("OUT", str(tmp_path / ("n" * 300)))) == 1
    assert "name is too long" in sentence(capsys)
