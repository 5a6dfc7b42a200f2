"""Every form is read back by a reader that is not ours, with times to the millisecond."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from limbeck import detections
from limbeck.detections import Detected, Event

BEGINS = datetime(2024, 1, 31, 23, 30, 5)
AWKWARD = 'rain, "heavy"'


@pytest.fixture
def found(tmp_path: Path) -> list[Detected]:
    """Three recordings: two events at odd milliseconds over midnight, none, and one whose name gives no time."""
    archive = tmp_path / "archive"

    def recording(path: str, begins: datetime | None, site: str, *events: Event) -> Detected:
        return Detected(path, archive / path, 3600.25, 8000.0, begins, site, events)

    return [
        recording(
            "north/Data/20240131_233005.wav",
            BEGINS,
            "north",
            Event("dog bark", 0.0, 2.127, 0.91),
            Event(AWKWARD, 1795.001, 1799.999, 0.5001),
        ),
        recording("north/Data/20240131_233006.wav", BEGINS, "north"),
        recording("loose.wav", None, "", Event("dog bark", 12.5, 13.25, 1.0)),
    ]


def expected(found: list[Detected]) -> list[tuple[str, float, float, str]]:
    """Path, beginning, end and word of every event."""
    return [(r.path, e.start_s, e.end_s, e.label) for r in found for e in r.events]


@pytest.mark.parametrize("name", detections.names())
class TestEveryForm:
    def test_the_same_events_give_the_same_bytes_in_place_of_older_ones(
        self, name: str, found: list[Detected], tmp_path: Path
    ) -> None:
        form = detections.load(name)()

        def written(recordings: list[Detected]) -> dict[str, bytes]:
            place = form.write(iter(recordings), tmp_path / "out")
            assert place.parent == tmp_path / "out"
            files = [place] if place.is_file() else sorted(p for p in place.rglob("*") if p.is_file())
            return {str(file.relative_to(tmp_path)): file.read_bytes() for file in files}

        first = written(found)
        assert first == written(found)
        fewer = written(found[1:])
        assert fewer != first
        assert fewer == written(found[1:])
        assert not list((tmp_path / "out").rglob("*.part"))

    def test_nothing_found_is_written_too(self, name: str, found: list[Detected], tmp_path: Path) -> None:
        form = detections.load(name)()
        assert form.write([], tmp_path / "out").exists()
        assert form.write(found[1:2], tmp_path / "out").exists()

    def test_recordings_are_taken_one_by_one(self, name: str, found: list[Detected], tmp_path: Path) -> None:
        """However many there are: what was taken is not asked for again."""
        taken = iter(found)
        detections.load(name)().write(taken, tmp_path / "out")
        assert next(taken, None) is None


def test_csv_by_pandas(found: list[Detected], tmp_path: Path) -> None:
    import pandas as pd

    table = pd.read_csv(detections.load("csv")().write(found, tmp_path), keep_default_na=False)
    assert list(zip(table.path, table.start_s, table.end_s, table.label, strict=True)) == expected(found)
    assert table.site.tolist() == ["north", "north", ""]
    assert datetime.fromisoformat(table.clock_start[1]) == BEGINS + timedelta(seconds=1795.001)
    assert table.clock_end[2] == ""


def test_parquet_by_pandas(found: list[Detected], tmp_path: Path) -> None:
    import pandas as pd

    table = pd.read_parquet(detections.load("parquet")().write(found, tmp_path))
    assert list(zip(table.path, table.start_s, table.end_s, table.label, strict=True)) == expected(found)
    assert table.clock_start[1].to_pydatetime() == BEGINS + timedelta(seconds=1795.001)
    assert table.clock_end[1].date().isoformat() == "2024-02-01"
    assert table.clock_start.isna().tolist() == [False, False, True]


def test_parquet_keeps_the_zone_of_a_name(found: list[Detected], tmp_path: Path) -> None:
    import pandas as pd

    east = BEGINS.replace(tzinfo=timezone(timedelta(hours=1)))
    zoned = [Detected("a.wav", tmp_path / "a.wav", 1.0, 8000.0, east, "", (Event("rain", 0.0, 1.0, 0.9),))]
    table = pd.read_parquet(detections.load("parquet")().write(zoned, tmp_path))
    assert (table.clock_start[0].to_pydatetime(), table.clock_zone[0]) == (BEGINS, "+0100")


def test_raven_by_its_columns(found: list[Detected], tmp_path: Path) -> None:
    """As Raven's guide has them: text with tabs, a selection a line, times in seconds from the file's beginning."""
    import pandas as pd

    folder = detections.load("raven")().write(found, tmp_path)
    rows = []
    for recording in found:
        file = folder / f"{recording.path}.Table.1.selections.txt"
        table = pd.read_csv(file, sep="\t", quoting=csv.QUOTE_NONE)
        assert list(table.Selection) == [*range(1, len(table) + 1)]
        assert set(table.View) <= {"Spectrogram 1"}
        assert (table["Low Freq (Hz)"] < table["High Freq (Hz)"]).all()
        assert set(table["Begin Path"]) <= {str(recording.place)}
        columns = table["Begin Time (s)"], table["End Time (s)"], table.Annotation
        rows += [(recording.path, *row) for row in zip(*columns, strict=True)]
    assert rows == expected(found)


def test_audacity_by_mir_eval(found: list[Detected], tmp_path: Path) -> None:
    from mir_eval.io import load_labeled_intervals

    folder = detections.load("audacity")().write(found, tmp_path)
    rows: list[tuple[str, float, float, str]] = []
    for recording in (found[0], found[2]):
        intervals, labels = load_labeled_intervals(str(folder / f"{recording.path}.labels.txt"), delimiter="\t")
        rows += [(recording.path, start, end, label) for (start, end), label in zip(intervals, labels, strict=True)]
    assert rows == expected(found)
    assert (folder / f"{found[1].path}.labels.txt").read_bytes() == b""


def test_kaleidoscope_by_its_columns(found: list[Detected], tmp_path: Path) -> None:
    file = detections.load("kaleidoscope")().write(found, tmp_path)
    with open(file, encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    places = [str(Path(row["INDIR"], row["FOLDER"], row["IN FILE"])) for row in rows]
    assert places == [str(r.place) for r in found for _ in r.events]
    times = [(float(row["OFFSET"]), round(float(row["OFFSET"]) + float(row["DURATION"]), 3)) for row in rows]
    assert times == [(start, end) for _, start, end, _ in expected(found)]
    assert [row["TOP1MATCH"] for row in rows] == ["dog bark", AWKWARD, "dog bark"]
    assert (rows[1]["DATE"], rows[1]["TIME"], rows[1]["HOUR"]) == ("2024-02-01", "00:00:00", "00")
    assert rows[2]["DATE"] == ""


def test_birdnet_as_its_own_reader_takes_a_line(found: list[Detected], tmp_path: Path) -> None:
    """BirdNET-Analyzer finds columns by the names in the first line, times as numbers, and knows no quotes."""
    file = detections.load("birdnet")().write([found[0], found[2]], tmp_path)
    header, *lines = file.read_text(encoding="utf-8").splitlines()
    at = {name: place for place, name in enumerate(header.split(","))}
    plain = [line.split(",") for line in lines if '"' not in line]
    read = [(float(d[at["Start (s)"]]), float(d[at["End (s)"]]), d[at["Common name"]]) for d in plain]
    assert read == [(0.0, 2.127, "dog bark"), (12.5, 13.25, "dog bark")]
    assert [float(d[at["Confidence"]]) for d in plain] == [0.91, 1.0]
    with open(file, encoding="utf-8", newline="") as handle:
        assert [row["Scientific name"] for row in csv.DictReader(handle)] == ["dog bark", AWKWARD, "dog bark"]


@pytest.mark.filterwarnings("ignore:Passing a schema:DeprecationWarning")  # of what jams checks its schema with
def test_jams_by_jams(found: list[Detected], tmp_path: Path) -> None:
    jams = pytest.importorskip("jams")
    folder = detections.load("jams")().write(found, tmp_path)
    rows: list[tuple[str, float, float, str]] = []
    for recording in found:
        read = jams.load(str(folder / f"{recording.path}.jams"), validate=True, strict=True)
        (annotation,) = read.search(namespace="tag_open")
        assert read.file_metadata.duration == 3600.25
        assert read.sandbox.site == recording.site
        rows += [(recording.path, o.time, round(o.time + o.duration, 3), o.value) for o in annotation.data]
    assert rows == expected(found)


def test_names_with_tabs_and_places_below_no_folder() -> None:
    events = (Event("rain", 0.0, 1.0, 0.9),)
    odd = Detected("a\tb\n.wav", Path("/x/a\tb\n.wav"), 1.0, 8000.0, None, "", events)
    lines = detections.load("raven")().text(odd).splitlines()  # type: ignore[attr-defined]
    assert [len(line.split("\t")) for line in lines] == [12, 12]
    whole = Detected("x/a.wav", Path("/x/a.wav"), 1.0, 8000.0, None, "", events)
    (row,) = detections.load("kaleidoscope")().rows(whole)  # type: ignore[attr-defined]
    assert (str(row[0]), *row[1:3]) == ("/", "x", "a.wav")


@pytest.mark.parametrize("name", ["raven", "audacity", "jams"])
def test_a_name_that_is_too_long_or_in_the_way_stops_no_other(name: str, tmp_path: Path) -> None:
    form = detections.load(name)()
    paths = ["x.wav", f"x.wav{form.ending}/y.wav", "z" * 251 + ".wav", "last.wav"]  # type: ignore[attr-defined]
    for order in (paths, paths[::-1]):
        found = [Detected(path, tmp_path / path, 1.0, 8000.0, None, "", ()) for path in order]
        files = [file.name for file in form.write(found, tmp_path / "out").rglob("*") if file.is_file()]
        assert len(files) == 4
        assert sum("~" in file for file in files) == 2


def test_a_label_of_several_lines_stays_on_one_where_lines_count() -> None:
    nasty = Detected("a.wav", Path("/a.wav"), 1.0, 8000.0, None, "", (Event("rain\tin\nspring", 0.0, 1.0, 0.9),))
    for name in ("raven", "audacity"):
        text = detections.load(name)().text(nasty)  # type: ignore[attr-defined]
        assert "rain in spring" in text
        assert len(text.splitlines()) == (2 if name == "raven" else 1)
