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
from limbeck.storage import Form

Make = Callable[..., DistilledSet]


def _rows(out: Path) -> list[dict[str, str]]:
    with open(out / "metadata.csv", encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def test_the_same_samples_come_back(tmp_path: Path, make_set: Make, seen: tuple[str, ...]) -> None:
    made = make_set(seen=seen)
    out = Folder().write(made, tmp_path / "out")
    samples, labels = made.samples(), made.targets.labels
    arrays = made.arrays(samples)
    config, rows = json.loads((out / "config.json").read_text(encoding="utf-8")), _rows(out)
    assert len(rows) == len(made)
    assert tuple(config["classes"]) == made.classes
    for i, row in enumerate(rows):
        assert (int(row["number"]), int(row["label"])) == (i, int(labels[i]))
        assert int(row["cell"]) * made.rows + int(row["row"]) == i
        assert row["class"] == made.classes[int(labels[i])]
        for m in seen:
            back = np.load(out / row[m])
            assert back.dtype == np.float32
            np.testing.assert_array_equal(back, samples[m][i].numpy())
            with Image.open(out / row[f"{m}_image"]) as image:
                shown = made.modalities[m].show(arrays[m][i : i + 1])[0].numpy()
                np.testing.assert_array_equal(np.asarray(image), shown)
        if "audio" in seen:
            waveform, rate = soundfile.read(out / row["audio_sound"])
            assert (rate, waveform.shape) == (4000, (1000,))
            assert np.abs(waveform).max() <= 1
            scale = config["scales"]["audio"]
            decibels = np.load(out / row["audio"]) * np.array(scale["std"])[:, None] + np.array(scale["mean"])[:, None]
            np.testing.assert_allclose(decibels, arrays["audio"][i].numpy(), rtol=1e-5, atol=1e-4)


def test_there_is_a_folder_for_each_modality_and_class(tmp_path: Path, make_set: Make, seen: tuple[str, ...]) -> None:
    made = make_set(("a b", "c/d"), seen=seen)
    out = Folder().write(made, tmp_path / "out")
    assert sorted(p.name for p in out.iterdir() if p.is_dir()) == sorted([*seen, "stored"])
    suffixes = {"audio": {".npy", ".png", ".wav"}, "image": {".npy", ".png"}}
    for m in seen:
        assert sorted(p.name for p in (out / m).iterdir()) == ["000-a-b", "001-c-d"]
        assert {p.suffix for p in (out / m).rglob("*") if p.is_file()} == suffixes[m]
    columns = {
        "audio": ["audio", "audio_image", "audio_sound"],
        "image": ["image", "image_clipped", "image_image"],
    }
    known = {"number", "row", "cell", "label", "class", "soft_label"}
    assert sorted({*_rows(out)[0]} - known) == sorted(c for m in seen for c in columns[m])


def test_clipped_share_by_counting(tmp_path: Path, make_set: Make) -> None:
    made = make_set(hold="plain")
    out = Folder().write(made, tmp_path / "out")
    scale = made.scales["image"]
    mean, sd = (np.array(v)[:, None, None] for v in (scale.mean, scale.std))
    unit = made.tensors["image"].double().numpy() * sd + mean
    counted = ((unit * 255 < -0.505) | (unit * 255 > 255.505)).mean((1, 2, 3))
    told = [float(row["image_clipped"]) for row in _rows(out)]
    assert counted.max() > 0.02
    assert told == pytest.approx(counted, abs=3e-3)
    legal = made.stored_as(Form(name="uint8").build())
    assert {row["image_clipped"] for row in _rows(Folder().write(legal, tmp_path / "legal"))} == {"0"}
