"""Several frames of a clip: the nearest to each time, in one pass, by the rules of one frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from limbeck.errors import MediaError
from limbeck.media import ClipRecipe, MelRecipe, RawClip, even_times, read_clip, write_video
from limbeck.media._container import Media

PICTURE = ClipRecipe(tracks=("image",), image_size=32)


def level(i: int) -> int:
    return 20 + 67 * i % 199


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight seconds at 12.5 frames a second, frame i grey of `level` i, in one group of pictures."""
    path = tmp_path_factory.mktemp("frames") / "a.mp4"
    frames = (np.full((32, 32, 3), level(i), np.uint8) for i in range(100))
    write_video(path, frames, fps=12.5, waveform=np.zeros((1, 8 * 8000), np.float32), sample_rate_hz=8000)
    return path


def recipe(*times: float, seconds: float = 1.0) -> ClipRecipe:
    return ClipRecipe(tracks=("image",), image_size=32, times=times, mel=MelRecipe(clip_seconds=seconds))


def shows(clip: RawClip, *indices: int) -> bool:
    """Whether the clip has these frames of the video, whose neighbours look quite otherwise."""
    assert clip.frames is not None
    assert len(clip.frames) == len(indices)
    gaps = [abs(float(f.mean()) - level(i)) for f, i in zip(clip.frames, indices, strict=True)]
    return max(gaps) <= 2


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """From where a picture track was read, each time that it was."""
    seen: list[float] = []
    read: Callable[..., tuple[bool, Iterator[object]]] = Media.frames

    def frames(self: Media, kind: str, from_s: float, *rest: object, **more: object) -> tuple[bool, Iterator[object]]:
        seen.extend([from_s] if kind == "picture" else [])
        return read(self, kind, from_s, *rest, **more)

    monkeypatch.setattr(Media, "frames", frames)
    return seen


def test_frames_are_the_nearest_to_their_times_and_are_read_in_one_pass(video: Path, passes: list[float]) -> None:
    clip = read_clip(None, video, start_s=1.0, length_s=1.0, recipe=recipe(*even_times(4)))
    assert shows(clip, 14, 17, 20, 23)  # 1.12 s for 1.125, 1.36 for 1.375, 1.60 for 1.625, 1.84 for 1.875
    assert clip.repairs == ()
    assert passes == [1.125]


def test_each_is_the_frame_that_is_read_alone(video: Path) -> None:
    times = (0.0, 0.11, 0.5, 0.52, 0.9, 1.0)
    for start_s in (0.0, 2.33, 6.9):
        clip = read_clip(None, video, start_s=start_s, length_s=1.0, recipe=recipe(*times))
        for frame, part in zip(clip.pictures(len(times)), times, strict=True):
            alone = read_clip(None, video, start_s=start_s, length_s=1.0, recipe=recipe(part))
            assert np.array_equal(frame, alone.picture)


def test_one_frame_is_that_in_the_middle(video: Path) -> None:
    clip = read_clip(None, video, start_s=3.0, length_s=1.0, recipe=PICTURE)
    assert clip.shapes == {"frames": (1, 32, 32, 3)}
    assert shows(clip, 44)


def test_times_far_apart_are_sought(video: Path, passes: list[float]) -> None:
    clip = read_clip(None, video, start_s=0.0, length_s=8.0, recipe=recipe(0.0, 0.1, 0.95, seconds=8.0))
    assert shows(clip, 0, 10, 95)
    assert passes == [0.0, pytest.approx(7.6)]


def test_a_picture_that_ends_early_stays(video: Path) -> None:
    clip = read_clip(None, video, start_s=7.5, length_s=1.0, recipe=recipe(*even_times(4)))
    assert shows(clip, 95, 98, 99, 99)
    assert clip.repairs == ("the picture ended 0.38 s before the wanted time: last frame used",)
    with pytest.raises(MediaError, match="The picture ends at"):
        read_clip(None, video, start_s=9.0, length_s=1.0, recipe=recipe(*even_times(4)))


def test_a_still_is_shown_at_all_times(tmp_path: Path) -> None:
    Image.new("RGB", (20, 20), (10, 20, 200)).save(tmp_path / "a.png")
    clip = read_clip(None, tmp_path / "a.png", recipe=recipe(*even_times(3)))
    assert clip.repairs == ()
    assert clip.shapes == {"frames": (3, 32, 32, 3)}
    assert (clip.frames == clip.picture).all()


def test_what_was_mended_is_told_once(tmp_path: Path) -> None:
    frame, sound = np.full((32, 32, 3), level(0), np.uint8), np.zeros((1, 8000), np.float32)
    write_video(tmp_path / "a.mp4", [frame], fps=25, waveform=sound, sample_rate_hz=8000)
    clip = read_clip(None, tmp_path / "a.mp4", start_s=0.0, length_s=1.0, recipe=recipe(*even_times(8)))
    assert shows(clip, *[0] * 8)
    assert clip.repairs == ("the picture track has one frame only: used for the whole clip",)


def test_a_given_time_is_that_of_all(video: Path) -> None:
    clip = read_clip(None, video, recipe=recipe(0.2, 0.8), frame_at_s=4.0)
    assert shows(clip, 50, 50)


@pytest.mark.parametrize("times", [(), (0.5, 0.5), (0.6, 0.4), (-0.1,), (1.1,), (float("nan"),)])
def test_times_that_make_no_sense_are_refused(times: tuple[float, ...]) -> None:
    for name in ("times", "frames"):
        with pytest.raises(ValueError, match=name):
            ClipRecipe(**{name: times})
