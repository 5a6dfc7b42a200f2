"""What holds for every form."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from limbeck import _discover, exports
from limbeck.distilled import DistilledSet
from limbeck.errors import InputError

Make = Callable[..., DistilledSet]


def _content(folder: Path) -> dict[str, str]:
    files = [p for p in sorted(folder.rglob("*")) if p.is_file()]
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.mark.parametrize("name", exports.names())
def test_same_set_same_bytes_and_nothing_left_beside(name: str, tmp_path: Path, make_set: Make) -> None:
    form = exports.load(name)()
    (tmp_path / "empty").mkdir()
    one, two = form.write(make_set(), tmp_path / "deep" / "one"), form.write(make_set(), tmp_path / "empty")
    assert _content(one) == _content(two)
    assert {p.name for p in tmp_path.iterdir()} == {"deep", "empty"}
    assert {p.name for p in (tmp_path / "deep").iterdir()} == {"one"}


@pytest.mark.parametrize("name", exports.names())
def test_refuses_a_full_folder_a_file_and_an_empty_set(name: str, tmp_path: Path, make_set: Make) -> None:
    form = exports.load(name)()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("keep")
    (tmp_path / "file").write_text("keep")
    for target in ("full", "file"):
        with pytest.raises(InputError, match="not an empty folder"):
            form.write(make_set(), tmp_path / target)
    made = make_set()
    none = replace(made, tensors={m: x[:0] for m, x in made.tensors.items()}, labels=made.labels[:0])
    with pytest.raises(InputError, match="no samples"):
        form.write(none, tmp_path / "none")
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["file", "full", "mine"]


@pytest.mark.parametrize("name", exports.names())
def test_a_failure_leaves_nothing(name: str, tmp_path: Path, make_set: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("limbeck.media.encode.png", fail)
    with pytest.raises(OSError, match="disk full"):
        exports.load(name)().write(make_set(), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", exports.names())
def test_has_a_card_a_summary_and_stays_inside(name: str, tmp_path: Path, make_set: Make) -> None:
    assert _discover.summary("limbeck.exports", name).endswith(".")
    out = exports.load(name)().write(make_set(), tmp_path / "out")
    card = (out / "README.md").read_text(encoding="utf-8")
    assert "What is exact and what is not" in card
    assert card.count("```") == 4
    assert all(p.resolve().is_relative_to(out.resolve()) for p in out.rglob("*"))
    assert {p.name for p in tmp_path.iterdir()} == {"out"}


@pytest.mark.parametrize("name", exports.names())
def test_holds_what_the_set_is_of_and_nothing_else(
    name: str, seen: tuple[str, ...], tmp_path: Path, make_set: Make
) -> None:
    """No files, columns or words of a modality that is not there."""
    made = make_set(("low", "high"), seen=seen)
    out = exports.load(name)().write(made, tmp_path / "out")
    config = json.loads(next(p for p in out.glob("*.json")).read_text(encoding="utf-8"))
    assert list(config["scales"]) == list(seen)
    assert (config["rows"], config["samples"], config["hold"]) == (4, 16, "mosaic:2")
    card = (out / "README.md").read_text(encoding="utf-8")
    assert f"# Distilled set of {' and '.join(seen)}: 2 classes, 16 samples" in card
    for modality, kind in made.modalities.items():
        assert f"- `{modality}`: ({', '.join(kind.axes)})" in card
    for other in {"audio", "image"} - {*seen}:
        assert f"- `{other}`:" not in card
        assert not [p for p in out.rglob("*") if p.name.startswith(other)]


@pytest.mark.parametrize("name", exports.names())
def test_a_set_that_was_saved_gives_the_same_bytes(name: str, tmp_path: Path, make_set: Make) -> None:
    made = make_set()
    one = exports.load(name)().write(DistilledSet.load(made.save(tmp_path / "set")), tmp_path / "one")
    two = exports.load(name)().write(made, tmp_path / "two")
    assert _content(one) == _content(two)
