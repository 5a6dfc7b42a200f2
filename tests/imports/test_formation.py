"""IDC and NCFM: several images in the room of one."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from tests.helpers import published_forms
from tests.helpers.published_forms import CIFAR, images, labels, pixels
from torch import Tensor

import limbeck
from limbeck.errors import InputError
from limbeck.modalities import Scale


def cut_apart(pixels: Tensor, of: Tensor, factor: int) -> tuple[Tensor, Tensor]:
    """What the published evaluation trains on: equal squares of the image, grey where it ends, each enlarged."""
    size = pixels.shape[-1]
    side = -(-size // factor)
    canvas = torch.full((*pixels.shape[:2], side * factor, side * factor), 0.5)
    canvas[..., :size, :size] = pixels
    squares = canvas.unfold(2, side, side).unfold(3, side, side).permute(2, 3, 0, 1, 4, 5).flatten(0, 2)
    return F.interpolate(squares, (size, size), mode="bilinear"), of.repeat(factor**2)


def _sorted(x: Tensor, of: Tensor) -> Tensor:
    """Samples in an order that does not depend on how they came."""
    keys = [(label, *map(float, row[:, ::7, ::7].flatten()[:4])) for row, label in zip(x, of.tolist(), strict=True)]
    return x[sorted(range(len(x)), key=keys.__getitem__)]


@pytest.mark.parametrize("factor", [1, 2, 3, 4, 5])
def test_students_see_what_the_published_code_decodes(factor: int, tmp_path: Path) -> None:
    torch.save([pixels(3), labels(3)], tmp_path / "data.pt")
    made = limbeck.import_set(tmp_path / "data.pt", dataset="cifar10", factor=factor)
    wanted, of = cut_apart(pixels(3), labels(3), factor)
    found = CIFAR.undo(made.samples()["image"], 2)
    assert len(made) == 6 * factor**2
    torch.testing.assert_close(_sorted(found, made.targets.labels), _sorted(wanted, of), rtol=0, atol=2e-6)
    assert made.rows == (6 if 32 % factor == 0 else 6 * factor**2)
    assert any("stored bytes are counted" in note for note in made.provenance["imported"]["notes"]) == bool(32 % factor)


def test_the_factor_is_as_published_and_told(tmp_path: Path) -> None:
    published = published_forms.idc(tmp_path / "idc")
    made = limbeck.import_set(published.path)
    assert str(made.hold) == "mosaic:2"
    assert any(
        "2 x 2, as IDC's published sets; for IDC-I set factor=1" in n for n in made.provenance["imported"]["notes"]
    )
    assert str(limbeck.import_set(published.path, factor=1).hold) == "plain"
    torch.save([pixels(2, 1, size=224), labels(2, 1)], tmp_path / "data.pt")
    large = limbeck.import_set(tmp_path / "data.pt", dataset="imagenet")
    assert len(large) == 18


def test_the_two_codes_are_told_apart_by_name_alone_where_their_content_is_the_same(tmp_path: Path) -> None:
    published = published_forms.ncfm(tmp_path / "ncfm")
    made = limbeck.import_set(published.path / "data_2000.pt")
    assert made.provenance["method"] == "ncfm (imported)"
    assert torch.equal(made.tensors["image"], CIFAR.apply(pixels(seed=1), 2))
    (published.path / "data_2000.pt").rename(tmp_path / "other.pt")
    assert limbeck.import_set(tmp_path / "other.pt").provenance["method"] == "idc (imported)"


def test_the_last_step_of_ncfm_is_taken_and_the_start_is_none(tmp_path: Path) -> None:
    published = published_forms.ncfm(tmp_path / "ncfm")
    assert torch.equal(limbeck.import_set(published.path, step=2000).tensors["image"], CIFAR.apply(pixels(seed=1), 2))
    with pytest.raises(InputError, match="no data of step 3; it has: 2000, 20000, init"):
        limbeck.import_set(published.path, step=3)


def test_datasets_that_the_code_knows_have_their_scale(tmp_path: Path) -> None:
    folder = tmp_path / "imagewoof" / "distilled_data"
    folder.mkdir(parents=True)
    torch.save([pixels(10, 1, size=128), labels(10, 1)], folder / "data_10.pt")
    made = limbeck.import_set(folder)
    assert made.scales["image"] == Scale(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
    mnist = tmp_path / "mnist"
    mnist.mkdir()
    torch.save([pixels(10, 1, size=28, channels=1), labels(10, 1)], mnist / "data.pt")
    assert limbeck.import_set(mnist).scales["image"].mean == (0.1307,)


def test_numbers_that_are_no_pixels_are_refused(tmp_path: Path) -> None:
    torch.save([images() * 40 - 60, labels()], tmp_path / "data.pt")
    with pytest.raises(InputError, match="should hold pixel values from 0 to 1"):
        limbeck.import_set(tmp_path / "data.pt", dataset="cifar10")


def test_another_content_is_refused(tmp_path: Path) -> None:
    torch.save([pixels(), labels(), 3], tmp_path / "data.pt")
    with pytest.raises(InputError, match="should hold a list of images and labels, two tensors, but holds a list of 3"):
        limbeck.import_set(tmp_path / "data.pt", form="idc")
