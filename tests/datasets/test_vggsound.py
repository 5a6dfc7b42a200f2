"""The official layout of VGGSound, and its ten-class subset."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.helpers import layouts

from limbeck.datasets.vggsound import VGGSound
from limbeck.datasets.vggsound10k import VGGSound10k
from limbeck.errors import InputError
from limbeck.media import ClipRecipe, MelRecipe


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("vggsound")
    layouts.vggsound10k(root)
    return root


def small(root: Path, text: str) -> Path:
    (root / "videos").mkdir(exist_ok=True)
    (root / "videos" / "abc_000030.mp4").write_bytes(b"x")
    (root / "vggsound.csv").write_text(text)
    return root


def test_one_clip_a_row(root: Path) -> None:
    clips = VGGSound(root=root).clips()
    assert len(clips) == 9
    assert clips[0].id == "-00zzzzzzzz_000000"
    assert (clips[2].id, clips[2].split, clips[2].start_s, clips[2].length_s) == (
        "-02zzzzzzzz_000060",
        "test",
        4.0,
        1.0,
    )
    assert clips[0].audio == clips[0].image == root / "videos" / "-00zzzzzzzz_000000.mp4"
    assert VGGSound(root=root).classes == ("child speech, kid speaking", "hail", "playing piano")


def test_the_subset_has_its_classes_only(root: Path) -> None:
    assert VGGSound10k(root=root).classes == ("child speech, kid speaking", "playing piano")
    assert list(VGGSound10k.only) == sorted(set(VGGSound10k.only))
    assert len(VGGSound10k.only) == 10
    whole = {c.id: c for c in VGGSound(root=root, second=1).clips()}
    assert all(whole[c.id] == c for c in VGGSound10k(root=root, second=1).clips())


@pytest.mark.parametrize(
    ("seconds", "second", "found"),
    [(0.96, 4, (4, 1)), (5, 4, (4, 5)), (8, 4, (2, 8)), (10, 4, (0, 10)), (20, 4, (0, 10)), (2, 0, (0, 2))],
)
def test_longer_clips_begin_there_or_as_late_as_they_fit(
    seconds: float, second: float, found: tuple[float, float], root: Path
) -> None:
    recipe = ClipRecipe(mel=MelRecipe(clip_seconds=seconds))
    clips = VGGSound(root=root, second=second).clips_for(recipe)
    assert {(c.start_s, c.length_s) for c in clips} == {found}


@pytest.mark.parametrize("second", [4, 0, 2.5])
def test_reads_the_second_asked_for(root: Path, second: float) -> None:
    dataset = VGGSound(root=root, second=second)
    raw = dataset.read(dataset.clips()[0], ClipRecipe(image_size=16))
    at_middle = int(second + 0.5)
    assert raw.frame.mean() == pytest.approx(layouts.level(at_middle), abs=12)
    heard = np.argmax(np.abs(np.fft.rfft(raw.waveform[6000:10000]))) * 11000 / 4000
    assert heard == pytest.approx(layouts.pitch_hz(0, at_middle), abs=5)


def test_videos_may_lie_in_folders_and_be_of_any_kind(tmp_path: Path) -> None:
    small(tmp_path, "abc,30,hail,train\nxyz,7,rain,test\n")
    (tmp_path / "videos" / "part1").mkdir()
    (tmp_path / "videos" / "part1" / "xyz_000007.webm").write_bytes(b"x")
    clips = VGGSound(root=tmp_path).clips()
    assert clips[1].audio == tmp_path / "videos/part1/xyz_000007.webm"


def test_the_video_is_taken_and_not_what_lies_beside_it(tmp_path: Path) -> None:
    small(tmp_path, "abc,30,hail,train\n")
    video = layouts.video(tmp_path / "videos" / "abc_000030.mp4")
    layouts.sound(video.with_suffix(".aac.wav").with_name("abc_000030.aac"), [layouts.tone(500, 1)])
    layouts.picture(video.with_name("abc_000030.jpg"), (9, 9, 9))
    (tmp_path / "videos" / "abc_000030.avi").touch()
    assert VGGSound(root=tmp_path).clips()[0].audio == video


def test_table_as_released(tmp_path: Path) -> None:
    small(
        tmp_path,
        '# YouTube ID, start seconds, label, train/test split\nabc,30,"speech, man",train\nb c,7, rain ,test\n',
    )
    assert [(c.id, c.label) for c in VGGSound(root=tmp_path).clips()] == [
        ("abc_000030", "speech, man"),
        ("b c_000007", "rain"),
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("abc,30,hail,train\nabc,x,hail,train\n", "line 2: YouTube ID.*'abc,x,hail,train' came"),
        ("abc,30,hail,validation\n", "line 1: .*train or test was"),
        ("abc,30,hail\n", "line 1: "),
        ("abc,30,hail,train\nabc,30,rain,test\n", "line 2: abc from 30 s came before"),
        ("abc,30,,train\n", "line 1: "),
        (",30,hail,train\n", "line 1: "),
        ("abc;30;hail;train\n", "line 1: YouTube ID.*'abc;30;hail;train' came"),
        ("", "lists no clip"),
        ("xyz,30,hail,train\n", r"None of the files .*/xyz_000030\.mp4"),
    ],
)
def test_mistakes_are_told(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        VGGSound(root=small(tmp_path, text)).clips()


def test_a_table_that_is_no_text_is_told(tmp_path: Path) -> None:
    small(tmp_path, "")
    (tmp_path / "vggsound.csv").write_bytes(b"abc,30,h\xffil,train\n")
    with pytest.raises(InputError, match=r"vggsound\.csv should be VGGSound's table .*is not UTF-8 text"):
        VGGSound(root=tmp_path).clips()


def test_other_mistakes_are_told(tmp_path: Path) -> None:
    small(tmp_path, "abc,30,hail,train\n")
    with pytest.raises(InputError, match="lists no clip of basketball bounce, chicken"):
        VGGSound10k(root=tmp_path).clips()
    with pytest.raises(InputError, match=r"second must lie in 0\.\.9 .* but is 10"):
        VGGSound(root=tmp_path, second=10).clips()
    with pytest.raises(InputError, match=r"video should be the folder with .* does not exist"):
        VGGSound(root=tmp_path, videos="video").clips()
    with pytest.raises(InputError, match=r"v\.csv should be VGGSound's table.*holds vggsound\.csv, videos"):
        VGGSound(root=tmp_path, csv="v.csv").clips()


def test_boxes_are_those_of_vgg_ss_where_they_lie_beside(tmp_path: Path) -> None:
    """Some published boxes have no height."""
    layouts.vggsound(tmp_path)
    clips = VGGSound(root=tmp_path).clips()
    recipe = ClipRecipe(image_size=32)
    assert list(VGGSound(root=tmp_path).annotations(clips[2], recipe)) == []
    (tmp_path / "other.json").write_text(
        f'[{{"file": "{clips[2].id}", "class": "x", "bbox": [[0.25, 0, 0.75, 0.5], [0.27, 1.0, 0.75, 1.0]]}}]'
    )
    reader = VGGSound(root=tmp_path, boxes="other.json")
    (thing,) = reader.annotations(clips[2], recipe)
    assert (thing.label, thing.heard, thing.boxes) == (clips[2].label, True, (((0.25, 0.0, 0.75, 0.5),),))
    assert list(reader.annotations(clips[0], recipe)) == []
    (box,) = reader.annotations(clips[2], recipe.model_copy(update={"fit": "crop"}))[0].boxes[0]
    assert box[0] <= 0.25
    assert box[2] >= 0.75
    (tmp_path / "wrong.json").write_text('{"a": 1}')
    with pytest.raises(InputError, match="is not VGG-SS's file of boxes"):
        VGGSound(root=tmp_path, boxes="wrong.json").annotations(clips[2], recipe)
