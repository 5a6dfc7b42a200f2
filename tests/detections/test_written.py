"""Tables are written anew, and nothing is lost that a person wrote into them."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from limbeck import detections
from limbeck.detections import Detected, Event, renew

NEW = {"tables/a.txt": "a", "tables/b/c.txt": "c"}


def writer(files: dict[str, str]) -> Callable[[Path], Path]:
    """Writes these texts, in a folder called tables."""

    def write(folder: Path) -> Path:
        (folder / "tables").mkdir()
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        return folder / "tables"

    return write


def below(folder: Path) -> dict[str, str]:
    """All files of a folder but the record."""
    files = {file.relative_to(folder).as_posix(): file for file in folder.rglob("*") if file.is_file()}
    return {path: file.read_text(encoding="utf-8") for path, file in files.items() if path != "written.json"}


def test_what_was_not_changed_is_replaced_and_what_is_no_more_taken_away(tmp_path: Path) -> None:
    place, edited = renew(tmp_path, "tables", writer(NEW))
    assert (place, edited, below(tmp_path)) == (tmp_path / "tables", [], NEW)
    touched = os.stat(tmp_path / "tables/a.txt").st_ino
    _, edited = renew(tmp_path, "tables", writer({"tables/a.txt": "a", "tables/d.txt": "d"}))
    assert (edited, below(tmp_path)) == ([], {"tables/a.txt": "a", "tables/d.txt": "d"})
    assert os.stat(tmp_path / "tables/a.txt").st_ino == touched, "it is the same, and was left alone"
    assert not (tmp_path / "tables/b").exists()
    assert renew(tmp_path, "tables", writer({})) == (tmp_path / "tables", [])
    assert (below(tmp_path), (tmp_path / "tables").is_dir()) == ({}, True)


def test_what_a_person_wrote_is_kept_under_names_of_its_own(tmp_path: Path) -> None:
    renew(tmp_path, "tables", writer(NEW))
    (tmp_path / "tables/mine.txt").write_text("mine")
    for said in ("first", "second", "third"):
        (tmp_path / "tables/a.txt").write_text(said)
        _, (one,) = renew(tmp_path, "tables", writer(NEW))
        assert (one.table, one.kept.read_text()) == (tmp_path / "tables/a.txt", said)
        assert str(one.kept) in one.sentence()
    (tmp_path / "tables/b/c.txt").write_text("gone, but edited")
    renew(tmp_path, "tables", writer({"tables/a.txt": "a"}))
    assert below(tmp_path) == {
        "tables/a.txt": "a",
        "tables/a.edited.txt": "first",
        "tables/a.edited-2.txt": "second",
        "tables/a.edited-3.txt": "third",
        "tables/b/c.edited.txt": "gone, but edited",
        "tables/mine.txt": "mine",
    }


def test_what_was_there_before_or_is_known_no_more_is_a_persons(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables/a.txt").write_text("from elsewhere")
    (tmp_path / "tables/b").mkdir()
    (tmp_path / "tables/b/c.txt").mkdir()
    _, edited = renew(tmp_path, "tables", writer(NEW))
    assert [one.kept.name for one in edited] == ["a.edited.txt", "c.edited.txt"]
    (tmp_path / "written.json").write_text('{"files": {"tables": ')
    (tmp_path / "tables/a.txt").write_text("changed")
    _, edited = renew(tmp_path, "tables", writer(NEW))
    assert [one.kept.name for one in edited] == ["a.edited-2.txt"]


def test_a_name_that_is_as_long_as_names_can_be(tmp_path: Path) -> None:
    path = f"tables/{'ä' * 125}.txt"
    renew(tmp_path, "tables", writer({path: "a"}))
    (tmp_path / path).write_text("mine")
    _, (one,) = renew(tmp_path, "tables", writer({path: "a"}))
    assert (one.kept.read_text(), one.kept.suffixes) == ("mine", [".edited", ".txt"])


@pytest.mark.parametrize("moved", range(5))
def test_stopped_at_any_moment_nothing_is_lost_and_nothing_taken_for_a_persons(
    moved: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many files are moved into place before the process ends."""
    renew(tmp_path, "tables", writer(NEW))
    (tmp_path / "tables/a.txt").write_text("mine")
    left, replace = [moved], os.replace

    def stopping(source: Path, target: Path) -> None:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        replace(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", stopping)
        try:
            renew(tmp_path, "tables", writer({path: text * 2 for path, text in NEW.items()}))
        except KeyboardInterrupt:
            assert moved < 4
    renew(tmp_path, "tables", writer({path: text * 3 for path, text in NEW.items()}))
    expected = {"tables/a.txt": "aaa", "tables/b/c.txt": "ccc", "tables/a.edited.txt": "mine"}
    assert below(tmp_path) == expected


def test_a_record_names_no_file_outside(tmp_path: Path) -> None:
    renew(tmp_path / "out", "tables", writer(NEW))
    (tmp_path / "other.txt").write_text("a")
    record = tmp_path / "out" / "written.json"
    said = json.loads(record.read_text())
    for path in ("../other.txt", str(tmp_path / "other.txt")):
        said["files"]["tables"][path] = said["files"]["tables"]["tables/a.txt"]
    record.write_text(json.dumps(said))
    renew(tmp_path / "out", "tables", writer(NEW))
    assert (tmp_path / "other.txt").read_text() == "a"


class TestManualId:
    """Kaleidoscope's column that a person fills in."""

    def recording(self, tmp_path: Path, *events: Event) -> list[Detected]:
        return [Detected("north/a.wav", tmp_path / "in" / "north/a.wav", 60.0, 8000.0, None, "north", events)]

    def written(self, tmp_path: Path, *events: Event) -> list[detections.Edited]:
        form = detections.load("kaleidoscope")()
        found = self.recording(tmp_path, *events)
        return renew(tmp_path, form.name, lambda folder: form.write(found, folder), form.carry)[1]

    def rows(self, file: Path) -> list[dict[str, str]]:
        with open(file, encoding="utf-8-sig", newline="") as handle:
            return list(csv.DictReader(handle))

    def identify(self, file: Path, *said: str, **how: str) -> None:
        """What Kaleidoscope's viewer does: the table is saved with what a person said of its events."""
        rows = [row | {"MANUAL ID": word} for row, word in zip(self.rows(file), said, strict=True)]
        with open(file, "w", newline="", encoding=how.get("encoding", "utf-8")) as handle:
            writer = csv.DictWriter(handle, list(rows[0]), delimiter=how.get("delimiter", ","))
            writer.writeheader()
            writer.writerows(row | {"OFFSET": str(float(row["OFFSET"]))} for row in rows)

    def test_it_goes_over_to_the_same_event(self, tmp_path: Path) -> None:
        early, late = Event("rain", 1.0, 2.5, 0.9), Event("rain", 7.25, 8.0, 0.8)
        self.written(tmp_path, early, late)
        file = tmp_path / "kaleidoscope.csv"
        self.identify(file, "", "drizzle", encoding="utf-8-sig")
        (one,) = self.written(tmp_path, early, Event("wind", 7.25, 8.0, 0.8), late)
        assert [row["MANUAL ID"] for row in self.rows(file)] == ["", "", "drizzle"]
        assert [row["MANUAL ID"] for row in self.rows(one.kept)] == ["", "drizzle"]
        assert self.written(tmp_path, early, Event("wind", 7.25, 8.0, 0.8), late) == []
        assert [row["MANUAL ID"] for row in self.rows(file)] == ["", "", "drizzle"]

    def test_of_an_event_that_is_no_more_it_is_kept(self, tmp_path: Path) -> None:
        """Also where the table is as it was written, with what a person said before."""
        early, late = Event("rain", 1.0, 2.5, 0.9), Event("rain", 7.25, 8.0, 0.8)
        self.written(tmp_path, early, late)
        file = tmp_path / "kaleidoscope.csv"
        self.identify(file, "drizzle", "hail")
        (first,) = self.written(tmp_path, early, late)
        first.kept.unlink()
        (one,) = self.written(tmp_path, early)
        assert [row["MANUAL ID"] for row in self.rows(file)] == ["drizzle"]
        assert [row["MANUAL ID"] for row in self.rows(one.kept)] == ["drizzle", "hail"]

    def test_a_table_saved_in_another_form_is_kept_whole(self, tmp_path: Path) -> None:
        event = Event("rain", 1.0, 2.5, 0.9)
        self.written(tmp_path, event)
        file = tmp_path / "kaleidoscope.csv"
        self.identify(file, "Nieselregen", delimiter=";")
        (one,) = self.written(tmp_path, event)
        assert "Nieselregen" in one.kept.read_text()
        for content in (b"MANUAL ID\xff", b"", b"OFFSET,MANUAL ID\nx,y\n"):
            file.write_bytes(content)
            (one,) = self.written(tmp_path, event)
            assert one.kept.read_bytes() == content
