"""Pages of videos and of sounds in segments: what moves, when, and together with what."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.media import ClipRecipe, MelRecipe
from limbeck.modalities import bound
from limbeck.report import distilled_page

Make = Callable[..., DistilledSet]
FRAMES, SIZE, SECONDS = 4, 24, 0.5
FILM = """film => {
    const [own, strip] = [film, film.firstElementChild].map(e => e.getBoundingClientRect());
    return [(own.left - strip.left) / own.width, strip.width / own.width]; }"""


@pytest.fixture(scope="module")
def clips() -> LabelledClips:
    """Frames that grow brighter one by one, with noise for sound, in segments and whole."""
    mel = MelRecipe(sample_rate_hz=8000, clip_seconds=SECONDS, mels=32)
    recipe = ClipRecipe(image_size=SIZE, mel=mel, frames=FRAMES, segments=2)
    kinds, draw = bound(["audio", "segments", "video"], recipe), torch.Generator().manual_seed(3)
    bright = 60 * torch.arange(FRAMES).view(-1, 1, 1, 1) + torch.randint(0, 30, (8, 1, 3, SIZE, SIZE), generator=draw)
    arrays = {name: 10 * torch.randn(8, *kinds[name].shape, generator=draw) for name in ("audio", "segments")}
    arrays["video"] = bright.to(torch.uint8)
    return LabelledClips.from_arrays(arrays, torch.arange(8) // 4, ("up", "down"), recipe=recipe, name="toy")


@pytest.fixture(params=["no-preference", "reduce"])
def opened(browser: Any, clips: LabelledClips, make_set: Make, tmp_path: Path, request: Any) -> Iterator[Any]:
    """A page of 2 x 2 videos with their sounds, for readers who like motion and for those who do not."""
    seen = clips.seen_by(["audio", "video"])
    index = distilled_page.write(make_set(seen, per_class=1, hold="mosaic:2"), tmp_path, clips=seen)
    page = browser.new_page(reduced_motion=request.param)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(index.as_uri())
    yield page, request.param == "reduce"
    page.close()
    assert complaints == []


def test_videos_move_unless_the_reader_asks_for_calm_and_stop_and_go_on_demand(opened: Any) -> None:
    page, calm = opened
    states = "[...new Set(document.getAnimations().map(a => a.playState))]"
    assert page.evaluate("document.querySelectorAll('.film').length") == 2 * 4 * 3  # classes, cells, sides
    assert page.evaluate(states) == ["paused" if calm else "running"]
    page.set_checked("#moving", calm)
    assert page.evaluate(states) == ["running" if calm else "paused"]


def test_every_frame_is_shown_for_an_equal_part_of_the_clip(opened: Any) -> None:
    page, _ = opened
    page.set_checked("#moving", False)
    for frame in range(FRAMES):
        at = 1000 * SECONDS * (frame + 0.5) / FRAMES
        page.evaluate(f"document.getAnimations().forEach(a => {{ a.currentTime = {at}; }})")
        for shown, wide in page.evaluate(f"[...document.querySelectorAll('.film')].map({FILM})"):
            assert (shown, wide) == pytest.approx((frame, FRAMES), abs=0.01)


def test_a_video_moves_with_the_sound_beside_it_and_no_other_does(opened: Any) -> None:
    page, _ = opened
    page.set_checked("#moving", False)
    page.evaluate(
        """() => { document.getAnimations().forEach(a => { a.currentTime = 0; });
            window.heard = new Promise(ok => sound.addEventListener('ended', () => setTimeout(ok, 50)));
            document.querySelectorAll('.face')[1].querySelectorAll('.sound')[2].click(); }"""
    )
    page.evaluate("window.heard")
    end = page.evaluate("[...document.querySelectorAll('.film img')].map(f => f.getAnimations()[0].currentTime)")
    # How far it came is left open: a busy machine draws few frames of so short a sound.
    assert [i for i, time in enumerate(end) if time > 0] == [4 + 2]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("hold", "told", "made"),
    [
        ("plain", "Of every stored sample", FRAMES),
        ("keyframes:2", "are filled in", FRAMES),
        ("mosaic:segments=1x4,video=2x2x1", "holds 4 cells", FRAMES // 2),
        ("frequencies:2", "is nothing to look at", FRAMES),
    ],
)
def test_frames_of_all_sides_are_there(
    clips: LabelledClips, make_set: Make, tmp_path: Path, hold: str, told: str, made: int
) -> None:
    """Cells that are cut in time have fewer frames than clips; what is not stored is filled in."""
    seen = clips.seen_by(["segments", "video"])
    text = distilled_page.write(make_set(seen, per_class=1, hold=hold), tmp_path, clips=seen).read_text("utf-8")
    assert told in text
    for side, frames in (("distilled", made), ("start", made), ("real", FRAMES)):
        faces = [part.partition("</figure>")[0] for part in text.split(f'data-part="{side}"')[1:]]
        assert len(faces) == (4 if hold == "frequencies:2" else 2)
        for face in faces:
            films = re.findall(r'class="film" style="--frames: (\d+)"', face)
            assert films == [str(frames)] * face.count('class="sound"') != []
    assert {*re.findall(r"--seconds: ([\d.]+); --parts: (\d+)", text)} == {("0.5", "1"), ("0.5", "2")}


def test_pictures_and_sounds_alone_have_no_switch(clips: LabelledClips, make_set: Make, tmp_path: Path) -> None:
    seen = clips.seen_by(["audio"])
    text = distilled_page.write(make_set(seen, per_class=1), tmp_path, clips=seen).read_text("utf-8")
    assert 'id="moving"' not in text
    assert 'class="film"' not in text
