"""Counts by site, day and hour against counting by hand, over midnight and without clocks."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from pathlib import Path

from limbeck.detections import Detected, Event, Summary, When


def _recording(site: str, begins: datetime | None, seconds: float, *events: Event) -> Detected:
    return Detected(
        path=f"{site}/a.wav", place=Path("/x/a.wav"), duration_s=seconds, highest_hz=4000.0, begins=begins, site=site,
        events=events,
    )  # fmt: skip


def test_events_and_listening_are_counted_in_the_hours_they_fall_in(tmp_path: Path) -> None:
    night = _recording(
        "pond", datetime(2024, 1, 31, 22, 59, 30), 2 * 3600.0 + 60.25,
        Event("owl", 10.0, 40.0, 0.9), Event("owl", 30.0, 31.5, 0.9), Event("frog", 3630.5, 3640.0, 0.9),
    )  # fmt: skip
    nowhen = _recording("", None, 7200.0, Event("owl", 7000.0, 7001.0, 0.5))
    made = Summary.of([night, _recording("pond", datetime(2024, 1, 31, 22, 59, 50), 5.0), nowhen])
    hours = [When("pond", "2024-01-31", "22"), When("pond", "2024-01-31", "23"), When("pond", "2024-02-01", "00")]
    after, unknown = When("pond", "2024-02-01", "01"), When("", "", "")
    expected = dict(zip((*hours, after, unknown), (35_000, 3_600_000, 3_600_000, 30_250, 7_200_000), strict=True))
    assert made.heard == expected
    assert made.events == {
        (hours[0], "owl"): 1, (hours[1], "owl"): 1, (hours[2], "frog"): 1, (unknown, "owl"): 1,
    }  # fmt: skip
    assert made.words() == {"owl": 3, "frog": 1}
    assert made.recordings == 3
    assert made.seconds == 2 * 3600 + 60.25 + 5 + 7200
    made.write(tmp_path / "summary.csv", tmp_path / "heard.csv")
    rows = list(csv.reader((tmp_path / "summary.csv").read_text(encoding="utf-8").splitlines()))
    assert rows[0] == ["site", "day", "hour", "label", "events", "seconds"]
    assert rows[2] == ["pond", "2024-01-31", "22", "owl", "1", "30.000"]
    heard = list(csv.DictReader((tmp_path / "heard.csv").read_text(encoding="utf-8").splitlines()))
    assert sum(float(row["seconds"]) for row in heard) == made.seconds


def test_a_year_of_recordings_is_split_into_its_hours() -> None:
    begins = datetime(2024, 1, 1, 0, 30)
    made = Summary.of([_recording("a", begins + timedelta(days=day), 86_400.0) for day in range(366)])
    assert len(made.heard) == 366 * 24 + 1
    assert set(made.heard.values()) == {3_600_000, 1_800_000}
