"""Your own recordings: folders and tables, folds that are drawn, splits that do not fit."""

from __future__ import annotations

import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from tests.helpers import sound_layouts
from tests.helpers.layouts import table

from limbeck.datasets import sounds
from limbeck.datasets.sounds import Recording
from limbeck.datasets.sounds._contract import with_folds
from limbeck.errors import InputError


def test_folder_of_labels_gets_folds_that_hold_each_class(tmp_path: Path) -> None:
    dataset = sounds.load("folder").open(sound_layouts.folder(tmp_path))
    assert dataset.words == {"dog_bark": "dog bark", "rain": "rain"}
    assert Counter((r.labels, r.split) for r in dataset.recordings) == {
        ((label,), f"fold{f}"): 1 for label in ("dog_bark", "rain") for f in range(1, 6)
    }


def test_another_seed_draws_other_folds_and_none_leaves_them_out(tmp_path: Path) -> None:
    root = sound_layouts.folder(tmp_path)
    kind = sounds.load("folder")
    drawn = [[r.split for r in kind.open(root, seed=seed).recordings] for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    bare = kind.open(root, folds=0)
    with pytest.raises(InputError, match=r"cannot be divided.*none \(10\)"):
        bare.splits()


def test_folder_of_splits_keeps_them(tmp_path: Path) -> None:
    for split in ("train", "test"):
        for number, label in enumerate(("bell", "drip")):
            sound_layouts.recording(tmp_path / split / label / "0.wav", number)
    (split,) = sounds.load("folder").open(tmp_path).splits()
    assert (len(split.train), len(split.test)) == (2, 2)


def test_files_without_labels_are_a_pool(tmp_path: Path) -> None:
    for i in range(3):
        sound_layouts.recording(tmp_path / f"{i}.wav", i)
    dataset = sounds.load("folder").open(tmp_path, folds=0)
    assert [r.labels for r in dataset.recordings] == [(), (), ()]
    assert dataset.classes == ()


def test_manifest_has_segments_labels_and_groups(tmp_path: Path) -> None:
    dataset = sounds.load("manifest").open(sound_layouts.manifest(tmp_path))
    cut = dataset.recordings[-1]
    assert (cut.id, cut.start_s, round(cut.duration_s or 0, 6), cut.group) == (
        "sounds/0.wav@0.100-0.400",
        0.1,
        0.3,
        "sounds/0.wav",
    )
    assert [s.name for s in dataset.splits()] == ["fold1", "fold2"]


def test_manifest_can_give_several_labels_or_none(tmp_path: Path) -> None:
    for i in range(2):
        sound_layouts.recording(tmp_path / f"{i}.wav", i)
    file = table(tmp_path / "list.csv", [("0.wav", "rain | wind"), ("1.wav", "")], ("path", "label"))
    dataset = sounds.load("manifest").open(file, folds=2)
    assert [r.labels for r in dataset.recordings] == [("rain", "wind"), ()]
    assert dataset.multi_label


@pytest.mark.parametrize(
    ("header", "rows", "sentence"),
    [
        (("file",), [("0.wav",)], r"lacks the column path; it has file"),
        (("path",), [("0.wav",), ("0.wav",)], r"line 3: 0.wav came before"),
        (("path", "start", "end"), [("0.wav", "2", "1")], r"ends at 1.0 s but starts at 2.0 s"),
        (("path", "start"), [("0.wav", "soon")], r"column start: seconds >= 0 were expected"),
        (("path",), [("../0.wav",)], r"a path below the manifest's folder was expected"),
        (("path",), [("9.wav",)], r"None of the files"),
    ],
)
def test_manifest_mistakes_are_told(
    header: tuple[str, ...], rows: list[tuple[str, ...]], sentence: str, tmp_path: Path
) -> None:
    sound_layouts.recording(tmp_path / "0.wav", 0)
    file = table(tmp_path / "list.csv", rows, header)
    with pytest.raises(InputError, match=sentence):
        sounds.load("manifest").open(file)


def test_drawn_folds_keep_groups_and_sizes() -> None:
    recordings = [
        Recording(id=f"{label}{i}", path=Path("x"), labels=(label,), group=f"{label}{i // 2}")
        for label in "abc"
        for i in range(8)
    ]
    drawn = with_folds(recordings, 4, seed=0)
    assert Counter(r.split for r in drawn) == {f"fold{i}": 6 for i in range(1, 5)}
    sides: dict[str, set[str]] = {}
    for r in drawn:
        sides.setdefault(r.group, set()).add(r.split)
    assert all(len(s) == 1 for s in sides.values())
    with pytest.raises(InputError, match="at least 2, but is 1"):
        with_folds(recordings, 1, seed=0)


def test_train_without_test_is_refused() -> None:
    from limbeck.datasets.sounds.folder import Folder

    only = Folder([Recording(id=str(i), path=Path("x"), split="test") for i in range(3)])
    with pytest.raises(InputError, match=r"these came: test \(3\)"):
        only.splits()


@pytest.mark.parametrize("name", ["validation", "val", "valid", "dev"])
def test_validation_has_its_usual_names(name: str, tmp_path: Path) -> None:
    for split in ("train", name, "test"):
        for number, label in enumerate(("bell", "drip")):
            sound_layouts.recording(tmp_path / split / label / "0.wav", number)
    dataset = sounds.load("folder").open(tmp_path)
    (split,) = dataset.splits()
    assert dataset.classes == ("bell", "drip")
    assert [dataset.recordings[i].split for i in split.validation] == [name, name]
    assert (len(split.train), len(split.test)) == (2, 2)


@pytest.mark.parametrize("names", [("Training", "Testing"), ("train_set", "test_set")])
def test_splits_have_their_usual_names(names: tuple[str, str], tmp_path: Path) -> None:
    for split in names:
        for number, label in enumerate(("bell", "drip")):
            sound_layouts.recording(tmp_path / split / label / "0.wav", number)
    dataset = sounds.load("folder").open(tmp_path)
    (split,) = dataset.splits()
    assert dataset.classes == ("bell", "drip")
    assert [dataset.recordings[i].split for i in (*split.train, *split.test)] == [*names[:1] * 2, *names[1:] * 2]


def test_folders_that_may_be_splits_or_labels_are_asked_about(tmp_path: Path) -> None:
    for top in ("one", "two"):
        for number, label in enumerate(("bell", "drip")):
            sound_layouts.recording(tmp_path / top / label / "0.wav", number)
    kind = sounds.load("folder")
    with pytest.raises(InputError, match=r"one, two hold the same sub-folders \(bell, drip\)"):
        kind.open(tmp_path)
    assert kind.open(tmp_path, layout="class").classes == ("one", "two")
    folds = kind.open(tmp_path, layout="split/class")
    assert [s.name for s in folds.splits()] == ["one", "two"]
    assert folds.classes == ("bell", "drip")


def test_manifest_takes_absolute_paths_and_other_unicode_forms(tmp_path: Path) -> None:
    sound_layouts.recording(tmp_path / unicodedata.normalize("NFD", "é.wav"), 0)
    sound_layouts.recording(tmp_path / "deep" / "1.wav", 0)
    rows = [(tmp_path / "é.wav", "rain|rain", "Training"), (tmp_path / "deep/1.wav", "dog", "testing")]
    (tmp_path / "lists").mkdir()
    file = table(tmp_path / "lists" / "all.csv", rows, ("path", "label", "split"))
    dataset = sounds.load("manifest").open(file)
    assert [(r.id, r.labels, r.path.exists()) for r in dataset.recordings] == [
        ("é.wav", ("rain",), True),
        ("deep/1.wav", ("dog",), True),
    ]
    assert not dataset.multi_label
    assert [(len(s.train), len(s.test)) for s in dataset.splits()] == [(1, 1)]


@pytest.mark.parametrize("names", [("dog_bark", "dog bark"), ("Rain", "rain"), ("rain", "rain\u200b")])
def test_labels_that_are_the_same_in_words_are_refused(names: tuple[str, str], tmp_path: Path) -> None:
    for number, label in enumerate((*names, "bell")):
        sound_layouts.recording(tmp_path / label / "0.wav", number)
    with pytest.raises(InputError, match="are the same in words"):
        sounds.load("folder").open(tmp_path)
    rows = [(f"{label}/0.wav", label) for label in names]
    with pytest.raises(InputError, match="are the same in words"):
        sounds.load("manifest").open(table(tmp_path / "all.csv", rows, ("path", "label")))


def test_pieces_with_one_start_are_told_apart(tmp_path: Path) -> None:
    sound_layouts.recording(tmp_path / "0.wav", 0)
    file = table(tmp_path / "all.csv", [("0.wav", 0, 1), ("0.wav", 0, 2)], ("path", "start", "end"))
    assert len(sounds.load("manifest").open(file, folds=0).recordings) == 2


def test_folders_that_are_splits_only_in_part_are_refused(tmp_path: Path) -> None:
    for split in ("train", "test", "extra"):
        sound_layouts.recording(tmp_path / split / "bell" / "0.wav", 0)
    with pytest.raises(InputError, match=r"holds test, train with labels in it, as splits have, and beside it extra"):
        sounds.load("folder").open(tmp_path)


def test_a_train_can_be_a_sound(tmp_path: Path) -> None:
    for number, label in enumerate(("bell", "train")):
        for i in range(2):
            sound_layouts.recording(tmp_path / label / f"{i}.wav", number)
    dataset = sounds.load("folder").open(tmp_path, folds=2)
    assert dataset.classes == ("bell", "train")
    assert len(dataset.splits()) == 2


def _recordings(*splits: str, group: str = "") -> list[Recording]:
    return [Recording(id=str(i), path=Path("x"), split=split, group=group) for i, split in enumerate(splits)]


@pytest.mark.parametrize("splits", [("train", "test", "fold1"), ("train", "validation"), ("train", "test", "")])
def test_splits_that_do_not_go_together_are_refused(splits: tuple[str, ...]) -> None:
    from limbeck.datasets.sounds.folder import Folder

    with pytest.raises(InputError, match="cannot be divided"):
        Folder(_recordings(*splits)).splits()


@pytest.mark.parametrize("splits", [("fold1", "fold2"), ("train", "train", "test"), ("train", "test", "val")])
def test_groups_on_both_sides_are_refused(splits: tuple[str, ...]) -> None:
    from limbeck.datasets.sounds.folder import Folder

    assert Folder(_recordings(*splits)).splits()
    with pytest.raises(InputError, match=rf"group 'a' are in {splits[0]} and in (fold2|test)"):
        Folder(_recordings(*splits, group="a")).splits()
