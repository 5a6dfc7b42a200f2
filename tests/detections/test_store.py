"""What was heard is kept; what is damaged is found and forgotten."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from limbeck.detections import FILE, Heard, Scores, Store
from limbeck.errors import InputError

SETTINGS = Scores(classifier="c", encoder="e", labels=("rain", "wind"), window_s=1.0, hop_s=0.5)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three recordings of which two have one content."""
    with Store.opened(tmp_path, SETTINGS) as store, store.writing():
        for name, sha256 in (("a.wav", "1" * 64), ("b.wav", "2" * 64), ("copy.wav", "1" * 64)):
            scores = np.linspace(0, 1, 10).astype(np.float16).reshape(5, 2)
            store.hear(sha256, Heard(np.arange(5.0) / 2, scores, 3.0))
            store.add((str(tmp_path / "archive"), name, 1, 2, sha256, 3))
        store.refuse((str(tmp_path / "archive"), "bad.wav", 1, 2, "", 3), "not_media", "It is no sound.")
    return tmp_path


def change(folder: Path, *statement: object) -> None:
    with closing(sqlite3.connect(folder / FILE)) as connection, connection:
        connection.execute(*statement)  # type: ignore[arg-type]


DAMAGE = {
    "truncated scores": "update scores set scores = substr(scores, 1, 7) where sha256 like '1%'",
    "truncated starts": "update scores set starts = substr(starts, 1, 39) where sha256 like '1%'",
    "no scores": "update scores set scores = x'' where sha256 like '1%'",
    "one row too many": "update scores set scores = scores || x'00000000' where sha256 like '1%'",
    "not a number": "update scores set scores = x'007e' || substr(scores, 3) where sha256 like '1%'",
    "one bit": "update scores set scores = substr(scores, 1, 9) || x'01' || substr(scores, 11) where sha256 like '1%'",
    "text": "update scores set starts = 'soon' where sha256 like '1%'",
    "no end": "update scores set end_s = 'never' where sha256 like '1%'",
    "another end": "update scores set end_s = 4.0 where sha256 like '1%'",
}


@pytest.mark.parametrize("what", DAMAGE)
def test_damaged_scores_are_forgotten_with_their_recordings_and_no_others(folder: Path, what: str) -> None:
    change(folder, DAMAGE[what])
    with Store.opened(folder) as store:
        assert store.drop_damaged() == [folder / "archive" / "a.wav", folder / "archive" / "copy.wav"]
        assert [path for _, path, _ in store.heard()] == ["b.wav"]
        assert store.contents() == {"2" * 64}
        assert store.drop_damaged() == []
        assert len(store.refused()) == 1


def test_whole_ones_stay(folder: Path) -> None:
    with Store.opened(folder) as store:
        assert store.drop_damaged() == []
        assert [path for _, path, _ in store.heard()] == ["a.wav", "b.wav", "copy.wav"]


@pytest.mark.parametrize("table", ["recordings", "refused"])
def test_names_that_are_no_text_are_forgotten(folder: Path, table: str) -> None:
    change(folder, f"update {table} set path = x'ff00' where path in ('a.wav', 'bad.wav')")
    with Store.opened(folder) as store:
        store.drop_damaged()
        assert (len(store.recordings()), len(store.refused())) == {"recordings": (2, 1), "refused": (3, 0)}[table]


@pytest.mark.parametrize(
    "statement",
    [
        "delete from about",
        "update about set settings = '{'",
        'update about set settings = \'{"window_s": "long"}\'',
        "update about set settings = x'ff'",
        "drop table scores",
        "drop table about",
    ],
)
def test_a_store_that_says_nothing_is_told(folder: Path, statement: str) -> None:
    change(folder, statement)
    with (
        pytest.raises(InputError, match=rf"{FILE} is damaged \(.*Delete it, and give the command again"),
        Store.opened(folder) as store,
    ):
        store.drop_damaged()


def pieces(content: bytes) -> Iterator[bytes]:
    yield content[: len(content) // 2]
    yield content[:100] + b"\xff" * 3000 + content[3100:]
    yield b""


def test_a_file_that_was_cut_or_written_over_never_gives_other_scores(folder: Path) -> None:
    """It is told, or, empty, is begun anew."""
    content = (folder / FILE).read_bytes()
    for damaged in pieces(content):
        (folder / FILE).write_bytes(damaged)
        told = ""
        try:
            with Store.opened(folder, SETTINGS) as store:
                store.drop_damaged()
                assert list(store.heard()) == []
        except InputError as error:
            told = str(error)
        assert not told or f"{FILE} is damaged" in told


def test_faults_of_a_user_of_it_are_not_taken_for_damage(folder: Path) -> None:
    with pytest.raises(TypeError, match="mine"), Store.opened(folder):
        raise TypeError("mine")
