"""Limbeck's own exports come back as the set they were made of."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.exports.conftest import SEEN, small_set

import limbeck
from limbeck import exports
from limbeck.distilled import DistilledSet
from limbeck.errors import InputError
from limbeck.media import ClipRecipe, MelRecipe
from limbeck.modalities import Scale, bound
from limbeck.modalities.image import PUBLISHED
from limbeck.parameterisations import parse
from limbeck.storage import Form
from limbeck.testing._shared import same

NAMES = exports.names()


def soft(made: DistilledSet) -> DistilledSet:
    draw = torch.Generator().manual_seed(0)
    return replace(made, soft_labels=torch.rand(len(made), len(made.classes), generator=draw).softmax(1))


def started(made: DistilledSet) -> DistilledSet:
    return replace(made, start={name: x + 1 for name, x in made.tensors.items()})


def of_frames(hold: str) -> DistilledSet:
    """Videos of four frames, with sound in two segments."""
    mel = MelRecipe(sample_rate_hz=4000, clip_seconds=0.5, mels=16, fft_samples=256, hop_samples=64)
    kinds = bound(["segments", "video"], ClipRecipe(image_size=8, mel=mel, frames=4, segments=2))
    draw, held = torch.Generator().manual_seed(2), parse(hold)
    samples = {name: torch.randn(3 * held.cells, *kind.shape, generator=draw) for name, kind in kinds.items()}
    return DistilledSet(
        tensors=held.start(samples, kinds), labels=torch.arange(3), classes=("a", "b", "c"), hold=held,
        modalities=kinds, scales={"segments": Scale(mean=(-30.0,), std=(12.0,)), "video": PUBLISHED}, provenance={},
    )  # fmt: skip


SETS: dict[str, Callable[[], DistilledSet]] = {
    "plain": lambda: small_set(hold="plain"),
    "plain, soft": lambda: soft(small_set(hold="plain")),
    "mosaic": small_set,
    "mosaic, soft, with its start": lambda: started(soft(small_set())),
    "frequencies": lambda: small_set(hold="frequencies:4"),
    "uint8": lambda: small_set().stored_as(Form(name="uint8").build()),
    "frames": lambda: of_frames("plain"),
    "frames, mosaic": lambda: of_frames("mosaic:2"),
    "coded": lambda: small_set(hold="plain").stored_as(Form(name="coded").build()),
}


@pytest.mark.parametrize("what", [*SETS])
@pytest.mark.parametrize("name", NAMES)
def test_the_set_comes_back_whole(name: str, what: str, tmp_path: Path) -> None:
    made = SETS[what]()
    back = limbeck.import_set(exports.load(name)().write(made, tmp_path / "out"))
    assert back.fingerprint == made.fingerprint
    assert same(back.tensors, made.tensors)
    assert same(back.samples(), made.samples())
    assert torch.equal(back.targets.labels, made.targets.labels)
    assert (back.hold, back.storage, back.scales, back.recipe) == (made.hold, made.storage, made.scales, made.recipe)
    assert (back.classes, back.stored_bytes) == (made.classes, made.stored_bytes)
    assert back.provenance.items() >= made.provenance.items()
    assert back.provenance["imported"]["form"] == name
    if made.soft_labels is not None and back.soft_labels is not None:
        assert torch.equal(back.soft_labels, made.soft_labels)
    assert (back.soft_labels is None) == (made.soft_labels is None)
    assert (back.start is None) == (made.start is None)


@pytest.mark.parametrize("seen", SEEN, ids="+".join)
@pytest.mark.parametrize("name", NAMES)
def test_of_sound_or_image_alone(name: str, seen: tuple[str, ...], tmp_path: Path) -> None:
    made = small_set(hold="plain", seen=seen)
    assert limbeck.import_set(exports.load(name)().write(made, tmp_path / "out")).fingerprint == made.fingerprint


@pytest.mark.parametrize("name", NAMES)
def test_without_the_stored_set_samples_come_back_with_a_row_each(name: str, tmp_path: Path) -> None:
    made = soft(small_set())
    out = exports.load(name)().write(made, tmp_path / "out")
    shutil.rmtree(out / "stored")
    back = limbeck.import_set(out)
    apart = made.unpacked()
    assert same(back.tensors, apart.tensors)
    assert torch.equal(back.labels, apart.labels)
    assert torch.equal(back.soft_labels, apart.soft_labels)
    assert back.provenance["imported"]["notes"] == [
        "It was held as mosaic:2 and stored as float32; here each sample is a row of float32."
    ]


def test_samples_that_were_changed_are_taken_as_they_are_now(tmp_path: Path) -> None:
    made = small_set()
    out = exports.load("folder")().write(made, tmp_path / "out")
    with (out / "metadata.csv").open(newline="", encoding="utf-8") as handle:
        file = out / next(csv.DictReader(handle))["image"]
    np.save(file, np.load(file) + np.float32(0.5))
    back = limbeck.import_set(out)
    wanted = made.unpacked().tensors["image"]
    changed = (back.tensors["image"] - wanted).abs().flatten(1).amax(1) > 0.4
    assert int(changed.sum()) == 1
    assert str(back.hold) == "plain"


def test_samples_that_were_taken_out_are_told(tmp_path: Path) -> None:
    out = exports.load("folder")().write(small_set(hold="plain"), tmp_path / "out")
    with (out / "metadata.csv").open(newline="", encoding="utf-8") as handle:
        rows = [*csv.DictReader(handle)]
    with (out / "metadata.csv").open("w", newline="", encoding="utf-8") as handle:
        table = csv.DictWriter(handle, [*rows[0]], lineterminator="\n")
        table.writeheader()
        table.writerows(rows[1:])
    back = limbeck.import_set(out)
    assert len(back) == 5
    assert "The export says 6 samples, but 5 are there, which are taken." in back.provenance["imported"]["notes"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite_are_refused(name: str, value: float, tmp_path: Path) -> None:
    made = small_set(hold="plain", seen=["image"])
    made.tensors["image"][0, 0, 0, 0] = value
    out = exports.load(name)().write(made, tmp_path / "out")
    with pytest.raises(InputError, match="finite float32"):
        limbeck.import_set(out)


def test_a_table_that_names_files_elsewhere_is_refused(tmp_path: Path) -> None:
    out = exports.load("folder")().write(small_set(hold="plain"), tmp_path / "out")
    np.save(tmp_path / "secret.npy", np.zeros((3, 15, 15), np.float32))
    table = (out / "metadata.csv").read_text(encoding="utf-8")
    first = next(word for word in table.split(",") if word.startswith("image/") and word.endswith(".npy"))
    (out / "metadata.csv").write_text(table.replace(first, "../secret.npy"), encoding="utf-8")
    with pytest.raises(InputError, match="which is no file in its folder"):
        limbeck.import_set(out)


@pytest.mark.parametrize("label", ["-1", "3", "9" * 30])
def test_a_label_of_no_class_is_refused(label: str, tmp_path: Path) -> None:
    out = exports.load("folder")().write(small_set(hold="plain"), tmp_path / "out")
    with (out / "metadata.csv").open(newline="", encoding="utf-8") as handle:
        rows = [*csv.DictReader(handle)]
    rows[2]["label"] = label
    with (out / "metadata.csv").open("w", newline="", encoding="utf-8") as handle:
        table = csv.DictWriter(handle, [*rows[0]], lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    with pytest.raises(InputError, match=f"Sample 2 in .* has the label {label}, but there are 3 classes"):
        limbeck.import_set(out)


def test_an_array_whose_header_is_damaged_is_refused(tmp_path: Path) -> None:
    out = exports.load("folder")().write(small_set(hold="plain"), tmp_path / "out")
    file = next(out.glob("image/*/00000-0.npy"))
    content = bytearray(file.read_bytes())
    content[20] = 0
    content[content.index(b"}")] = ord("(")
    file.write_bytes(content)
    with pytest.raises(InputError, match="is damaged"):
        limbeck.import_set(out)


def test_an_array_that_is_a_pickle_is_refused(tmp_path: Path) -> None:
    out = exports.load("folder")().write(small_set(hold="plain"), tmp_path / "out")
    file = next(out.glob("image/*/00000-0.npy"))
    np.save(file, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match="is damaged"):
        limbeck.import_set(out)


@pytest.mark.parametrize("name", NAMES)
def test_a_description_that_is_damaged_is_refused(name: str, tmp_path: Path) -> None:
    out = exports.load(name)().write(small_set(hold="plain"), tmp_path / "out")
    file = next(out / f for f in ("config.json", "limbeck.json") if (out / f).is_file())
    whole = json.loads(file.read_text(encoding="utf-8"))
    for change in ({"scales": {"nosuch": {}}}, {"classes": 3}, {"recipe": []}, {"samples": "x"}):
        file.write_text(json.dumps(whole | change), encoding="utf-8")
        with pytest.raises(InputError):
            limbeck.import_set(out)
    file.write_text(json.dumps(whole), encoding="utf-8")
    with pytest.raises(InputError, match="says its classes and scale itself"):
        limbeck.import_set(out, mean=[0.5], std=[0.5])
