"""One track alone: the other need not be there, is not looked at, and changes nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.helpers import layouts

from limbeck.errors import MediaError
from limbeck.media import ClipRecipe, read_clip, read_clips

BOTH = ClipRecipe(image_size=24)
SOUND, PICTURE = (BOTH.model_copy(update={"tracks": (track,)}) for track in ("audio", "image"))


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five seconds, each brighter than the last."""
    return layouts.video(tmp_path_factory.mktemp("tracks") / "a.mp4", seconds=5)


@pytest.mark.parametrize(("start_s", "length_s"), [(0.0, 1.0), (1.3, 0.6), (2.0, 9.0), (4.5, 0.5)])
def test_of_a_segment_sound_and_frame_are_those_of_both(video: Path, start_s: float, length_s: float) -> None:
    both, sound, picture = (
        read_clip(video, video, start_s=start_s, length_s=length_s, recipe=recipe) for recipe in (BOTH, SOUND, PICTURE)
    )
    assert np.array_equal(sound.sound, both.sound)
    assert np.array_equal(picture.picture, both.picture)
    assert sound.frame is None
    assert picture.waveform is None
    assert sorted((*sound.repairs, *picture.repairs)) == sorted(both.repairs)


def test_without_an_end_the_frame_is_in_the_middle_of_what_is_kept(video: Path) -> None:
    shown = [int(read_clip(None, video, start_s=s, recipe=PICTURE).picture.mean()) for s in (1.0, 3.0, 4.9)]
    np.testing.assert_allclose(shown, [layouts.level(s) for s in (1, 3, 4)], atol=3)
    with pytest.raises(MediaError, match=r"The picture ends at 5\.00 s"):
        read_clip(None, video, start_s=6.0, recipe=PICTURE)


@pytest.mark.parametrize("ending", ["jpg", "png", "gif", "webp"])
def test_a_still_has_no_time(tmp_path: Path, ending: str) -> None:
    Image.new("RGB", (40, 30), (180, 90, 40)).save(tmp_path / f"a.{ending}")
    raw = read_clip(None, tmp_path / f"a.{ending}", recipe=PICTURE)
    np.testing.assert_allclose(raw.picture[10, 10], (180, 90, 40), atol=4)
    assert raw.repairs == ()
    several = read_clips(tmp_path / f"a.{ending}", [(0.0, None), (0.0, 1.0)], recipe=PICTURE)
    assert all(not isinstance(one, MediaError) and np.array_equal(one.picture, raw.picture) for one in several)


@pytest.mark.parametrize(("recipe", "reason"), [(SOUND, "no_audio_track"), (PICTURE, "no_picture_track")])
def test_a_file_without_the_track_is_refused(tmp_path: Path, recipe: ClipRecipe, reason: str) -> None:
    sound = layouts.sound(tmp_path / "a.wav", [layouts.tone(500, 1.0)])
    picture = layouts.picture(tmp_path / "a.png", (9, 9, 9))
    files = {"no_audio_track": picture, "no_picture_track": sound}
    with pytest.raises(MediaError) as refused:
        read_clip(files[reason], files[reason], recipe=recipe)
    assert refused.value.reason == reason
    with pytest.raises(MediaError) as unnamed:
        read_clip(None, None, recipe=recipe)
    assert unnamed.value.reason == reason
    (told,) = read_clips(files[reason], [(0.0, 1.0)], recipe=recipe)
    assert isinstance(told, MediaError)
    assert told.reason == reason


def test_the_other_file_is_not_opened(tmp_path: Path, video: Path) -> None:
    absent = tmp_path / "absent.mp4"
    assert read_clip(video, absent, recipe=SOUND).shapes == {"waveform": (11000,)}
    assert read_clip(absent, video, recipe=PICTURE).shapes == {"frames": (1, 24, 24, 3)}
