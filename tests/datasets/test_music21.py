"""The layout of MUSIC-21."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.helpers import layouts

from limbeck.datasets.music21 import Music21, window_starts
from limbeck.errors import InputError
from limbeck.media import ClipRecipe, MelRecipe


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("music21")
    layouts.music21(root)
    rows = [("bbbbbbbbbb0", "train", "banjo"), ("cccccccccc_", "val", "tuba"), ("eeeeeeeeee0", "test", "tuba")]
    layouts.table(root / "splits.csv", rows, ["vid", "split", "label"])
    return root


def small(root: Path, listed: object) -> Path:
    (root / "videos").mkdir(exist_ok=True)
    (root / "videos" / "a.mp4").write_bytes(b"x")
    (root / "MUSIC21_solo_videos.json").write_text(listed if isinstance(listed, str) else json.dumps(listed))
    return root


def test_every_second_of_every_video(root: Path) -> None:
    clips = Music21(root=root).clips()
    assert [c.id for c in clips[:3]] == [
        "banjo/-aaaaaaaaaa@00000",
        "banjo/-aaaaaaaaaa@00001",
        "banjo/-aaaaaaaaaa@00002",
    ]
    assert len(clips) == 5 * 3
    assert [(c.start_s, c.length_s) for c in clips[:3]] == [(0.0, 1.0), (1.0, 1.0), (2.0, 1.0)]
    assert clips[0].audio == root / "videos/banjo/-aaaaaaaaaa.mp4"


def test_longer_clips_lie_one_behind_the_other(root: Path) -> None:
    clips = Music21(root=root).clips_for(ClipRecipe(mel=MelRecipe(clip_seconds=1.5)))
    assert {(c.start_s, c.length_s) for c in clips} == {(0.0, 2.0)}, "videos of three seconds hold one of two"
    assert len(clips) == 5


def test_windows_of_a_video_stay_on_one_side(root: Path) -> None:
    clips = Music21(root=root, test_fraction=0.4).clips()
    sides = {s: {c.audio for c in clips if c.split == s} for s in ("train", "test")}
    assert not sides["train"] & sides["test"]
    assert (
        {c.label for c in clips if c.split == "test"}
        == {"banjo", "tuba"}
        == {c.label for c in clips if c.split == "train"}
    )


def test_table_of_splits(root: Path) -> None:
    clips = Music21(root=root, splits="splits.csv").clips()
    assert sorted({(c.id.partition("@")[0], c.split) for c in clips}) == [
        ("banjo/bbbbbbbbbb0", "train"),
        ("tuba/cccccccccc_", "val"),
        ("tuba/eeeeeeeeee0", "test"),
    ]


def test_reads_the_second_that_it_names(root: Path) -> None:
    dataset = Music21(root=root, windows=2)
    for clip in dataset.clips()[:4]:
        raw = dataset.read(clip, ClipRecipe(image_size=16))
        second = int(clip.start_s)
        heard = np.argmax(np.abs(np.fft.rfft(raw.waveform[1000:10000]))) * 11000 / 9000
        assert heard == pytest.approx(layouts.pitch_hz(0, second), abs=5)
        assert raw.frame.mean() == pytest.approx(layouts.level(second), abs=12)


@pytest.mark.parametrize("windows", [1, 2, 3, 7, 59, 60, 61])
def test_windows_are_spread_evenly(windows: int) -> None:
    starts = window_starts(60.4, windows)
    assert len(set(starts)) == len(starts) == min(windows, 60)
    assert starts[0] >= 0
    assert starts[-1] <= 59
    assert max(np.diff([*starts, starts[0] + 60])) - min(np.diff([*starts, starts[0] + 60])) <= 1


def test_lost_and_broken_videos_are_listed_once(tmp_path: Path) -> None:
    small(tmp_path, {"videos": {"banjo": ["a", "b"], "tuba": ["c", "d"]}})
    clips = Music21(root=tmp_path).clips()
    assert [c.id for c in clips] == ["banjo/a@00000", "banjo/b@00000", "tuba/c@00000", "tuba/d@00000"]


@pytest.mark.parametrize(
    ("listed", "told"),
    [
        ("{", "is not of the form"),
        ({"solo": {}}, "is not of the form .*KeyError"),
        ({"videos": ["a"]}, "is not of the form"),
        ({"videos": {"banjo": ["a"], "": ["b"]}}, "instrument '' has the video 'b'"),
        ({"videos": {"banjo": ["a"], "tuba": [7]}}, "instrument 'tuba' has the video 7"),
        ({"videos": {"banjo": ["x\ud800"], "tuba": ["y"]}}, r"None of the files .*videos.x"),
        ({"videos": {"banjo": ["x"], "tuba": ["y"]}}, r"None of the files .*videos/x\.mp4"),
    ],
)
def test_mistakes_are_told(tmp_path: Path, listed: object, told: str) -> None:
    with pytest.raises(InputError, match=told):
        Music21(root=small(tmp_path, listed)).clips()


def test_a_video_of_two_instruments_counts_for_both_and_stays_on_one_side(tmp_path: Path) -> None:
    listed = {"banjo": ["a", "b", "c", "a"], "tuba": ["a", "d", "e"]}
    clips = Music21(root=small(tmp_path, {"videos": listed}), test_fraction=0.4).clips()
    assert sorted(c.label for c in clips if "/a@" in c.id) == ["banjo", "tuba"]
    assert len({c.split for c in clips if "/a@" in c.id}) == 1


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("a,train,banjo\na,test,banjo\n", "line 3: a is in 'test', but came before in 'train'"),
        ("a,train,banjo\nb,,tuba\n", "line 3: vid, split and label are needed"),
        ("a,train,\n", "line 2: vid, split and label are needed"),
    ],
)
def test_splits_that_cannot_be_meant_are_told(tmp_path: Path, rows: str, told: str) -> None:
    small(tmp_path, {"videos": {}})
    (tmp_path / "s.csv").write_text("vid,split,label\n" + rows)
    with pytest.raises(InputError, match=told):
        Music21(root=tmp_path, splits="s.csv").clips()


def test_other_mistakes_are_told(root: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="windows must be 1 or more, but is 0"):
        Music21(root=root, windows=0).clips()
    with pytest.raises(InputError, match=r"solo\.json should be the list of videos.*holds MUSIC21_solo_videos\.json"):
        Music21(root=root, json="solo.json").clips()
    small(tmp_path, {"videos": {}})
    (tmp_path / "s.csv").write_text("id,split,label\na,train,tuba\n")
    with pytest.raises(InputError, match="lacks the column vid; it has id, split, label"):
        Music21(root=tmp_path, splits="s.csv").clips()
