"""Sounds and pictures joined class by class."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.helpers import layouts

from limbeck.datasets import ClipRef
from limbeck.datasets._window import loudest_window
from limbeck.datasets.paired import Paired
from limbeck.errors import InputError, MediaError
from limbeck.media import ClipRecipe, MelRecipe

RECIPE = ClipRecipe(image_size=16)
ESC10_PHOTOS = {
    "sounds": "esc10/manifest.csv",
    "images": "photos",
    "mapping": "in_order",
    "test_sounds": "fold4",
}


def collections(root: Path, sounds: dict[str, int], images: dict[str, int]) -> Path:
    """Empty files: ``{"train/dog": 3}`` makes three."""
    for kind, counts, ending in (("sounds", sounds, "wav"), ("images", images, "png")):
        for folder, n in counts.items():
            for i in range(n):
                path = root / kind / folder / f"{i}.{ending}"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(b"x")
    return root


def even(root: Path, sounds: int = 3, images: int = 5) -> Path:
    names = [f"{s}/{c}" for s in ("train", "test") for c in ("dog", "rain")]
    return collections(root, dict.fromkeys(names, sounds), dict.fromkeys(names, images))


def parts(dataset: Paired) -> list[tuple[str, str, str]]:
    """(split, sound file, picture file) of each pair."""
    base = Path(dataset.root)
    found = []
    for c in dataset.clips():
        assert c.audio is not None
        assert c.image is not None
        sound, image = c.audio.relative_to(base / "sounds"), c.image.relative_to(base / "images")
        found.append((c.split, sound.as_posix(), image.as_posix()))
    return found


class TestJoining:
    def test_pairs_stay_within_class_and_split(self, tmp_path: Path) -> None:
        for split, sound, image in parts(Paired(root=even(tmp_path))):
            assert sound.split("/")[:2] == image.split("/")[:2]
            assert sound.startswith(split)

    def test_every_sound_once(self, tmp_path: Path) -> None:
        pairs = parts(Paired(root=even(tmp_path)))
        assert len(pairs) == 2 * 2 * 3
        assert max(Counter(s for _, s, _ in pairs).values()) == 1
        assert max(Counter(i for _, _, i in pairs).values()) == 1

    @pytest.mark.parametrize(
        ("options", "pairs"),
        [
            ({}, 3),
            ({"sound_reuse": 2}, 5),
            ({"sound_reuse": 2, "image_reuse": 2}, 6),
            ({"sound_reuse": 4, "image_reuse": 2}, 10),
            ({"image_reuse": 9}, 3),
            ({"sound_reuse": 2, "clips_per_class": 4}, 4),
            ({"clips_per_class": 1}, 1),
        ],
    )
    def test_reuse(self, tmp_path: Path, options: dict[str, int], pairs: int) -> None:
        """min(3 sounds x sound_reuse, 5 pictures x image_reuse, clips_per_class) pairs a class and split."""
        found = parts(Paired(root=even(tmp_path), **options))
        assert len(found) == 4 * pairs
        assert len(set(found)) == len(found)
        for column, most in ((1, options.get("sound_reuse", 1)), (2, options.get("image_reuse", 1))):
            uses = Counter(p[column] for p in found)
            assert max(uses.values()) <= most
        sounds = Counter(s for _, s, _ in found)
        assert max(sounds.values()) - min(sounds.values()) <= options.get("image_reuse", 1)

    def test_used_up_pairs_come_once(self, tmp_path: Path) -> None:
        names = [f"{s}/{c}" for s in ("train", "test") for c in ("dog", "rain")]
        root = collections(tmp_path, dict.fromkeys(names, 1), dict.fromkeys(names, 1))
        assert len(Paired(root=root, sound_reuse=5, image_reuse=5).clips()) == 4

    def test_seed_draws_other_pairs_of_the_same_files(self, tmp_path: Path) -> None:
        even(tmp_path, sounds=6, images=6)
        first, second = (parts(Paired(root=tmp_path, seed=s)) for s in (0, 1))
        assert first != second
        assert {s for _, s, _ in first} == {s for _, s, _ in second}

    def test_the_draw_is_not_by_order(self, tmp_path: Path) -> None:
        pairs = parts(Paired(root=even(tmp_path, sounds=20, images=20)))
        assert np.mean([s.rpartition("/")[2][:-4] == i.rpartition("/")[2][:-4] for _, s, i in pairs]) < 0.3

    def test_collections_without_splits_are_divided_apart(self, tmp_path: Path) -> None:
        collections(tmp_path, {"dog": 10, "rain": 10}, {"dog": 20, "rain": 20})
        pairs = parts(Paired(root=tmp_path, test_fraction=0.3, sound_reuse=9))
        for column in (1, 2):
            sides = [{p[column] for p in pairs if p[0] == split} for split in ("train", "test")]
            assert not sides[0] & sides[1]
        assert Counter(p[0] for p in pairs) == {"train": 28, "test": 12}

    def test_splits_only_one_side_has_are_left_out(self, tmp_path: Path) -> None:
        even(tmp_path)
        collections(tmp_path, {"val/dog": 3}, {})
        assert {p[0] for p in parts(Paired(root=tmp_path))} == {"train", "test"}


class TestMapping:
    def build(self, root: Path) -> Path:
        sounds = {f"{s}/{c}": 2 for s in ("train", "test") for c in ("bark", "drops", "siren")}
        images = {f"{s}/{c}": 2 for s in ("train", "test") for c in ("dog", "frog", "truck")}
        return collections(root, sounds, images)

    @pytest.mark.parametrize("mapping", [{"siren": "truck", "bark": "dog"}, "siren:truck, bark:dog"])
    def test_by_name(self, tmp_path: Path, mapping: Any) -> None:
        assert Paired(root=self.build(tmp_path), mapping=mapping).classes == ("bark + dog", "siren + truck")

    def test_in_order(self, tmp_path: Path) -> None:
        dataset = Paired(root=self.build(tmp_path), mapping="in_order")
        assert dataset.classes == ("bark + dog", "drops + frog", "siren + truck")

    def test_equal_names_stay_as_they_are(self, tmp_path: Path) -> None:
        assert Paired(root=even(tmp_path)).classes == ("dog", "rain")

    @pytest.mark.parametrize(
        ("options", "told"),
        [
            ({}, "on one side only: 'bark' .sounds., .* 'dog' .pictures.*mapping='in_order'"),
            ({"mapping": "bark:cat,siren:truck"}, "unknown classes: 'cat' .pictures.*pictures have dog, frog, truck"),
            ({"mapping": "bark=dog"}, "'name:name,name:name' was expected"),
            ({"mapping": "bark:dog,bark:frog"}, "each name on the left once"),
            ({"mapping": "bark:dog"}, "two classes or more"),
            ({"mapping": "in_order", "sound_reuse": 0}, "sound_reuse must be 1 or more, but is 0"),
            ({"mapping": "in_order", "clips_per_class": 0}, "clips_per_class must be 1"),
            ({"mapping": "in_order", "window": "end"}, "loudest, middle, start, but is 'end'"),
            ({"mapping": "in_order", "sounds": "nowhere"}, "nowhere should be a folder"),
        ],
    )
    def test_mistakes_are_told(self, tmp_path: Path, options: dict[str, Any], told: str) -> None:
        with pytest.raises(InputError, match=told):
            Paired(root=self.build(tmp_path), **options).clips()

    def test_unequal_numbers_in_order(self, tmp_path: Path) -> None:
        self.build(tmp_path)
        collections(tmp_path, {"train/whistle": 1}, {})
        with pytest.raises(InputError, match=r"4 classes of sounds .* and 3 of pictures"):
            Paired(root=tmp_path, mapping="in_order").clips()

    def test_a_class_without_training_pictures(self, tmp_path: Path) -> None:
        names = ["train/dog", "test/dog", "train/rain", "test/rain"]
        collections(tmp_path, dict.fromkeys(names, 1), dict.fromkeys([*names[:2], "test/rain", "train/fox"], 1))
        with pytest.raises(InputError, match="No training pair for 'rain'"):
            Paired(root=tmp_path, mapping="dog:dog,rain:rain").clips()

    def test_pictures_have_no_time(self, tmp_path: Path) -> None:
        even(tmp_path)
        layouts.table(tmp_path / "images/manifest.csv", [("train/dog/0.png", "dog", 1)], ["path", "label", "start"])
        layouts.table(
            tmp_path / "images/manifest.csv",
            [(f"{s}/{c}/0.png", c, s, 1) for s in ("train", "test") for c in ("dog", "rain")],
            ["path", "label", "split", "start"],
        )
        with pytest.raises(InputError, match="Pictures have no start and end"):
            Paired(root=tmp_path).clips()


class TestWindow:
    def frequency(self, waveform: np.ndarray) -> float:
        return float(np.argmax(np.abs(np.fft.rfft(waveform))) * 11000 / len(waveform))

    def test_loudest_by_hand_and_by_brute_force(self) -> None:
        noise = np.random.default_rng(0).normal(size=300).astype(np.float32)
        noise[200:220] *= 3
        energies = [float((noise[i : i + 40].astype(np.float64) ** 2).sum()) for i in range(300 - 40 + 1)]
        assert loudest_window(noise, 40) == int(np.argmax(energies))
        assert loudest_window(np.zeros(10, dtype=np.float32), 4) == 0
        assert loudest_window(noise, 300) == loudest_window(noise, 500) == 0

    @pytest.mark.parametrize(("window", "heard_hz"), [("loudest", 2000), ("middle", 1000), ("start", 500)])
    def test_takes_the_part_asked_for(self, tmp_path: Path, window: Any, heard_hz: int) -> None:
        """5 s: 2 s of 500 Hz, 1 s of 1000 Hz in the middle, then 2000 Hz, twice as loud."""
        for s in ("train", "test"):
            for c in ("dog", "rain"):
                tones = [layouts.tone(500, 2), layouts.tone(1000, 1), layouts.tone(2000, 2, 0.6)]
                layouts.sound(tmp_path / "sounds" / s / c / "0.wav", tones)
                layouts.picture(tmp_path / "images" / s / c / "0.png", (250, 10, 10))
        dataset = Paired(root=tmp_path, window=window)
        clip = dataset.clips()[0]
        assert f"@{window}+" in clip.id
        raw = dataset.read(clip, RECIPE)
        assert [told.partition(":")[0] for told in raw.repairs] == ["longer than a clip"]
        assert self.frequency(raw.waveform) == pytest.approx(heard_hz, abs=5)
        assert raw.frame.reshape(-1, 3).mean(axis=0) == pytest.approx([250, 10, 10], abs=3)

    def test_short_sounds_are_padded(self, tmp_path: Path) -> None:
        layouts.paired(tmp_path)
        for path in (tmp_path / "sounds").rglob("*.wav"):
            layouts.sound(path, [layouts.tone(800, 0.5)])
        dataset = Paired(root=tmp_path)
        waveform = dataset.read(dataset.clips()[0], RECIPE).waveform
        assert np.abs(waveform[:5000]).max() > 0.2
        assert np.abs(waveform[6000:]).max() < 0.01

    def test_stays_within_a_manifest_row(self, tmp_path: Path) -> None:
        layouts.paired(tmp_path)
        layouts.sound(tmp_path / "sounds/long.wav", [layouts.tone(500, 3), layouts.tone(2000, 1, 0.9)])
        rows = [("long.wav", c, s, start, start + 1.5) for c, s, start in SEGMENTS]
        layouts.table(tmp_path / "sounds/manifest.csv", rows, ["path", "label", "split", "start", "end"])
        dataset = Paired(root=tmp_path)
        for clip in dataset.clips():
            assert self.frequency(dataset.read(clip, RECIPE).waveform) == pytest.approx(500, abs=5)


SEGMENTS = [("bell", "train", 0.0), ("bell", "test", 0.5), ("drip", "train", 1.0), ("drip", "test", 1.4)]


@pytest.mark.data
class TestRecordings:
    def test_esc10_with_photos(self, test_data: Path) -> None:
        dataset = Paired(root=test_data, **ESC10_PHOTOS)
        clips = dataset.clips()
        assert Counter(c.split for c in clips) == {"train": 240, "test": 80}
        assert set(Counter((c.split, c.label) for c in clips).values()) == {24, 8}
        assert dataset.classes[3] == "dog bark + cat"
        for c in clips:
            assert c.audio is not None
            assert c.audio.name.startswith("4-") == (c.split == "test")
            assert f"photos/{c.split}/" in str(c.image)

    def test_esc10_used_again_with_other_photos(self, test_data: Path) -> None:
        clips = Paired(root=test_data, **ESC10_PHOTOS, sound_reuse=20).clips()
        assert Counter(c.split for c in clips) == {"train": 4800, "test": 1000}
        assert max(Counter(c.image for c in clips).values()) == 1

    def test_esc10_windows_hold_the_event(self, test_data: Path) -> None:
        """Many of these recordings begin or end in digital silence; the loudest window never does."""
        loudest, start = (Paired(root=test_data, **ESC10_PHOTOS, window=w) for w in ("loudest", "start"))
        recipe = ClipRecipe(mel=MelRecipe(), image_size=32)
        twins = {c.audio: c for c in start.clips()}

        def energy(dataset: Paired, clip: ClipRef) -> float:
            try:
                return float(np.square(dataset.read(clip, recipe).waveform).sum())
            except MediaError as error:
                if error.reason != "silent_audio":
                    raise
                return 0.0

        chosen = [c for c in loudest.clips() if c.label.startswith("dog bark")][:6]
        energies = [(energy(loudest, c), energy(start, twins[c.audio])) for c in chosen]
        assert all(found >= 0.99 * first for found, first in energies)
        assert any(found > 1000 * first for found, first in energies)
        assert min(found for found, _ in energies) > 1
