"""Nothing outside of the room of modalities asks which modality it has."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from limbeck import modalities

SOURCE = Path(__file__).parents[2] / "src" / "limbeck"
NAMES = {*modalities.names()}
HOMES = {
    "modalities": "where they are defined",
    "media": "decodes the two tracks of a recording, which bear the same names",
    "testing": "makes clips and shapes to test with",
}
ALLOWED = {
    "datasets/_cifar.py": "has images alone, which is what the datasets are",
    "datasets/_columns.py": "columns of tables that hold sounds or pictures",
    "datasets/_contract.py": "the tracks that a dataset's recordings have, unless it says otherwise",
    "datasets/_findings.py": "columns that say from which files a clip was decoded",
    "datasets/_folds.py": "has sounds alone, which is what the datasets are",
    "datasets/_items.py": "finds the tracks of items in a program, and their keys",
    "datasets/_samples.py": "reads the tracks of items in a program",
    "datasets/_window.py": "looks for the part that is taken in the sound, or else in the picture",
    "datasets/av_digits.py": "makes the tracks of a recording itself",
    "datasets/huggingface.py": "names of columns, which are options",
    "datasets/paired.py": "pairs sounds with pictures, which is what the dataset is",
    "datasets/speech_commands.py": "has sounds alone, which is what the dataset is",
    "datasets/webdataset.py": "finds the tracks among the members of a sample",
    "datasets/sounds/esc50.py": "a folder of the archive is called so",
    "datasets/sounds/urbansound8k.py": "a folder of the archive is called so",
    "evaluation/measures/architectures.py": "depths that are compared",
    "evaluation/measures/hyperparameters.py": "depths that are compared",
    "evaluation/measures/separation.py": "asks for sounds by what is made of the picture's track",
    "evaluation/protocol.py": "published learning rates",
    "imports/_published.py": "what published sets are of, but for one form",
    "imports/avdd.py": "files of sounds and of images, with their scales",
    "methods/best.py": "losses that were measured to be best",
    "networks/_convnets.py": "published depth and padding",
    "report/_samples.py": "shows what is made of the picture's track before what is made of the sound's",
    "spatial/_learn.py": "a localiser makes a log-mel and a picture of a film itself, as these two are made",
    "report/separation_page.py": "shows what asks for sounds, which is made of the picture's track",
    "storage/recorded.py": "keeps the tracks of a recording, by a codec one of whose options is called so",
}


def _docstrings(tree: ast.AST) -> set[int]:
    """Strings that stand alone: docstrings, and descriptions below names."""
    return {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def _asks(tree: ast.AST) -> Iterator[int]:
    """Lines in which a string is the name of a modality."""
    alone = _docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node.value in NAMES and id(node) not in alone:
            yield node.lineno


def _found() -> dict[str, list[int]]:
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        place = path.relative_to(SOURCE)
        if place.parts[0] not in HOMES and (lines := [*_asks(ast.parse(path.read_text(encoding="utf-8")))]):
            found[place.as_posix()] = lines
    return found


def test_nothing_else_asks_for_a_modality_by_name() -> None:
    asking = {place: lines for place, lines in _found().items() if place not in ALLOWED}
    assert not asking, "ask the modality (shape, dtype, axes, track, show, play) instead of its name"


def test_what_is_allowed_is_still_needed() -> None:
    assert {*ALLOWED} == {*_found()} & {*ALLOWED}


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ('if name == "audio":\n    pass', [1]),
        ('x = batch["image"]', [1]),
        ('match name:\n    case "image":\n        pass', [2]),
        ('def f():\n    """audio"""', []),
        ('x = "an image of audio"', []),
    ],
)
def test_what_asks_is_seen(code: str, lines: list[int]) -> None:
    assert [*_asks(ast.parse(code))] == lines
