"""Sounds alone and pictures alone: what is read of a file, and what is told where it lacks it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.helpers import layouts

from limbeck.datasets import Prepared, prepare
from limbeck.datasets.folder import Folder
from limbeck.datasets.paired import Paired
from limbeck.errors import FingerprintError, InputError, UnknownNameError
from limbeck.media import ClipRecipe, RawClip
from limbeck.modalities import label

RECIPE = ClipRecipe(image_size=24)
SOUND, PICTURE = (RECIPE.model_copy(update={"tracks": (track,)}) for track in ("audio", "image"))


def barks(root: Path) -> Path:
    """Six sounds of two classes, each a tone of its own."""
    for number, name in enumerate(("bark", "meow")):
        for i in range(3):
            layouts.sound(root / name / f"{i}.wav", [layouts.tone(300 + 500 * number + 50 * i, 1.2)])
    return root


def photos(root: Path) -> Path:
    """Six pictures of two classes, each of a colour of its own."""
    for number, name in enumerate(("dog", "cat")):
        for i in range(3):
            layouts.picture(root / name / f"{i}.png", (200 * number, 60 * i, 30))
    return root


@pytest.mark.parametrize(
    ("make", "modality", "letter", "shape"),
    [(barks, "audio", "A", (1, 128, 56)), (photos, "image", "V", (3, 24, 24))],
)
def test_a_folder_of_either_alone_is_prepared(
    tmp_path: Path, make: object, modality: str, letter: str, shape: tuple[int, ...]
) -> None:
    root = make(tmp_path / "files")  # type: ignore[operator]
    prepared = prepare(Folder(root=root), out=tmp_path / "out", recipe=RECIPE, modality=[modality], workers=1)
    clips = prepared.clips()
    assert prepared.rejected == []
    assert prepared.warnings == ()
    assert label(prepared.modalities) == letter
    assert prepared.recipe.tracks == (modality,)
    assert clips.shapes == {modality: shape}
    assert list(clips.statistics) == [modality]
    assert len(clips) + len(prepared.clips("test")) == 6
    raw = clips.originals(torch.tensor([0]))[0]
    assert list(raw.shapes) == [{"audio": "waveform", "image": "frames"}[modality]]
    made = torch.from_numpy(prepared.modalities[modality].array(raw))
    assert torch.equal(clips.array(modality, torch.tensor([0]))[0], made)
    again = prepare(Folder(root=root), out=tmp_path / "out", recipe=RECIPE, modality=[modality])
    assert again.fingerprint == prepared.fingerprint


@pytest.mark.parametrize(
    ("make", "wanted", "told"),
    [
        (barks, None, r"no_picture_track\).*no picture\. Prepare their sound alone with --modality audio"),
        (barks, ["image"], r"no_picture_track\).*no picture\. Prepare their sound alone with --modality audio"),
        (photos, None, r"no_audio_track\).*no sound\. Prepare their pictures alone with --modality image"),
        (photos, ["audio"], r"no_audio_track\).*no sound\. Prepare their pictures alone with --modality image"),
    ],
)
def test_what_files_lack_is_told_with_what_to_ask_for(
    tmp_path: Path, make: object, wanted: list[str] | None, told: str
) -> None:
    root = make(tmp_path / "files")  # type: ignore[operator]
    with pytest.raises(InputError, match=told):
        prepare(Folder(root=root), out=tmp_path / "out", recipe=RECIPE, modality=wanted, workers=1)


def test_unknown_modalities_are_refused_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'audio'"):
        prepare(Folder(root=barks(tmp_path / "files")), out=tmp_path / "out", recipe=RECIPE, modality=["adio"])
    with pytest.raises(InputError, match="named once each"):
        prepare(Folder(root=tmp_path / "files"), out=tmp_path / "out", recipe=RECIPE, modality=[])
    assert not (tmp_path / "out").exists()


def test_a_folder_prepared_for_other_modalities_is_refused(tmp_path: Path) -> None:
    dataset = Folder(root=barks(tmp_path / "files"))
    prepare(dataset, out=tmp_path / "out", recipe=RECIPE, modality=["audio"], workers=1)
    with pytest.raises(FingerprintError, match=r"holds clips prepared as audio\. Choose another"):
        prepare(dataset, out=tmp_path / "out", recipe=RECIPE)
    assert list(Prepared.open(tmp_path / "out").modalities) == ["audio"]


def test_one_picture_in_two_splits_is_told(tmp_path: Path) -> None:
    root = photos(tmp_path / "all")
    for split in ("train", "test"):
        for name in ("dog", "cat"):
            (tmp_path / "split" / split).mkdir(parents=True, exist_ok=True)
            (tmp_path / "split" / split / name).symlink_to(root / name)
    prepared = prepare(
        Folder(root=tmp_path / "split"), out=tmp_path / "out", recipe=RECIPE, modality=["image"], workers=1
    )
    assert [w.partition(" (")[0] for w in prepared.warnings] == ["The same image is in 'train' and 'test'"]


def test_videos_give_the_same_sound_alone_and_the_frame_of_their_middle(tmp_path: Path) -> None:
    video = layouts.video(tmp_path / "bell" / "0.mp4", 0, seconds=5)
    layouts.video(tmp_path / "drip" / "0.mp4", 1, seconds=5)
    table = layouts.table(
        tmp_path / "manifest.csv",
        [("bell/0.mp4", "bell", "train", 1, 2), ("drip/0.mp4", "drip", "test", 1, 2)],
        ["path", "label", "split", "start", "end"],
    )
    timed = Folder(root=table)
    clip = timed.clips()[0]
    both, heard, seen = (timed.read(clip.only(r.tracks), r) for r in (RECIPE, SOUND, PICTURE))
    assert np.array_equal(heard.sound, both.sound)
    assert np.array_equal(seen.picture, both.picture)
    assert heard.frame is None
    assert seen.waveform is None
    table.unlink()
    whole = Folder(root=tmp_path)
    frame = whole.read(whole.clips()[0].only(["image"]), PICTURE).picture
    assert abs(int(frame.mean()) - layouts.level(2)) < 3
    first = Folder(root=tmp_path, window="start")
    assert abs(int(first.read(first.clips()[0].only(["image"]), PICTURE).picture.mean()) - layouts.level(0)) < 3
    assert video.exists()


def test_of_files_of_one_name_that_with_the_track_is_taken(tmp_path: Path) -> None:
    for name in ("bell", "drip"):
        layouts.sound(tmp_path / name / "0.wav", [layouts.tone(500, 1.0)])
        layouts.picture(tmp_path / name / "0.png", (9, 9, 9))
        layouts.video(tmp_path / name / "1.mp4")
        layouts.picture(tmp_path / name / "1.png", (9, 9, 9))
    dataset = Folder(root=tmp_path)
    for recipe, ending in ((SOUND, "wav"), (PICTURE, "png")):
        found = [c.id for c in dataset.clips_for(recipe)]
        assert found == [f"bell/0.{ending}", "bell/1.mp4", f"drip/0.{ending}", "drip/1.mp4"]


def test_pairs_may_be_read_by_halves(tmp_path: Path) -> None:
    dataset = Paired(**layouts.paired(tmp_path / "files"))
    both, sound = (
        prepare(dataset, out=tmp_path / name, recipe=RECIPE, modality=names, workers=1)
        for name, names in (("both", None), ("sound", ["audio"]))
    )
    assert sound.clips().ids == both.clips().ids
    assert torch.equal(sound.clips().array("audio"), both.clips().array("audio"))
    table = json.dumps(sound.summary())
    assert "image" not in json.loads(table)["units"]
    raw = dataset.read(dataset.clips()[0].only(["image"]), PICTURE)
    assert raw.shapes == RawClip.blank(PICTURE).shapes
