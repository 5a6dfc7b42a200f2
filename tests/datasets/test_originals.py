"""From prepared clips back to their recordings."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from tests.helpers.clips import toy_clips
from tests.helpers.generated import RECIPE, Generated, contents

from limbeck import _files
from limbeck.datasets import LabelledClips, Prepared, prepare
from limbeck.datasets.folder import Folder
from limbeck.datasets.playground import Playground
from limbeck.errors import InputError


@pytest.fixture(scope="module")
def place(videos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty generated videos, and what was prepared of them."""
    folder = tmp_path_factory.mktemp("place")
    shutil.copytree(videos, folder / "videos")
    prepare(Playground(folder / "videos", clips=60), out=folder / "prepared", recipe=RECIPE, workers=1)
    return folder


def same(clips: LabelledClips, index: list[int]) -> bool:
    """Whether the recordings give the prepared arrays to the bit."""
    positions = torch.tensor(index)
    found, arrays = clips.originals(positions), clips.arrays(positions)
    made = {
        name: torch.stack([torch.from_numpy(modality.array(raw)) for raw in found])
        for name, modality in clips.modalities.items()
    }
    return all(torch.equal(made[name], arrays[name]) for name in arrays)


def test_recordings_are_those_the_clips_were_made_from(place: Path) -> None:
    clips = Prepared.open(place / "prepared").clips()
    assert same(clips, [3, 0, 3, len(clips) - 1])
    assert same(clips.only(clips.classes[2:4]).take(torch.tensor([1])), [0])
    assert len(clips.take(torch.tensor([4, 2])).originals()) == 2


def test_options_that_reading_needs_are_kept(place: Path, tmp_path: Path) -> None:
    dataset = Folder(root=place / "videos", cut=True)
    clips = prepare(dataset, out=tmp_path / "out", recipe=RECIPE, workers=1).clips()
    assert len(clips) > 60
    assert same(clips, [0, 1, 5])


def test_nothing_written_names_this_machine_and_both_folders_may_move(place: Path, tmp_path: Path) -> None:
    text = (place / "prepared" / "dataset.json").read_text(encoding="utf-8")
    assert str(place) not in text
    assert json.loads(text)["recordings"]["reader"] == "playground"
    shutil.copytree(place, tmp_path / "elsewhere")
    shutil.move(place / "videos", place / "away")
    try:
        assert same(Prepared.open(tmp_path / "elsewhere" / "prepared").clips(), [0])
        clips = Prepared.open(place / "prepared").clips()
        with pytest.raises(InputError, match=r"no longer in .*videos.* with the folder they are in now"):
            clips.originals(torch.tensor([0]))
        prepare(Playground(place / "away", clips=60), out=place / "prepared", recipe=RECIPE)
        assert same(Prepared.open(place / "prepared").clips(), [0])
    finally:
        shutil.move(place / "away", place / "videos")
        prepare(Playground(place / "videos", clips=60), out=place / "prepared", recipe=RECIPE)


def test_other_recordings_are_noticed(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place, tmp_path / "copy")
    videos = sorted((tmp_path / "copy" / "videos" / "train").rglob("*.mp4"))
    shutil.copy(videos[-1], videos[0])
    clips = Prepared.open(tmp_path / "copy" / "prepared").clips()
    with pytest.raises(InputError, match="no longer the one that was prepared"):
        clips.originals()


def test_a_folder_that_forgot_its_recordings_is_refused_until_prepared_again(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place, tmp_path / "old")
    file = tmp_path / "old" / "prepared" / "dataset.json"
    description = _files.read_record(file)
    del description["recordings"]
    _files.write_record(file, description)
    clips = Prepared.open(file.parent).clips()
    assert len(clips.array("audio")) == len(clips)
    with pytest.raises(InputError, match="does not know where its recordings are"):
        clips.originals(torch.tensor([0]))
    again = prepare(Playground(tmp_path / "old" / "videos", clips=60), out=file.parent, recipe=RECIPE)
    assert again.clips().fingerprint == clips.fingerprint
    assert same(again.clips(), [0])


def test_a_reader_of_ones_own_is_refused_and_leaves_no_trace(tmp_path: Path) -> None:
    prepared = prepare(Generated(24), out=tmp_path / "out", recipe=RECIPE, workers=1)
    before = contents(tmp_path / "out")
    with pytest.raises(InputError, match="a reader of your own"):
        prepared.clips().originals(torch.tensor([0]))
    prepare(Generated(24), out=tmp_path / "out", recipe=RECIPE)
    assert contents(tmp_path / "out") == before


def test_arrays_have_no_recordings() -> None:
    with pytest.raises(InputError, match="arrays without recordings"):
        toy_clips().originals(torch.tensor([0]))
