"""What would give wrong labels, wrong sound or data of yesterday without a word."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.helpers import layouts

import limbeck
from limbeck.datasets import Samples
from limbeck.datasets._contract import ClipRef
from limbeck.datasets._many import without_one_split
from limbeck.datasets._window import chosen
from limbeck.errors import FingerprintError, InputError
from limbeck.media import ClipRecipe, MelRecipe, write_wav


class Shades(torch.utils.data.Dataset):
    """Pictures each of one grey level, and their labels."""

    def __init__(self, levels, labels, classes) -> None:
        self.levels, self.labels, self.classes = np.array(levels, np.uint8), labels, classes

    def __len__(self) -> int:
        return len(self.levels)

    def __getitem__(self, index):
        return np.full((16, 16, 3), self.levels[index], np.uint8), self.labels[index]


class Cabinet(torch.utils.data.Dataset):
    """Pictures in a dict, others in their places, those that were asked for, and how often that was."""

    def __init__(self, pixels, others=None) -> None:
        self.drawers, self.others, self.known, self.counts = {"pictures": pixels}, others or {}, {}, {"asked": 0}

    def __len__(self) -> int:
        return len(self.drawers["pictures"])

    def __getitem__(self, index):
        self.counts["asked"] += 1
        if index not in self.known:
            self.known[index] = self.others.get(index, self.drawers["pictures"][index])
        return self.known[index], index % 2


class Column:
    """A column as pandas has them: asked by what rows are called, which a shuffle leaves with the rows."""

    def __init__(self, values, names) -> None:
        self.values, self.names, self.iloc = values, names, values

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, name):
        return self.values[self.names.index(name)]

    def to_numpy(self):
        return np.array(self.values)


def test_splits_that_number_other_classes_are_refused():
    train, test = Shades([0, 50, 90], [0, 1, 2], ["cat", "cow", "dog"]), Shades([0, 90], [0, 1], ["cat", "dog"])
    with pytest.raises(InputError, match="splits number other classes"):
        Samples({"train": train, "test": test})
    assert Samples({"train": train, "test": train}).classes == ("cat", "cow", "dog")


def test_columns_are_read_by_place():
    shuffled = Column(["dark", "light", "dark", "light"], [3, 0, 2, 1])
    pixels = np.stack([np.full((16, 16, 3), level, np.uint8) for level in (0, 200, 10, 210)])
    for made in (Samples({"image": pixels, "label": shuffled}), Samples([*pixels], labels=shuffled)):
        assert [ref.label for ref in made.clips()] == ["dark", "light", "dark", "light"]


def test_official_splits_stay_where_a_file_names_none():
    refs = [ClipRef(id=str(i), label="a", split=split) for i, split in enumerate(["train", "test", ""])]
    assert [ref.split for ref in without_one_split(refs)] == ["train", "test", ""], "who divides them refuses that"
    assert {ref.split for ref in without_one_split([refs[0], refs[2]])} == {""}


def test_other_rates_windows_and_rows_are_other_data():
    wave = np.sin(np.arange(22000) / 5).astype(np.float32)
    some = [(wave, "a"), (wave, "b")]
    assert Samples(some, rate_hz=16000).content() != Samples(some, rate_hz=8000).content()
    assert Samples(some, rate_hz=8000).content() != Samples(some, rate_hz=8000, window="start").content()
    shades = Shades(range(20), [0, 1] * 10, ["dark", "light"])
    chosen = [torch.utils.data.Subset(shades, rows) for rows in ([0, 1, 2, 19], [0, 3, 4, 19])]
    assert Samples(chosen[0]).content() != Samples(chosen[1]).content()


def test_a_waveform_keeps_its_own_rate_where_labels_come_apart(tmp_path):
    time = np.arange(16000) / 16000
    some = [(np.sin(2 * np.pi * 2000 * time).astype(np.float32), 16000)] * 10
    labels = ["low", "high"] * 5
    made = [
        limbeck.prepare(source, out=tmp_path / name, progress=False, workers=1, **options)
        for name, source, options in (
            ("apart", some, {"labels": labels, "rate_hz": 8000}),
            ("together", [{"audio": x, "rate_hz": r, "label": y} for (x, r), y in zip(some, labels, strict=True)], {}),
        )
    ]
    first, second = (data.clips("train").array("audio", torch.tensor([0])) for data in made)
    assert torch.equal(first, second)


def test_arrays_in_dicts_are_data_and_what_fills_while_items_are_read_is_none(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (10, 16, 16, 3), dtype=np.uint8)
    changed = pixels.copy()
    changed[4] = 0
    some, same = Cabinet(pixels), Cabinet(pixels.copy())
    content = Samples(some).content()
    assert Samples(same).content() == content
    for other in (Cabinet(changed), Cabinet(pixels, {4: changed[4]})):
        assert Samples(other).content() != content
        rows = [[0, 4, 9]] * 2
        assert (
            len({Samples(torch.utils.data.Subset(x, r)).content() for x, r in zip((other, same), rows, strict=True)})
            == 2
        )
    known = dict(enumerate(picture for picture, _ in (some[i] for i in range(10))))
    assert Samples(some).content() == content, "what was asked for before does not matter"
    assert {i: id(picture) for i, picture in some.known.items()} == {i: id(picture) for i, picture in known.items()}
    for _ in range(2):
        limbeck.prepare(some, out=tmp_path / "out", progress=False, workers=1)
    some.drawers["pictures"] = changed
    with pytest.raises(FingerprintError, match="other clips"):
        limbeck.prepare(some, out=tmp_path / "out", progress=False, workers=1)


@pytest.mark.parametrize("sound", ["array", "file"])
@pytest.mark.parametrize("picture", ["array", "file"])
def test_frames_are_of_the_part_of_the_sound_that_is_taken(tmp_path, sound, picture):
    wave = np.concatenate([layouts.tone(500, 1.0, 0.3 if second == 4 else 0.01) for second in range(6)])
    frames = np.stack([np.full((32, 32, 3), layouts.level(second), np.uint8) for second in range(6)])
    sounds = {"array": (wave, layouts.RATE_HZ), "file": layouts.sound(tmp_path / "tone.wav", [wave])}
    pictures = {"array": frames, "file": layouts.video(tmp_path / "steps.mp4", seconds=6)}
    some = Samples([{"audio": sounds[sound], "video": pictures[picture], "label": i % 2} for i in range(4)])
    raw = some.read(some.clips()[0], ClipRecipe(image_size=32, times=(0.1, 0.9)))
    assert raw.repairs[0] == "longer than a clip: its loudest part is taken, 1 of 6 s, from 4.00 s"
    assert np.abs(raw.frames.mean((1, 2, 3)) - layouts.level(4)).max() < 3
    whole = some.read(some.clips()[0], ClipRecipe(mel=MelRecipe(clip_seconds=6.0), image_size=32, times=(0.08, 0.92)))
    assert np.abs(whole.frames.mean((1, 2, 3)) - [layouts.level(0), layouts.level(5)]).max() < 3


def test_channels_that_cancel_out_are_searched_in_arrays_as_in_files(tmp_path):
    noise = np.random.default_rng(0).normal(0, 0.005, (2, 3 * layouts.RATE_HZ)).astype(np.float32)
    noise[:, layouts.RATE_HZ : 2 * layouts.RATE_HZ] += np.array([[1], [-1]]) * layouts.tone(500, 1.0)
    write_wav(tmp_path / "opposite.wav", noise, layouts.RATE_HZ)
    some = Samples([((noise, layouts.RATE_HZ), 0), (tmp_path / "opposite.wav", 1)] * 2)
    array, file = (some.read(clip, ClipRecipe(tracks=("audio",))) for clip in some.clips()[:2])
    assert array.repairs[0] == file.repairs[0] == "longer than a clip: its loudest part is taken, 1 of 3 s, from 1.00 s"
    assert array.repairs == file.repairs
    assert np.corrcoef(array.sound, file.sound)[0, 1] > 0.95, "but for a sample that they begin apart"


def test_a_file_that_is_written_anew_is_searched_anew(tmp_path):
    found = []
    for loud in (3, 1):
        parts = [layouts.tone(500, 1.0, 0.3 if second == loud else 0.01) for second in range(5)]
        path = layouts.sound(tmp_path / "tone.wav", parts)
        found.append(chosen("loudest", path, 0.0, None, MelRecipe())[0])
    assert found == pytest.approx([3, 1], abs=0.01)


def test_numbers_that_are_written_as_words_count():
    pixels = np.random.default_rng(0).integers(0, 256, (6, 16, 16, 3), dtype=np.uint8)

    def labels(classes):
        refs = Samples(list(pixels), labels=["0", "1", "01", "2", "dog", "-1"], classes=classes).clips()
        return [ref.label if ref.refused is None else ref.refused[0] for ref in refs]

    assert labels("cat,dog") == ["cat", "dog", "dog", "bad_label", "dog", "bad_label"]
    assert labels("1,2") == ["bad_label", "1", "bad_label", "2", "bad_label", "bad_label"], "called by numbers"
