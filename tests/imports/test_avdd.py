from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from tests.helpers import published_forms
from torch import Tensor

import limbeck
from limbeck.errors import InputError


def quarters(x: Tensor) -> Tensor:
    """What the published evaluation trains on: the quarters of each sample, column by column, each enlarged."""
    height, width = x.shape[2] // 2, x.shape[3] // 2
    cut = x.unfold(2, height, height).unfold(3, width, width).permute(3, 2, 0, 1, 4, 5).flatten(0, 2)
    return F.interpolate(cut, scale_factor=2, mode="bilinear")


def test_students_see_what_the_published_evaluation_cuts(tmp_path: Path) -> None:
    published = published_forms.avdd(tmp_path / "avdd")
    made = limbeck.import_set(published.path, **published.given)
    for name in ("audio", "image"):
        assert torch.equal(made.samples()[name], quarters(published.meant.tensors[name]))
    assert made.targets.labels.tolist() == [0, 0, 1, 1, 2, 2] * 4


def test_samples_without_mosaics_are_taken_as_they_are(tmp_path: Path) -> None:
    published = published_forms.avdd(tmp_path / "avdd")
    made = limbeck.import_set(published.path, idm_aug=False, **published.given)
    assert (str(made.hold), len(made)) == ("plain", 6)


def test_experiment_and_step_can_be_chosen(tmp_path: Path) -> None:
    published = published_forms.avdd(tmp_path / "avdd")
    made = limbeck.import_set(published.path, experiment=1, step=0, **published.given)
    assert torch.equal(made.tensors["image"], torch.load(published.path / "exp_1_imgSyn_0.pt"))
    assert "It is experiment 1 at step 0, of 0, 5000." in made.provenance["imported"]["notes"]
    with pytest.raises(InputError, match="no step 7; it has: 0, 5000"):
        limbeck.import_set(published.path, step=7, **published.given)
    with pytest.raises(InputError, match="no experiment 5"):
        limbeck.import_set(published.path, experiment=5, **published.given)


def test_a_file_says_experiment_and_step_by_its_name(tmp_path: Path) -> None:
    published = published_forms.avdd(tmp_path / "avdd")
    made = limbeck.import_set(published.path / "exp_1_audSyn_0.pt", **published.given)
    assert torch.equal(made.tensors["image"], torch.load(published.path / "exp_1_imgSyn_0.pt"))
    assert made.provenance["imported"]["settings"]["experiment"] == 1


def test_the_number_of_classes_must_be_given_in_some_way(tmp_path: Path) -> None:
    published = published_forms.avdd(tmp_path / "avdd")
    with pytest.raises(InputError, match="6 rows and no labels"):
        limbeck.import_set(published.path)
    assert limbeck.import_set(published.path, per_class=2).classes == ("0", "1", "2")
    with pytest.raises(InputError, match="6 rows and no labels"):
        limbeck.import_set(published.path, per_class=4)
    with pytest.raises(InputError, match="6 rows and no labels"):
        limbeck.import_set(published.path, classes=["a", "b", "c", "d"])


@pytest.mark.parametrize("name", ["audio", "image"])
def test_a_set_of_either_alone(name: str, tmp_path: Path) -> None:
    published = published_forms.avdd(tmp_path / "avdd")
    for file in published.path.glob("*imgSyn*" if name == "audio" else "*audSyn*"):
        file.unlink()
    made = limbeck.import_set(published.path, **published.given)
    assert [*made.modalities] == [name]
    assert torch.equal(made.tensors[name], published.meant.tensors[name])


def test_class_by_class_it_is_the_same_set(tmp_path: Path) -> None:
    whole = published_forms.avdd(tmp_path / "avdd")
    (tmp_path / "Distill_AVE").mkdir()
    for label in range(3):
        rows = slice(2 * label, 2 * label + 2)
        parts = {f"{m}_syn": {0: x[rows] * 0, 5000: x[rows]} for m, x in whole.meant.tensors.items()}
        torch.save({0: parts}, tmp_path / "Distill_AVE" / f"class:{label}.pt")
    made = limbeck.import_set(tmp_path / "Distill_AVE", **whole.given)
    assert made.fingerprint == limbeck.import_set(whole.path, **whole.given).fingerprint
    assert limbeck.import_set(tmp_path / "Distill_AVE").classes == ("0", "1", "2")
    with pytest.raises(InputError, match="labels of 3 classes, but 2 names"):
        limbeck.import_set(tmp_path / "Distill_AVE", classes=["a", "b"])
    (tmp_path / "Distill_AVE" / "class:1.pt").unlink()
    with pytest.raises(InputError, match=r"files of the classes \[0, 2\]"):
        limbeck.import_set(tmp_path / "Distill_AVE")


def test_sound_and_image_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    published = published_forms.avdd(tmp_path / "avdd")
    torch.save(torch.zeros(4, 1, 128, 56), published.path / "exp_0_audSyn_5000.pt")
    with pytest.raises(InputError, match="4 of audio, 6 of image; sound and image of a set are as many"):
        limbeck.import_set(published.path, **published.given)
    torch.save(torch.zeros(6, 1, 128, 44), published.path / "exp_0_audSyn_5000.pt")
    with pytest.raises(InputError, match=r"audio of this set is \(1, 128, 44\)"):
        limbeck.import_set(published.path, **published.given)
    with pytest.raises(InputError, match="one scale"):
        limbeck.import_set(published.path, mean=[0.5], std=[0.5], experiment=1, **published.given)
