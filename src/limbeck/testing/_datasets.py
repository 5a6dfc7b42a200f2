"""What every dataset, and every dataset of sounds, must keep to, whoever wrote it."""

import inspect
import pickle
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from limbeck import _discover, _explain, datasets, modalities
from limbeck.datasets import Dataset, sounds
from limbeck.datasets.sounds import SoundDataset
from limbeck.errors import InputError
from limbeck.media import ClipRecipe, MelRecipe, RawClip, read_sound
from limbeck.testing._shared import ListedContract

OWN_FILES = "your own files"
RECIPE = ClipRecipe(mel=MelRecipe(sample_rate_hz=11000), image_size=24)


class _ReaderContract(ListedContract):
    """What readers of both kinds must keep to, on a miniature of their data."""

    @classmethod
    def _opened(cls, name: str, root: Path) -> Any:
        raise NotImplementedError

    @staticmethod
    def _listed(dataset: Any) -> list[Any]:
        """What a reader lists, without where the files are."""
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def build(cls, tmp_path_factory: pytest.TempPathFactory) -> Any:
        """Opens a dataset's miniature, made once for all tests here."""
        return cache(lambda name: cls._opened(name, tmp_path_factory.mktemp(name)))

    def test_says_what_it_is(self, name: str) -> None:
        kind: Any = _discover.load(self.base, name)
        own, generated = kind.licence.startswith(OWN_FILES), "generated" in kind.licence
        assert kind.title
        assert kind.licence
        assert kind.citation.startswith("@") or own or generated
        assert kind.homepage.startswith("https://") or own or generated
        assert kind.__doc__
        assert inspect.getmodule(kind).__doc__
        assert getattr(kind, "__final__", False), f"{kind.__name__} must be marked @final"

    def test_what_is_listed_does_not_depend_on_where_the_files_are(self, name: str, build: Any, tmp_path: Path) -> None:
        assert self._listed(self._opened(name, tmp_path / "elsewhere" / "deep")) == self._listed(build(name))


class DatasetContract(_ReaderContract):
    """What a reader must keep to, on a miniature of its data."""

    base = Dataset

    @classmethod
    def miniature(cls, name: str, root: Path) -> dict[str, Any]:
        """The options of the reader `name`, after writing a few files in its layout below `root`; write it for each."""
        raise NotImplementedError

    @classmethod
    def _opened(cls, name: str, root: Path) -> Any:
        return datasets.load(name)(**cls.miniature(name, root))

    @staticmethod
    def _listed(dataset: Any) -> list[Any]:
        return [(c.id, c.label, c.split, c.start_s, c.length_s) for c in dataset.clips()]

    def test_takes_keyword_options_with_defaults(self, name: str) -> None:
        kind = datasets.load(name)
        options = list(inspect.signature(kind).parameters.values())
        assert "root" in [p.name for p in options]
        assert [p.name for p in options if p.default is p.empty] in ([], ["root"])
        assert [option.name for option in _explain.settings(kind) if not option.about] == []

    def test_constructor_only_stores(self, name: str, tmp_path: Path) -> None:
        kind: Any = datasets.load(name)
        kind(root=tmp_path / "absent")
        assert list(tmp_path.iterdir()) == []

    def test_absent_folder_is_refused_in_a_sentence_or_made(self, name: str, tmp_path: Path) -> None:
        absent = tmp_path / "absent"
        dataset = datasets.load(name)(**{**self.miniature(name, tmp_path / "present"), "root": absent})
        if "generated" in dataset.licence:
            assert dataset.clips()
            assert absent.is_dir()
        else:
            with pytest.raises(InputError, match=rf"{absent}.*\.$"):
                dataset.clips()

    def test_lists_the_same_clips_every_time_and_when_pickled(self, name: str, build: Any) -> None:
        dataset = build(name)
        clips = list(dataset.clips())
        assert clips == list(dataset.clips())
        assert clips == list(pickle.loads(pickle.dumps(dataset)).clips())
        assert clips == pickle.loads(pickle.dumps(clips))

    def test_clips_are_well_formed(self, name: str, build: Any) -> None:
        dataset = build(name)
        clips = list(dataset.clips())
        assert len({c.id for c in clips}) == len(clips)
        assert {"train", "test"} <= {c.split for c in clips}
        assert set(dataset.classes) == {c.label for c in clips}
        assert len(set(dataset.classes)) == len(dataset.classes) >= 2
        for c in clips:
            assert c.id
            assert not Path(c.id).is_absolute()
            assert str(dataset.root) not in c.id
            assert c.start_s >= 0
            assert c.length_s is None or c.length_s > 0

    def test_reads_a_clip_of_each_class_with_all_its_tracks_and_with_each_alone(self, name: str, build: Any) -> None:
        dataset = build(name)
        every = sorted({modalities.load(m).track for m in dataset.modalities})
        for tracks in [every, *([track] for track in every)]:
            recipe = ClipRecipe.from_json(RECIPE.to_json() | {"tracks": tracks})
            clips = dataset.clips_for(recipe)
            for label in dataset.classes:
                clip = next(c for c in clips if c.label == label).only(tracks)
                raw = dataset.read(clip, recipe)
                for part, shape in RawClip.blank(recipe).shapes.items():
                    assert raw.shapes[part] in (shape, shape[1:]), "a still has no time"
                if "audio" in tracks:
                    assert raw.waveform.dtype == np.float32
                    assert np.isfinite(raw.waveform).all()
                    assert np.abs(raw.waveform).max() > 1e-4
                if "image" in tracks:
                    assert raw.frames.dtype == np.uint8

    def test_prepares(self, name: str, build: Any, tmp_path: Path) -> None:
        dataset = build(name)
        prepared = datasets.prepare(dataset, out=tmp_path / "prepared", recipe=RECIPE, workers=1)
        assert prepared.name == name
        assert tuple(prepared.modalities) == tuple(sorted(dataset.modalities))
        assert tuple(prepared.classes) == tuple(dataset.classes)
        facts = ("title", "licence", "citation", "homepage")
        assert [prepared.description[fact] for fact in facts] == [getattr(dataset, fact) for fact in facts]
        assert sum(len(prepared.clips(split)) for split in prepared.splits) == len(dataset.clips())


class SoundDatasetContract(_ReaderContract):
    """What a reader of sounds must keep to, on a miniature of its data."""

    base = SoundDataset

    @classmethod
    def miniature(cls, name: str, root: Path) -> Path:
        """The folder to open below `root`, after writing recordings in the layout of `name`; write it for each."""
        raise NotImplementedError

    @classmethod
    def _opened(cls, name: str, root: Path) -> Any:
        return sounds.load(name).open(cls.miniature(name, root))

    @staticmethod
    def _listed(dataset: Any) -> list[Any]:
        return [(r.id, r.labels, r.split, r.start_s, r.duration_s, r.group) for r in dataset.recordings]

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
