"""What every dataset of sounds must keep to, whoever wrote it."""

from __future__ import annotations

import inspect
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from limbeck.datasets import sounds
from limbeck.datasets.sounds import SoundDataset
from limbeck.errors import InputError
from limbeck.media import MelRecipe, read_sound

OWN_FILES = "your own files"


class SoundDatasetContract:
    """What a reader of sounds must keep to, on a miniature of its data."""

    @classmethod
    def miniature(cls, name: str, root: Path) -> Path:
        """The folder to open below `root`, after writing recordings in the layout of `name`; write it for each."""
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def build(cls, tmp_path_factory: pytest.TempPathFactory) -> Any:
        """Opens a dataset's miniature, made once for all tests here."""

        @cache
        def made(name: str) -> SoundDataset:
            return sounds.load(name).open(cls.miniature(name, tmp_path_factory.mktemp(name)))

        return made

    def test_says_what_it_is(self, name: str) -> None:
        kind = sounds.load(name)
        own = kind.licence.startswith(OWN_FILES)
        assert kind.title
        assert kind.licence
        assert kind.citation.startswith("@") or own
        assert kind.homepage.startswith("https://") or own
        assert inspect.getmodule(kind).__doc__
        assert getattr(kind, "__final__", False)

    def test_options_are_by_keyword_with_a_default_and_explained(self, name: str) -> None:
        opens = sounds.load(name).open
        options = list(inspect.signature(opens).parameters.values())
        assert options[0].name == "root"
        assert all(o.kind is o.KEYWORD_ONLY and o.default is not o.empty for o in options[1:])
        assert [o.name for o in options if f"{o.name}:" not in (inspect.getdoc(opens) or "")] == []

    def test_missing_folder_is_refused_in_a_sentence(self, name: str, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=rf"{tmp_path}/absent.*\.$|{tmp_path}/absent.*download=True\)\.$"):
            sounds.load(name).open(tmp_path / "absent")
        assert list(tmp_path.iterdir()) == []

    def test_recordings_are_well_formed(self, name: str, build: Any) -> None:
        dataset = build(name)
        assert dataset.name == name
        assert len({r.id for r in dataset.recordings}) == len(dataset.recordings) >= 6
        assert len(set(dataset.classes)) == len(dataset.classes) >= 2
        for r in dataset.recordings:
            assert not Path(r.id).is_absolute()
            assert set(r.labels) <= set(dataset.classes)
            assert r.start_s >= 0
            assert r.duration_s is None or r.duration_s > 0
            waveform, _ = read_sound(r.path, recipe=MelRecipe(sample_rate_hz=16000, clip_seconds=0.2))
            assert abs(waveform).max() > 0.1

    def test_ids_and_splits_do_not_depend_on_where_the_files_are(self, name: str, build: Any, tmp_path: Path) -> None:
        moved = sounds.load(name).open(self.miniature(name, tmp_path / "deep" / "er"))

        def told(dataset: SoundDataset) -> list[Any]:
            return [(r.id, r.labels, r.split, r.start_s, r.duration_s, r.group) for r in dataset.recordings]

        assert told(moved) == told(build(name))

    def test_classes_have_words(self, name: str, build: Any) -> None:
        dataset = build(name)
        assert list(dataset.words) == list(dataset.classes)
        for words in dataset.words.values():
            assert words == words.strip() != ""
            assert not set("_()") & set(words)

    def test_splits_are_disjoint_and_every_fold_is_tested_once(self, name: str, build: Any) -> None:
        dataset = build(name)
        splits = dataset.splits()
        for split in splits:
            parts = [set(split.train), set(split.test), set(split.validation)]
            assert split.train
            assert split.test
            assert len(set.union(*parts)) == sum(map(len, parts))
        tested = [i for split in splits for i in split.test]
        assert len(set(tested)) == len(tested)
        if len(splits) > 1:
            assert sorted(tested) == list(range(len(dataset.recordings)))

    def test_groups_stay_on_one_side(self, name: str, build: Any) -> None:
        sides: dict[str, set[str]] = defaultdict(set)
        for r in build(name).recordings:
            sides[r.group or r.id].add(r.split)
        assert {group: found for group, found in sides.items() if len(found) > 1} == {}
