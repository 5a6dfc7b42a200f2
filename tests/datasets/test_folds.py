"""Sounds in folds, to be distilled: ESC-50, ESC-10, UrbanSound8K."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.helpers import layouts, sound_layouts

from limbeck import datasets
from limbeck.datasets import sounds
from limbeck.errors import InputError, MediaError
from limbeck.media import ClipRecipe, MelRecipe

NAMES = ("esc50", "esc10", "urbansound8k")


@pytest.mark.parametrize("name", NAMES)
def test_clips_are_the_recordings_that_are_named_elsewhere(name: str, tmp_path: Path) -> None:
    options = getattr(layouts, name)(tmp_path)
    recordings = sounds.load(name).open(tmp_path)
    dataset = datasets.load(name)(**options)
    assert [(c.id, c.label, c.audio) for c in dataset.clips()] == [
        (r.id, r.labels[0], r.path) for r in recordings.recordings
    ]
    assert dataset.classes == recordings.classes
    for fact in ("title", "licence", "citation", "homepage"):
        assert getattr(dataset, fact) == getattr(recordings, fact)


@pytest.mark.parametrize(
    ("name", "test", "tested"),
    [
        ("esc50", None, {"fold5"}),
        ("urbansound8k", None, {"fold10"}),
        ("esc50", 2, {"fold2"}),
        ("esc50", "fold1,3", {"fold1", "fold3"}),
        ("urbansound8k", ["fold9", 10], {"fold9", "fold10"}),
    ],
)
def test_folds_that_are_asked_for_are_tested_on(name: str, test: Any, tested: set[str], tmp_path: Path) -> None:
    options = getattr(layouts, name)(tmp_path) | ({} if test is None else {"test": test})
    clips = datasets.load(name)(**options).clips()
    fold = {r.id: r.split for r in sounds.load(name).open(tmp_path).recordings}
    assert {fold[c.id] for c in clips if c.split == "test"} == tested
    assert not {fold[c.id] for c in clips if c.split == "train"} & tested
    assert Counter(c.split for c in clips).keys() == {"train", "test"}


@pytest.mark.parametrize("test", ["fold6", 0, "", "1,2,3,4,5", "fold1,fold6"])
def test_folds_that_there_are_not_or_all_of_them_are_refused(test: Any, tmp_path: Path) -> None:
    options = layouts.esc50(tmp_path)
    with pytest.raises(InputError, match="but the folds are fold1, fold2, fold3, fold4, fold5: name some, not all"):
        datasets.load("esc50")(**options, test=test).clips()


@pytest.mark.parametrize(("window", "begins_s"), [("loudest", 1.6), ("middle", 0.9), ("start", 0.0)])
def test_the_part_that_is_asked_for_is_taken(window: str, begins_s: float, tmp_path: Path) -> None:
    dataset = datasets.load("esc50")(**layouts.esc50(tmp_path), window=window)
    clip = dataset.clips()[0]
    quiet = layouts.tone(300, 1.6, 0.02)
    layouts.sound(clip.audio, [quiet, layouts.tone(2000, 0.4), layouts.tone(300, 0.2, 0.02)])
    recipe = ClipRecipe(tracks=("audio",), mel=MelRecipe(sample_rate_hz=11000, clip_seconds=0.4))
    raw = dataset.read(clip, recipe)
    loud = np.abs(raw.sound).max() > 0.2
    assert loud == (window == "loudest")
    assert any(f"from {begins_s:.2f} s" in told for told in raw.repairs)


def test_pictures_are_refused_and_prepared_data_knows_its_recordings(tmp_path: Path) -> None:
    options = layouts.urbansound8k(tmp_path / "data")
    dataset = datasets.load("urbansound8k")(**options)
    with pytest.raises(MediaError, match="no_picture_track"):
        dataset.read(dataset.clips()[0], ClipRecipe(tracks=("image",)))
    prepared = datasets.prepare(dataset, out=tmp_path / "out", workers=1, progress=False)
    assert prepared.clips("train").originals([0, 3])[1].sound.shape == (11000,)


def test_lost_recordings_are_rejected_one_by_one(tmp_path: Path) -> None:
    root = sound_layouts.esc50(tmp_path / "data")
    sorted((root / "audio").glob("*.wav"))[0].write_bytes(b"RIFF")
    sorted((root / "audio").glob("*.wav"))[1].unlink()
    prepared = datasets.prepare("esc50", root, out=tmp_path / "out", workers=1, progress=False)
    assert sorted(r["reason"] for r in prepared.rejected) == ["missing_file", "not_media"]
