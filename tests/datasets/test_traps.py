"""What would give wrong labels, wrong sound or data of yesterday without a word."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import limbeck
from limbeck.datasets import Samples
from limbeck.datasets._contract import ClipRef
from limbeck.datasets._many import without_one_split
from limbeck.errors import InputError


class Shades(torch.utils.data.Dataset):
    """Pictures each of one grey level, and their labels."""

    def __init__(self, levels, labels, classes) -> None:
        self.levels, self.labels, self.classes = np.array(levels, np.uint8), labels, classes

    def __len__(self) -> int:
        return len(self.levels)

    def __getitem__(self, index):
        return np.full((16, 16, 3), self.levels[index], np.uint8), self.labels[index]


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
