"""ESC-50, ESC-10, UrbanSound8K and FSD50K: what is read from their tables."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.helpers import sound_layouts

from limbeck.datasets import sounds
from limbeck.errors import InputError, MissingExtraError


def test_esc50_has_its_folds_and_words(tmp_path: Path) -> None:
    dataset = sounds.load("esc50").open(sound_layouts.esc50(tmp_path))
    assert dataset.words == {"chirping_birds": "chirping birds", "crying_baby": "crying baby", "dog": "dog"}
    assert [s.name for s in dataset.splits()] == ["fold1", "fold2", "fold3", "fold4", "fold5"]
    first = dataset.recordings[0]
    assert (first.id, first.labels, first.split, first.group) == ("1-1000-A-0.wav", ("dog",), "fold1", "1000")
    assert not dataset.multi_label


def test_esc10_keeps_the_marked_rows_only(tmp_path: Path) -> None:
    dataset = sounds.load("esc10").open(sound_layouts.esc10(tmp_path))
    assert dataset.classes == ("crying_baby", "dog")
    assert len(dataset.recordings) == 10


def test_folder_that_an_archive_was_unpacked_in_will_do(tmp_path: Path) -> None:
    sound_layouts.esc50(tmp_path / "ESC-50-master")
    sound_layouts.urbansound8k(tmp_path / "UrbanSound8K")
    assert len(sounds.load("esc50").open(tmp_path).recordings) == 15
    assert len(sounds.load("urbansound8k").open(tmp_path).recordings) == 40


def test_urbansound8k_counts_its_folds(tmp_path: Path) -> None:
    dataset = sounds.load("urbansound8k").open(sound_layouts.urbansound8k(tmp_path))
    splits = dataset.splits()
    assert [s.name for s in splits] == [f"fold{i}" for i in range(1, 11)]
    assert {dataset.recordings[i].path.parent.name for i in splits[9].test} == {"fold10"}


def test_fsd50k_keeps_validation_apart_and_has_several_labels(tmp_path: Path) -> None:
    dataset = sounds.load("fsd50k").open(sound_layouts.fsd50k(tmp_path / "collection"))
    assert dataset.multi_label
    assert list(dataset.words.values()) == ["bark", "boat, water vehicle", "fill with liquid"]
    (split,) = dataset.splits()
    names = {part: [Path(dataset.recordings[i].id).stem for i in getattr(split, part)] for part in ("train", "test")}
    assert names == {"train": ["100", "101", "102", "104", "105", "107"], "test": ["108", "109", "110", "111"]}
    assert len(split.validation) == 2
    by_id = {r.id: r.labels for r in dataset.recordings}
    assert by_id["FSD50K.eval_audio/111.wav"] == ("Fill_(with_liquid)", "Bark")


@pytest.mark.parametrize(
    ("name", "file", "text"),
    [
        ("esc50", "meta/esc50.csv", "filename,fold\nx.wav,one\n"),
        ("urbansound8k", "metadata/UrbanSound8K.csv", "slice_file_name,fsID\nx.wav,1\n"),
        ("fsd50k", "FSD50K.ground_truth/vocabulary.csv", "0\n"),
    ],
)
def test_malformed_table_is_refused(name: str, file: str, text: str, tmp_path: Path) -> None:
    root = getattr(sound_layouts, name)(tmp_path)
    (root / file).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"not as its authors published it .*Fetch it again\.$"):
        sounds.load(name).open(root)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("esc50", "meta/esc50.csv"),
        ("urbansound8k", "metadata/UrbanSound8K.csv"),
        ("fsd50k", "FSD50K.ground_truth/dev.csv"),
        ("fsd50k", "FSD50K.ground_truth/eval.csv"),
    ],
)
def test_rows_named_twice_are_refused(name: str, file: str, tmp_path: Path) -> None:
    table = getattr(sound_layouts, name)(tmp_path) / file
    table.write_text(table.read_text() + table.read_text().splitlines()[-1] + "\n")
    with pytest.raises(InputError, match=r"rows, but gives .* recordings: rows are damaged, or files are named twice"):
        sounds.load(name).open(tmp_path)


def test_rows_of_another_form_are_refused(tmp_path: Path) -> None:
    table = sound_layouts.fsd50k(tmp_path) / "FSD50K.ground_truth" / "dev.csv"
    table.write_text(table.read_text() + "999,Bark\n")
    with pytest.raises(InputError, match="rows are damaged"):
        sounds.load("fsd50k").open(tmp_path)


def test_a_table_that_a_spreadsheet_rewrote_is_refused(tmp_path: Path) -> None:
    table = sound_layouts.esc50(tmp_path) / "meta" / "esc50.csv"
    table.write_text(table.read_text().replace("True", "TRUE"))
    with pytest.raises(InputError, match="marks no recording as ESC-10"):
        sounds.load("esc10").open(tmp_path)


def test_tables_without_recordings_are_refused(tmp_path: Path) -> None:
    root = sound_layouts.esc50(tmp_path)
    (root / "audio").rename(root / "elsewhere")
    with pytest.raises(InputError, match=r"None of the files .*audio beside meta"):
        sounds.load("esc50").open(root)


def test_missing_soundata_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "soundata", None)
    with pytest.raises(MissingExtraError, match=r"limbeck\[sounds\]"):
        sounds.load("esc50").open(tmp_path)
