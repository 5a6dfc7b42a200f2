from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tests.helpers import published_forms
from tests.helpers.published_forms import CIFAR, images, labels, pixels

import limbeck
from limbeck.errors import InputError


def test_the_best_step_is_taken_and_said_to_be_chosen_on_the_test_images(tmp_path: Path) -> None:
    published = published_forms.mtt(tmp_path)
    made = limbeck.import_set(published.path)
    assert any("chose it by accuracy on the test images" in note for note in made.provenance["imported"]["notes"])
    assert {*made.provenance["imported"]["files"]} == {"images_best.pt", "labels_best.pt"}
    assert torch.equal(limbeck.import_set(published.path, step=5000).tensors["image"], images(seed=1))
    with pytest.raises(InputError, match=r"no images of step '7'; it has: 1000, 5000, best"):
        limbeck.import_set(published.path, step="7")


def test_without_a_best_one_the_last_step_is_taken(tmp_path: Path) -> None:
    published = published_forms.mtt(tmp_path)
    (published.path / "images_best.pt").unlink()
    torch.save(images(seed=4), published.path / "images_900.pt")
    assert torch.equal(limbeck.import_set(published.path).tensors["image"], images(seed=1))


def test_a_file_of_images_finds_its_labels(tmp_path: Path) -> None:
    published = published_forms.mtt(tmp_path)
    made = limbeck.import_set(published.path / "images_1000.pt")
    assert torch.equal(made.tensors["image"], images(seed=0))
    (published.path / "labels_1000.pt").rename(tmp_path / "others.pt")
    with pytest.raises(InputError, match="There are no labels at"):
        limbeck.import_set(published.path / "images_1000.pt", form="mtt")
    again = limbeck.import_set(published.path / "images_1000.pt", form="mtt", labels=str(tmp_path / "others.pt"))
    assert again.fingerprint == made.fingerprint


def test_logits_of_datm_become_probabilities_and_its_rate_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "CIFAR10" / "Normal"
    folder.mkdir(parents=True)
    logits = 3 * torch.nn.functional.one_hot(labels(), 10) + torch.randn(
        20, 10, generator=torch.Generator().manual_seed(0)
    )
    torch.save(images().requires_grad_() * 1, folder / "images_best.pt")
    torch.save(logits, folder / "labels_best.pt")
    torch.save(torch.tensor(0.0125), folder / "lr_best.pt")
    made = limbeck.import_set(folder)
    order = torch.argsort(logits.argmax(1), stable=True)
    assert made.soft_labels is not None
    assert torch.equal(made.soft_labels, logits.softmax(1)[order])
    assert torch.equal(made.labels, logits.argmax(1)[order])
    assert torch.equal(made.tensors["image"], images()[order])
    assert made.provenance["learning_rate"] == pytest.approx(0.0125)
    notes = " ".join(made.provenance["imported"]["notes"])
    assert "are logits" in notes
    assert "rate 0.0125" in notes


def test_probabilities_stay_as_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "CIFAR10"
    folder.mkdir()
    told = (5.0 * torch.nn.functional.one_hot(labels(), 10)).softmax(1)
    torch.save(images(), folder / "images_10.pt")
    torch.save(told, folder / "labels_10.pt")
    assert torch.equal(limbeck.import_set(folder).soft_labels, told)


def test_a_whitened_set_gives_its_pixels(tmp_path: Path) -> None:
    published = published_forms.mtt(tmp_path)
    torch.save(pixels(seed=5), published.path / "images_zca_5000.pt")
    with pytest.raises(InputError, match=r"whitened \(ZCA\).*pixels of the steps 5000"):
        limbeck.import_set(published.path)  # best: its pixels are of an unknown step
    for place, given in ((published.path, {"step": 5000}), (published.path / "images_zca_5000.pt", {})):
        made = limbeck.import_set(place, **given)
        assert torch.equal(made.tensors["image"], CIFAR.apply(pixels(seed=5), 2))
        assert any("saw whitened images" in note for note in made.provenance["imported"]["notes"])


def test_a_whitened_set_without_its_pixels_is_refused(tmp_path: Path) -> None:
    published = published_forms.mtt(tmp_path)
    with pytest.raises(InputError, match="without the matrix, which that code does not save"):
        limbeck.import_set(published.path, zca=True)


def test_images_of_ftd_have_a_name_of_their_own(tmp_path: Path) -> None:
    folder = tmp_path / "CIFAR10"
    folder.mkdir()
    torch.save(images(), folder / "ema_images_3000.pt")
    torch.save(labels(), folder / "ema_labels_3000.pt")
    assert torch.equal(limbeck.import_set(folder).tensors["image"], images())


def test_cifar100_has_the_scale_that_this_code_gave_it(tmp_path: Path) -> None:
    folder = tmp_path / "logged_files" / "CIFAR100" / "run"
    folder.mkdir(parents=True)
    torch.save(images(100, 1), folder / "images_best.pt")
    torch.save(labels(100, 1), folder / "labels_best.pt")
    assert limbeck.import_set(folder).scales["image"] == CIFAR
