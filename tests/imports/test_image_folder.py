from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image
from tests.helpers import published_forms

import limbeck
from limbeck.errors import InputError


def test_a_rotten_image_is_left_out_and_told(tmp_path: Path) -> None:
    published = published_forms.image_folder(tmp_path / "rded")
    (published.path / "00001" / "class00001_id00000.png").write_bytes(b"no picture")
    made = limbeck.import_set(published.path)
    assert made.labels.tolist() == [0, 0, 1, 2, 2]
    told = [note for note in made.provenance["imported"]["notes"] if "left out" in note]
    assert len(told) == 1
    assert "00001/class00001_id00000.png" in told[0]


def test_folders_are_classes_by_name_or_by_number(tmp_path: Path) -> None:
    published = published_forms.image_folder(tmp_path / "rded")
    assert limbeck.import_set(published.path, classes=["cat", "dog", "owl"]).classes == ("cat", "dog", "owl")
    for number, name in enumerate(("owl", "cat", "dog")):
        (published.path / f"{number:05d}").rename(published.path / name)
    made = limbeck.import_set(published.path, classes=["owl", "cat", "dog"])
    assert torch.equal(made.tensors["image"], published.meant.tensors["image"])
    others = limbeck.import_set(published.path)
    assert others.classes == ("cat", "dog", "owl")
    with pytest.raises(InputError, match="neither their names nor their numbers"):
        limbeck.import_set(published.path, classes=["owl", "cat", "dog", "bee"][::-1][:2])


def test_mosaics_and_sizes_can_be_said(tmp_path: Path) -> None:
    published = published_forms.image_folder(tmp_path / "rded")
    assert len(limbeck.import_set(published.path, factor=2)) == 24
    assert limbeck.import_set(published.path, image_size=8).tensors["image"].shape == (6, 3, 8, 8)
    made = limbeck.import_set(published.path, mean=[0.5, 0.5, 0.5], std=[0.25, 0.25, 0.25])
    assert made.scales["image"].mean == (0.5, 0.5, 0.5)
    seen = made.arrays(made.samples())["image"]
    raw = Image.open(published.path / "00000" / "class00000_id00000.png")
    assert seen[0].permute(1, 2, 0).numpy().tobytes() == raw.tobytes()


def test_other_folders_are_no_images(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b.txt").write_text("hello")
    with pytest.raises(InputError, match="holds no images in folders of classes"):
        limbeck.import_set(tmp_path, form="image_folder")
    published = published_forms.image_folder(tmp_path / "rded")
    (published.path / "stray.png").write_bytes(next(published.path.rglob("*.png")).read_bytes())
    with pytest.raises(InputError, match="is no set in a form that can be imported"):
        limbeck.import_set(published.path)
