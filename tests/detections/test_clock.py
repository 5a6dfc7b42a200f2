"""Clock times and sites from names, as recorders and people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from limbeck.detections import FileNames
from limbeck.errors import InputError

MOMENT = datetime(2024, 1, 31, 23, 30, 5)
HOUR_EAST = timezone(timedelta(hours=1))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("20240131_233005.WAV", MOMENT),
        ("24F319015E4A_20240131_233005.WAV", MOMENT),
        ("20240131_233005T.WAV", MOMENT),
        ("65BAD7FD.WAV", MOMENT.replace(tzinfo=UTC)),
        ("SM4A01234_20240131_233005.wav", MOMENT),
        ("SM3-NORTH_0+1_20240131_233005_000.wav", MOMENT),
        ("2MM00001_20240131_233005.wav", MOMENT),
        ("S4U01_20240131$233005.wac", MOMENT),
        ("2024-01-31T23-30-05.flac", MOMENT),
        ("2024-01-31T23:30:05Z.flac", MOMENT.replace(tzinfo=UTC)),
        ("2024-01-31 23.30.05.flac", MOMENT),
        ("pond_2024-01-31_23-30-05_take2.flac", MOMENT),
        ("20240131T233005+0100_pond.ogg", MOMENT.replace(tzinfo=HOUR_EAST)),
        ("2024-01-31T23-30-05+01:00.ogg", MOMENT.replace(tzinfo=HOUR_EAST)),
        ("20240131_233005-0012.wav", MOMENT),
        ("2024-01-31T23-30-05+01.flac", MOMENT.replace(tzinfo=HOUR_EAST)),
        ("2024-01-31T23:30:05.500Z.flac", MOMENT.replace(microsecond=500_000, tzinfo=UTC)),
        ("20240131T233005.123456789Z.flac", MOMENT.replace(microsecond=123_456, tzinfo=UTC)),
        ("2024-01-31_23-30-05+0100.wav", MOMENT.replace(tzinfo=HOUR_EAST)),
        ("20240131_233005+0100.wav", MOMENT.replace(tzinfo=HOUR_EAST)),
        ("20240131_233005Z.wav", MOMENT.replace(tzinfo=UTC)),
        ("20240131_233005Zoo.wav", MOMENT),
        ("20240131T233005-0330.wav", MOMENT.replace(tzinfo=timezone(-timedelta(hours=3, minutes=30)))),
        *((f"2024-01-31T23-30-05{number}.wav", MOMENT) for number in ("-0001", "-0123", "-9999", "_0001", "-05", "-2")),
        ("61234567.wav", None),
        ("20240131_999999.wav", None),
        ("99999999_233005.wav", None),
        ("120240131_2330051.wav", None),
        ("recording.wav", None),
        ("DEADBEEF.wav", None),
        ("00000000.wav", None),
        ("1-100032-A.ogg", None),
    ],
)
def test_what_recorders_write(name: str, expected: datetime | None) -> None:
    assert FileNames().begins(f"site/{name}") == expected


@pytest.mark.parametrize(
    ("pattern", "path", "moment", "site"),
    [
        ("{site}_%Y%m%d_%H%M%S", "2023/north pond_20240131_233005.wav", MOMENT, "north pond"),
        ("{site}/%Y-%m-%d/%Hh%Mm%S", "north/2024-01-31/23h30m05.wav", MOMENT, "north"),
        ("{site}/*/%d.%m.%y %I-%M-%S %p", "x/north/raw/31.01.24 11-30-05 PM.wav", MOMENT, "north"),
        ("*%Y-%j-%H%M%S", "north/unit7-2024-031-233005.wav", MOMENT, "north"),
        ("%d%b%Y_%H%M%S%z", "31Jan2024_233005+0100.wav", MOMENT.replace(tzinfo=HOUR_EAST), ""),
        ("%Y%m%d", "north/20240131.wav", datetime(2024, 1, 31), "north"),
        ("a.b(%Y%m%d)", "north/a.b(20240131).wav", datetime(2024, 1, 31), "north"),
        ("a.b(%Y%m%d)", "north/axb(20240131).wav", None, "north"),
        ("{site}_%Y%m%d", "north/other.wav", None, ""),
        ("{site}/%Y-%m-%d/%Y%m%d_%H%M%S", "north/2024-01-31/20240131_233005.wav", MOMENT, "north"),
        ("{site}/%Y-%m-%d/%Y%m%d_%H%M%S", "north/2024-01-30/20240131_233005.wav", None, "north"),
        ("%j_%Y", "366_2024.wav", datetime(2024, 12, 31), ""),
        ("%j_%Y", "366_2023.wav", None, ""),
    ],
)
def test_a_pattern_of_ones_own(pattern: str, path: str, moment: datetime | None, site: str) -> None:
    names = FileNames(pattern)
    assert names.begins(path) == moment
    assert names.site(path) == site


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        ("recording_%Q", "%Q is not known in names of files; known: %Y, "),
        ("recording_%H%M", "a year, a month and a day"),
        ("recording_%d_%H%M", "a year, a month and a day"),
        ("{site}_{site}_%Y%m%d", "may stand in a pattern of names once"),
    ],
)
def test_patterns_that_cannot_be_read(pattern: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        FileNames(pattern)


def test_the_site_is_the_first_folder() -> None:
    assert [FileNames().site(path) for path in ("a.wav", "north/a.wav", "north/Data/a.wav")] == ["", "north", "north"]


def test_eight_digits_are_a_time_beside_hexadecimal_ones() -> None:
    names = FileNames().among(["moth/61234567.WAV", "moth/65BAD7FD.WAV", "mine/61234567.wav", "mine/DEADBEEF.wav"])
    assert names.begins("moth/61234567.WAV") == datetime.fromtimestamp(0x61234567, UTC)
    assert names.begins("mine/61234567.wav") is None
