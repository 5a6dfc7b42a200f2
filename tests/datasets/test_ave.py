"""The official layout of AVE."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.helpers import layouts

from limbeck.datasets.ave import AVE
from limbeck.errors import InputError, MediaError
from limbeck.media import ClipRecipe, MelRecipe

RECIPE = ClipRecipe(image_size=16)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("ave")
    layouts.ave(root)
    return root


def lists(root: Path, train: str, test: str) -> Path:
    (root / "AVE").mkdir()
    (root / "AVE" / "a.mp4").write_bytes(b"x")
    (root / "trainSet.txt").write_text(train)
    (root / "testSet.txt").write_text(test)
    return root


def test_one_clip_a_second_of_the_event(root: Path) -> None:
    clips = AVE(root=root).clips()
    assert [(c.id, c.split, c.start_s, c.length_s) for c in clips] == [
        ("Church bell/-aaaaaaaaaa@00", "train", 0.0, 1.0),
        ("Church bell/-aaaaaaaaaa@01", "train", 1.0, 1.0),
        ("Church bell/cccccccccc0@00", "val", 0.0, 1.0),
        ("Church bell/dddddddddd0@02", "test", 2.0, 1.0),
        ("Violin, fiddle/bbbbbbbbbb_@01", "train", 1.0, 1.0),
        ("Violin, fiddle/bbbbbbbbbb_@02", "train", 2.0, 1.0),
        ("Violin, fiddle/eeeeeeeeee0@00", "test", 0.0, 1.0),
        ("Violin, fiddle/eeeeeeeeee0@01", "test", 1.0, 1.0),
    ]
    assert clips[0].audio == clips[0].image == root / "AVE" / "-aaaaaaaaaa.mp4"


@pytest.mark.parametrize(
    ("seconds", "found"),
    [
        (0.96, [(0, 1), (1, 1), (2, 1), (3, 1), (4, 1), (5, 1), (6, 1)]),
        (2, [(0, 2), (2, 2), (4, 2)]),
        (2.5, [(0, 3), (3, 3)]),
        (7, [(0, 7)]),
        (10, [(0, 7)]),
    ],
)
def test_longer_clips_follow_the_event(seconds: float, found: list[tuple[int, int]], tmp_path: Path) -> None:
    """An event of seven seconds from second 2 on; a rest is left out, and what is shorter than a clip gives one."""
    dataset = AVE(root=lists(tmp_path, "Bark&a&good&2&9\nBus&a&good&3&3\n", "Bark&b&good&0&1\n"))
    clips = dataset.clips_for(ClipRecipe(mel=MelRecipe(clip_seconds=seconds)))
    assert [(c.id, c.start_s, c.length_s) for c in clips if c.split == "train"] == [
        (f"Bark/a@{2 + at:02d}", 2 + at, length) for at, length in found
    ]
    assert [c.length_s for c in clips if c.split == "test"] == [1]


def test_reads_the_second_that_it_names(root: Path) -> None:
    dataset = AVE(root=root)
    for clip in dataset.clips():
        raw = dataset.read(clip, RECIPE)
        second = int(clip.start_s)
        heard = np.argmax(np.abs(np.fft.rfft(raw.waveform[1000:10000]))) * 11000 / 9000
        assert heard == pytest.approx(layouts.pitch_hz(dataset.classes.index(clip.label), second), abs=5)
        assert raw.frame.mean() == pytest.approx(layouts.level(second), abs=12)


def test_may_lie_one_folder_below(root: Path, tmp_path: Path) -> None:
    (tmp_path / "AVE_Dataset").symlink_to(root)
    assert [c.id for c in AVE(root=tmp_path).clips()] == [c.id for c in AVE(root=root).clips()]


def test_lost_videos_are_listed_and_rejected(tmp_path: Path) -> None:
    dataset = AVE(root=lists(tmp_path, "Bark&a&good&0&1\nBus&b&good&0&2\n", "Bark&c&good&4&5\n"))
    clips = dataset.clips()
    assert len(clips) == 4
    with pytest.raises(MediaError, match="missing_file"):
        dataset.read(clips[-1], RECIPE)


def test_a_second_named_twice_counts_once_and_tests(tmp_path: Path) -> None:
    train = "Category&VideoID&Quality&StartTime&EndTime\nBark&a&good&0&3\nBark&a&good&2&4\nBus&a&good&0&0\n"
    clips = AVE(root=lists(tmp_path, train, "Bark&a&good&3&4\nBus&a&good&3&4\n")).clips()
    assert [(c.id, c.split) for c in clips] == [
        ("Bark/a@00", "train"),
        ("Bark/a@01", "train"),
        ("Bark/a@02", "train"),
        ("Bark/a@03", "test"),
        ("Bus/a@03", "test"),
    ]


@pytest.mark.parametrize("line", ["&a&good&0&1", "Bark&&good&0&1", "Bark&a&good&3&2", "Bark&a&good&-1&2"])
def test_lines_that_cannot_be_meant_are_told(tmp_path: Path, line: str) -> None:
    lists(tmp_path, f"Bus&a&good&0&1\n{line}\n", "Bark&a&good&1&2\n")
    with pytest.raises(InputError, match=r"trainSet\.txt, line 2: .* expected, but '.*' came"):
        AVE(root=tmp_path).clips()


def test_a_list_that_is_no_text_is_told(tmp_path: Path) -> None:
    lists(tmp_path, "", "")
    (tmp_path / "trainSet.txt").write_bytes(b"B\xffrk&a&good&0&1\n")
    with pytest.raises(InputError, match=r"trainSet\.txt should be AVE's list of train videos .*is not UTF-8"):
        AVE(root=tmp_path).clips()


def test_mistakes_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"testSet\.txt should be AVE's list of test videos.* no such file"):
        AVE(root=tmp_path).clips()
    lists(tmp_path, "Bark&a&good&0&1\nBark&a&0&1\n", "Bark&a&good&1&2\n")
    with pytest.raises(InputError, match=r"trainSet\.txt, line 2: Category&VideoID.*'Bark&a&0&1' came"):
        AVE(root=tmp_path).clips()
    (tmp_path / "trainSet.txt").write_text("Bark&b&good&0&1\n")
    (tmp_path / "testSet.txt").write_text("Bus&b&good&0&1\n")
    with pytest.raises(InputError, match=r"None of the files .*/AVE/b\.mp4\. Put the videos into AVE/"):
        AVE(root=tmp_path).clips()
