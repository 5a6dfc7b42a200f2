"""Spoken digits with handwritten digits."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits
from tests.helpers import layouts

from limbeck.datasets.av_digits import AVDigits, render_digit
from limbeck.errors import InputError
from limbeck.media import ClipRecipe

SPEAKERS = ("ann", "bob", "cyd")


def recordings(root: Path, indices: range = range(8)) -> Path:
    root.mkdir(exist_ok=True)
    for digit in range(10):
        for speaker in SPEAKERS:
            for index in indices:
                (root / f"{digit}_{speaker}_{index}.wav").write_bytes(b"x")
    (root / "README.md").write_text("x")
    (root / "10_ann_0.wav").write_bytes(b"x")
    return root


def picture(clip_id: str) -> int:
    return int(clip_id.rpartition("+")[2])


class TestClips:
    def test_official_split(self, tmp_path: Path) -> None:
        clips = AVDigits(root=recordings(tmp_path)).clips()
        assert Counter((c.label, c.split) for c in clips) == {
            (str(d), s): n for d in range(10) for s, n in (("train", 9), ("test", 15))
        }
        for c in clips:
            assert c.audio is not None
            index = int(c.audio.stem.rpartition("_")[2])
            assert c.split == ("test" if index < 5 else "train")
            assert c.audio.name.startswith(f"{c.label}_")

    def test_unseen_speaker(self, tmp_path: Path) -> None:
        clips = AVDigits(root=recordings(tmp_path), unseen_speaker="bob").clips()
        assert {c.id.split("/")[1] for c in clips if c.split == "test"} == {"bob"}
        assert {c.id.split("/")[1] for c in clips if c.split == "train"} == {"ann", "cyd"}

    def test_pictures_are_of_the_class_and_of_one_split(self, tmp_path: Path) -> None:
        clips = AVDigits(root=recordings(tmp_path, range(60)), test_fraction=0.25).clips()
        target = load_digits().target
        sides = {s: [picture(c.id) for c in clips if c.split == s] for s in ("train", "test")}
        assert all(target[picture(c.id)] == int(c.label) for c in clips)
        assert not set(sides["train"]) & set(sides["test"])
        held = {d: round(0.25 * int((target == d).sum())) for d in range(10)}
        assert len(sides["train"]) == 10 * 3 * 55
        for d in range(10):
            uses = Counter(p for p in sides["train"] if target[p] == d)
            assert len(uses) == int((target == d).sum()) - held[d]
            assert max(uses.values()) - min(uses.values()) <= 1

    def test_seed(self, tmp_path: Path) -> None:
        recordings(tmp_path)
        assert [c.id for c in AVDigits(root=tmp_path).clips()] != [
            c.id for c in AVDigits(root=tmp_path, seed=1).clips()
        ]

    def test_finds_recordings_below(self, tmp_path: Path) -> None:
        recordings(tmp_path / "recordings")
        assert len(AVDigits(root=tmp_path).clips()) == 240

    def test_mistakes_are_told(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="holds no recordings named"):
            AVDigits(root=tmp_path).clips()
        with pytest.raises(InputError, match=r"'theo', but the speakers of .* are ann, bob, cyd"):
            AVDigits(root=recordings(tmp_path), unseen_speaker="theo").clips()
        with pytest.raises(InputError, match="between 0 and 1"):
            AVDigits(root=tmp_path, test_fraction=0).clips()


class TestReading:
    def test_draws_the_digit_and_pads_the_sound(self, tmp_path: Path) -> None:
        layouts.av_digits(tmp_path)
        dataset = AVDigits(root=tmp_path)
        clip = dataset.clips()[0]
        raw = dataset.read(clip, ClipRecipe(image_size=32))
        assert raw.frame.shape == (32, 32, 3)
        assert (raw.frame == raw.frame[:, :, :1]).all()
        drawn = load_digits().images[picture(clip.id)]
        cells = raw.frame[:, :, 0].reshape(8, 4, 8, 4).mean(axis=(1, 3))
        assert np.corrcoef(cells.ravel(), drawn.ravel())[0, 1] > 0.97
        assert np.abs(raw.waveform[:4000]).max() > 0.2
        assert np.abs(raw.waveform[4800:]).max() < 0.01

    def test_own_size_is_drawn_exactly(self) -> None:
        drawn = load_digits().images[5]
        frame = render_digit(drawn, 8)
        assert (frame[:, :, 1] == np.rint(drawn * 255 / 16)).all()


@pytest.mark.data
def test_real_recordings(test_data: Path) -> None:
    dataset = AVDigits(root=test_data / "fsdd")
    clips = dataset.clips()
    assert Counter(c.split for c in clips) == {"train": 800, "test": 200}
    for clip in clips[::97]:
        raw = dataset.read(clip, ClipRecipe(image_size=16))
        assert raw.waveform.shape == (11000,)
        assert np.abs(raw.waveform).max() > 0.01
    unseen = AVDigits(root=test_data / "fsdd", unseen_speaker="lucas").clips()
    assert Counter(c.split for c in unseen) == {"train": 750, "test": 250}
