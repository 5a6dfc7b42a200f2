"""What is found, and what is made of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.helpers.failing_disk import failing

from limbeck.errors import InputError
from limbeck.index._scan import File, Refused, Scan, plan_of, scan
from limbeck.media import files_below


def _tree(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())


def test_files_are_found_once_with_paths_from_their_root(tmp_path: Path) -> None:
    _tree(
        tmp_path, "a/one.wav", "a/deep/two.ogg", "a/notes.txt", "a/.hidden.wav", "a/index/x.lance/data", "b/three.mp3"
    )
    found = scan(
        [tmp_path / "a", tmp_path / "a" / "deep", tmp_path / "b" / "three.mp3"], [], apart_from=tmp_path / "a" / "index"
    ).files
    assert [(Path(f.root).name, f.path) for f in found.values()] == [
        ("a", "deep/two.ogg"),
        ("a", "one.wav"),
        ("b", "three.mp3"),
    ]
    assert all(place == f.place and f.size == place.stat().st_size for place, f in found.items())


def test_a_relative_source_is_the_same_as_an_absolute_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _tree(tmp_path, "a/one.wav")
    monkeypatch.chdir(tmp_path)
    assert scan([Path("a/../a")], [], apart_from=None) == scan([tmp_path / "a"], [], apart_from=None)


def test_a_source_that_is_not_there_is_refused_unless_it_was_known(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist; a folder"):
        scan([tmp_path / "recordigns"], [], apart_from=None)
    assert scan([tmp_path / "gone.wav"], [tmp_path / "gone.wav"], apart_from=None) == Scan({}, {})


def test_a_link_to_nothing_is_kept_to_be_told(tmp_path: Path) -> None:
    os.symlink(tmp_path / "nowhere", tmp_path / "link.wav")
    assert list(scan([tmp_path], [], apart_from=None).files) == [tmp_path / "link.wav"]


def test_the_plan_by_hand() -> None:
    def file(name: str, size: int = 1, mtime_ns: int = 1, root: str = "/r") -> File:
        return File(root, name, size, mtime_ns)

    def by_place(*files: File) -> dict[Path, File]:
        return {f.place: f for f in files}

    found = by_place(file("same"), file("longer", 2), file("later", 1, 2), file("new"), file("rotten"), file("locked"))
    known = by_place(file("same"), file("longer"), file("later"), file("lost"), file("lost", root="/elsewhere"))
    refused = {
        f.place: Refused(f, reason, "")
        for f, reason in ((file("rotten"), "not_media"), (file("locked"), "unreadable_file"))
    }
    known |= by_place(file("dark/below"), file("back"))
    found |= by_place(file("back"))
    dark, back = (Refused(file(name, 0, 0), "unreadable_folder", "") for name in ("dark", "back"))
    refused |= {Path("/r/dark"): dark, Path("/r/back"): back, Path("/r/light"): dark, Path("/elsewhere/x"): dark}
    plan = plan_of(Scan(found, {Path("/r/dark"): dark}), known, refused, [Path("/r")])
    assert {f.path for f in plan.to_read} == {"longer", "later", "new", "locked"}
    assert plan.unchanged == 2
    assert plan.cleared == [Path("/r/back"), Path("/r/light")]
    assert [f.place for f in plan.gone] == [Path("/r/lost")]


def test_what_cannot_be_listed_or_looked_at_is_unseen_and_not_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _tree(tmp_path, "a/one.wav", "a/dark/two.wav", "a/stuck.wav")
    failing(monkeypatch, tmp_path / "a" / "dark", tmp_path / "a" / "stuck.wav")
    found = scan([tmp_path / "a"], [], apart_from=None)
    assert list(found.files) == [tmp_path / "a" / "one.wav"]
    assert {(place.name, r.reason, r.file.place == place) for place, r in found.unseen.items()} == {
        ("dark", "unreadable_folder", True),
        ("stuck.wav", "unreadable_file", True),
    }
    assert all("Input/output error" in r.detail for r in found.unseen.values())
    assert list(scan([tmp_path / "a" / "stuck.wav"], [], apart_from=None).unseen) == [tmp_path / "a" / "stuck.wav"]
    with pytest.raises(InputError, match=r"dark cannot be listed: Input/output error"):
        files_below(tmp_path / "a")
