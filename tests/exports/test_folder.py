from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from limbeck.distilled import DistilledSet
from limbeck.exports.folder import Folder


def test_comes_back_within_the_stated_errors(tmp_path: Path, make_set: Callable[..., DistilledSet]) -> None:
    made = make_set()
    out = Folder().write(made, tmp_path / "out")
    audio, image, labels = made.training_pairs()
    decibels, pixels = made.scale.to_db(audio)[:, 0].numpy(), made.scale.to_pixels(image).permute(0, 2, 3, 1).numpy()
    config = json.loads((out / "config.json").read_text(encoding="utf-8"))
    with open(out / "metadata.csv", encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == len(made)
    assert tuple(config["classes"]) == made.classes
    for i, row in enumerate(rows):
        assert (int(row["number"]), int(row["label"])) == (i, int(labels[i]))
        assert row["class"] == made.classes[int(labels[i])]
        with Image.open(out / row["picture"]) as picture:
            np.testing.assert_array_equal(np.asarray(picture), pixels[i])
        with Image.open(out / row["log_mel"]) as picture:
            levels = np.asarray(picture)
        assert levels.dtype == np.uint16
        back = config["lowest_db"] + config["step_db"] * levels[::-1].astype(float)
        assert np.abs(back - decibels[i]).max() <= config["step_db"] / 2 + 1e-4
        waveform, rate = soundfile.read(out / row["sound"])
        assert (rate, waveform.shape) == (4000, (1000,))
        assert np.abs(waveform).max() <= 1


def test_clipped_share_by_counting(tmp_path: Path, make_set: Callable[..., DistilledSet]) -> None:
    made = make_set(mosaic=1)
    out = Folder().write(made, tmp_path / "out")
    mean, sd = (np.array(v)[:, None, None] for v in (made.scale.image_mean, made.scale.image_std))
    unit = made.image.double().numpy() * sd + mean
    counted = ((unit * 255 < -0.505) | (unit * 255 > 255.505)).mean((1, 2, 3))
    with open(out / "metadata.csv", encoding="utf-8", newline="") as handle:
        told = [float(r["clipped"]) for r in csv.DictReader(handle)]
    assert counted.max() > 0.02
    assert told == pytest.approx(counted, abs=3e-3)
