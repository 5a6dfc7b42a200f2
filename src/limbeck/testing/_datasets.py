"""What every dataset must keep to, whoever wrote it."""

from __future__ import annotations

import inspect
import pickle
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from limbeck import datasets, modalities
from limbeck.datasets import Dataset
from limbeck.errors import InputError
from limbeck.media import ClipRecipe, MelRecipe, RawClip

OWN_FILES = "your own files"
RECIPE = ClipRecipe(mel=MelRecipe(sample_rate_hz=11000), image_size=24)


class DatasetContract:
    """What a reader must keep to, on a miniature of its data."""

    @classmethod
    def miniature(cls, name: str, root: Path) -> dict[str, Any]:
        """The options of the reader `name`, after writing a few files in its layout below `root`; write it for each."""
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def build(cls, tmp_path_factory: pytest.TempPathFactory) -> Any:
        """Makes a dataset's miniature, once for all tests here."""

        @cache
        def made(name: str) -> Dataset:
            return datasets.load(name)(**cls.miniature(name, tmp_path_factory.mktemp(name)))

        return made

    def test_says_what_it_is(self, name: str) -> None:
        kind = datasets.load(name)
        own = kind.licence.startswith(OWN_FILES)
        assert kind.title
        assert kind.licence
        assert kind.citation or own
        assert kind.homepage.startswith("https://") or own or "generated" in kind.licence
        assert kind.__doc__
        assert inspect.getmodule(kind).__doc__

    def test_is_final_and_takes_keyword_options_with_defaults(self, name: str) -> None:
        kind = datasets.load(name)
        assert getattr(kind, "__final__", False), f"{kind.__name__} must be marked @final"
        options = list(inspect.signature(kind).parameters.values())
        assert "root" in [p.name for p in options]
        needed = [p.name for p in options if p.default is p.empty]
        assert needed in ([], ["root"])
        documented = inspect.getdoc(kind) or ""
        assert [p.name for p in options if f"{p.name}:" not in documented] == []

    def test_constructor_only_stores(self, name: str, tmp_path: Path) -> None:
        kind: Any = datasets.load(name)
        kind(root=tmp_path / "absent")
        assert list(tmp_path.iterdir()) == []

    def test_absent_folder_is_refused_in_a_sentence_or_made(self, name: str, tmp_path: Path) -> None:
        absent = tmp_path / "absent"
        options = self.miniature(name, tmp_path / "present")
        dataset = datasets.load(name)(**{**options, "root": absent})
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
        assert dataset.name == name
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

    def test_ids_do_not_depend_on_where_the_files_are(self, name: str, build: Any, tmp_path: Path) -> None:
        elsewhere = tmp_path / "elsewhere" / "deep"
        moved = datasets.load(name)(**self.miniature(name, elsewhere))
        here = [(c.id, c.label, c.split, c.start_s, c.length_s) for c in build(name).clips()]
        assert here == [(c.id, c.label, c.split, c.start_s, c.length_s) for c in moved.clips()]

    def test_reads_a_clip_of_each_class_with_all_its_tracks_and_with_each_alone(self, name: str, build: Any) -> None:
        dataset = build(name)
        every = sorted({modalities.load(m).track for m in dataset.modalities})
        for tracks in [every, *([track] for track in every)]:
            recipe = ClipRecipe.from_json(RECIPE.to_json() | {"tracks": tracks})
            clips = dataset.clips_with(tracks)
            for label in dataset.classes:
                clip = next(c for c in clips if c.label == label).only(tracks)
                raw = dataset.read(clip, recipe)
                assert raw.shapes.items() >= RawClip.blank(recipe).shapes.items()
                if "audio" in tracks:
                    assert raw.waveform.dtype == np.float32
                    assert np.isfinite(raw.waveform).all()
                    assert np.abs(raw.waveform).max() > 1e-4
                if "image" in tracks:
                    assert raw.frame.dtype == np.uint8

    def test_prepares(self, name: str, build: Any, tmp_path: Path) -> None:
        dataset = build(name)
        prepared = datasets.prepare(dataset, tmp_path / "prepared", recipe=RECIPE, workers=1)
        assert prepared.name == name
        assert tuple(prepared.modalities) == tuple(sorted(dataset.modalities))
        assert tuple(prepared.classes) == tuple(dataset.classes)
        assert prepared.licence == dataset.licence
        assert prepared.citation == dataset.citation
        assert sum(len(prepared.clips(split)) for split in prepared.splits) == len(dataset.clips())
