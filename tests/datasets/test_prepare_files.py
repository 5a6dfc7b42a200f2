"""Prepare on real media files: whole, rotten, and several clips of one file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from tests.helpers.mutate import mutated_files, whole_files

from limbeck.datasets import ClipRef, Dataset, prepare
from limbeck.errors import MediaError
from limbeck.media import ClipRecipe, RawClip, log_mel, read_clip, write_video

RECIPE = ClipRecipe(image_size=32)


class Files(Dataset):
    """Some files, cut into clips; classes take turns."""

    title: ClassVar[str] = "Files"
    licence: ClassVar[str] = "CC0"
    citation: ClassVar[str] = ""

    def __init__(self, files: Sequence[Path], seconds: Sequence[float] = (0.0,)) -> None:
        self.files = list(files)
        self.seconds = list(seconds)

    def clips(self) -> Sequence[ClipRef]:
        return [
            ClipRef(id=f"{f.name}@{s}", label="ab"[i % 2], split="train", audio=f, image=f, start_s=s, length_s=1.0)
            for i, f in enumerate(self.files)
            for s in self.seconds
        ]


@pytest.mark.slow
def test_clips_of_videos_are_what_one_by_one_reading_gives(tmp_path: Path) -> None:
    files = [tmp_path / "videos" / f"{i}.mp4" for i in range(3)]
    for i, file in enumerate(files):
        draw = np.random.default_rng(i)
        scene = draw.integers(0, 256, (48, 64, 3), dtype=np.uint8)
        sound = draw.uniform(-0.5, 0.5, (1, 64000)).astype(np.float32)
        moved = (np.roll(scene, step, axis=1) for step in range(40))
        write_video(file, moved, fps=10, waveform=sound, sample_rate_hz=16000)
    dataset = Files(files, [0.0, 1.0, 2.0, 3.0, 4.0])
    prepared = prepare(dataset, out=tmp_path / "out", recipe=RECIPE, workers=2)
    audio, frames = prepared.clips().array("audio"), prepared.clips().array("image")
    row = 0
    for clip in dataset.clips():
        raw = _read(clip)
        if isinstance(raw, RawClip):
            assert prepared.clips().ids[row] == clip.id
            assert torch.equal(audio[row, 0], log_mel(torch.from_numpy(raw.sound), RECIPE.mel))
            assert np.array_equal(frames[row].permute(1, 2, 0).numpy(), raw.picture)
            row += 1
    assert row == len(audio) == 12
    assert [(r["source"], r["reason"]) for r in prepared.rejected] == [(f"{i}.mp4", "beyond_end") for i in range(3)]
    assert str(tmp_path) not in prepared.rejected[0]["detail"]


@pytest.mark.slow
def test_three_hundred_broken_files(tmp_path: Path) -> None:
    """None is fatal, and each is listed with a reason or decoded as reading it alone decodes it."""
    whole = [f for f in whole_files(tmp_path / "media" / "whole") if f.suffix == ".mp4"]
    dataset = Files([*whole, *mutated_files(tmp_path / "media" / "broken", 300)])
    prepared = prepare(dataset, out=tmp_path / "out", recipe=RECIPE, workers=2)
    rejected = {r["id"]: r for r in prepared.rejected}
    row = {clip: i for i, clip in enumerate(prepared.clips().ids)}
    frames = prepared.clips().array("image")
    assert len(rejected) + len(row) == len(dataset.clips()) == 302
    assert not {r["reason"] for r in rejected.values()} & {"crashed", "timeout", "unreadable"}
    for clip in dataset.clips():
        raw = _read(clip)
        if isinstance(raw, MediaError):
            assert rejected[clip.id]["reason"] == raw.reason
            assert len(rejected[clip.id]["detail"]) > 10
        else:
            assert np.array_equal(frames[row[clip.id]].permute(1, 2, 0).numpy(), raw.picture)
    assert len(row) > 20
    assert len({r["reason"] for r in rejected.values()}) > 4


def _read(clip: ClipRef) -> RawClip | MediaError:
    assert clip.audio is not None
    try:
        return read_clip(clip.audio, clip.image, start_s=clip.start_s, length_s=clip.length_s, recipe=RECIPE)
    except MediaError as error:
        return error
