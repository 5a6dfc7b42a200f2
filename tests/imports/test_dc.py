from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from tests.helpers import published_forms
from tests.helpers.published_forms import images, labels

import limbeck
from limbeck.errors import InputError
from limbeck.modalities import Scale


def _saved(folder: Path, data: object, name: str = "res_DC_CIFAR10_ConvNet_2ipc.pt") -> Path:
    folder.mkdir(exist_ok=True)
    torch.save({"data": data, "accs_all_exps": {}}, folder / name)
    return folder / name


def test_the_first_experiment_is_taken_and_told_and_others_can_be_chosen(tmp_path: Path) -> None:
    published = published_forms.dc(tmp_path / "dc")
    first, second = (limbeck.import_set(published.path, experiment=number) for number in (0, 1))
    assert limbeck.import_set(published.path).fingerprint == first.fingerprint != second.fingerprint
    assert torch.equal(second.tensors["image"], images(seed=1))
    assert "It is experiment 0 of 2 in the file, counted from 0." in first.provenance["imported"]["notes"]
    with pytest.raises(InputError, match="experiment is 0 to 1, not 2"):
        limbeck.import_set(published.path, experiment=2)


def test_the_folder_of_one_result_will_do_and_of_several_not(tmp_path: Path) -> None:
    published = published_forms.dc(tmp_path / "dc")
    assert limbeck.import_set(tmp_path / "dc").fingerprint == published.meant.fingerprint
    _saved(tmp_path / "dc", [[images(), labels()]], "res_DSA_SVHN_ConvNet_2ipc.pt")
    with pytest.raises(InputError, match="has 2 files of results"):
        limbeck.import_set(tmp_path / "dc")


def test_a_file_by_any_name_is_known_by_its_content(tmp_path: Path) -> None:
    made = limbeck.import_set(_saved(tmp_path, [[images(), labels()]], "mine.pt"))
    assert made.provenance["method"] == "DC, DSA or DM (imported)"
    assert any("assumed by their size (or is it SVHN" in note for note in made.provenance["imported"]["notes"])


@pytest.mark.parametrize(
    ("name", "shape", "mean", "std"),
    [
        ("res_DC_MNIST_ConvNet_2ipc.pt", {"channels": 1, "size": 28}, 0.1307, 0.3081),
        ("res_DSA_FashionMNIST_ConvNet_2ipc.pt", {"channels": 1, "size": 28}, 0.2861, 0.353),
        ("res_DM_SVHN_ConvNet_2ipc.pt", {}, 0.4377, 0.198),
    ],
)
def test_the_scale_is_that_of_the_dataset_in_the_files_name(
    name: str, shape: dict[str, int], mean: float, std: float, tmp_path: Path
) -> None:
    made = limbeck.import_set(_saved(tmp_path, [[images(**shape), labels()]], name))
    assert (made.scales["image"].mean[0], made.scales["image"].std[0]) == (mean, std)
    assert made.tensors["image"].shape[1] == 3
    assert torch.equal(made.tensors["image"][:, :1], images(**shape)[:, :1])


def test_a_dataset_that_is_said_comes_before_the_name(tmp_path: Path) -> None:
    made = limbeck.import_set(published_forms.dc(tmp_path / "dc").path, dataset="svhn")
    assert made.scales["image"] == Scale(mean=(0.4377, 0.4438, 0.4728), std=(0.1980, 0.2010, 0.1970))


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        ([images()[:, :2], labels()], "square images|1 or 3 channels"),
        ([images()[..., :30], labels()], "size, size"),
        ([images()[0], labels()], "should hold images"),
        ([(images() * 10).to(torch.int32), labels()], "of torch.int32"),
        ([images() * float("nan"), labels()], "61440 numbers that are NaN or infinite"),
        ([images(), labels()[:-1]], "holds 19 labels for 20 images"),
        ([images(), labels() - 1], "holds the label -1"),
        ([images(), labels() + 2**62], "holds the label 4611686018427387904 for 20 images"),
        ([images(), labels().to(torch.float32)], "should hold labels, whole numbers"),
        ([images(), labels().view(2, 5, 2)], "should hold labels"),
        ([images()[:0], labels()[:0]], "holds no rows"),
    ],
)
def test_tensors_that_do_not_fit_are_refused(pair: list[torch.Tensor], said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said):
        limbeck.import_set(_saved(tmp_path, [pair]))


@pytest.mark.parametrize("content", [{"data": []}, {"data": [[images()]]}, {"data": [images(), labels()]}, [1, 2], 3])
def test_another_content_is_refused_with_what_it_is(content: object, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "res_DC_CIFAR10_ConvNet_1ipc.pt")
    with pytest.raises(InputError, match="should hold a dictionary with 'data'"):
        limbeck.import_set(tmp_path, form="dc")


def test_labels_in_any_order_are_sorted_with_their_images(tmp_path: Path) -> None:
    mixed = torch.randperm(20, generator=torch.Generator().manual_seed(1))
    made = limbeck.import_set(_saved(tmp_path, [[images()[mixed], labels()[mixed]]]))
    assert made.labels.tolist() == labels().tolist()
    for label in range(10):
        rows = {x.flatten()[0].item() for x in made.tensors["image"][made.labels == label]}
        assert rows == {x.flatten()[0].item() for x in images()[labels() == label]}


def test_images_of_another_number_format_become_float32(tmp_path: Path) -> None:
    made = limbeck.import_set(_saved(tmp_path, [[images().double().requires_grad_(), labels()]]))
    assert torch.equal(made.tensors["image"], images())
    assert not made.tensors["image"].requires_grad


def test_it_says_where_it_comes_from(tmp_path: Path) -> None:
    published = published_forms.dc(tmp_path / "dc")
    about = limbeck.import_set(published.path).provenance
    assert about["method"] == "DM (imported)"
    assert re.fullmatch(r"[0-9a-f]{64}", about["imported"]["files"]["res_DM_CIFAR10_ConvNet_2ipc.pt"])
    assert about["imported"]["settings"] == {"experiment": 0, "dataset": None}
