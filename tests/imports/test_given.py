"""What is given beside a set's files, what is assumed without it, and that a set that was imported is as any."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch
from tests.helpers import published_forms
from tests.helpers.published_forms import CIFAR, images, labels, pixels

import limbeck
from limbeck import Prepared, imports
from limbeck.distilled import DistilledSet
from limbeck.errors import InputError, UnknownNameError
from limbeck.evaluation import Protocol, Subject
from limbeck.modalities import Scale
from limbeck.networks import Architecture

COLOURS = ("blue", "green", "red")
QUICK = {
    "protocol": Protocol(epochs=2, drop_after=()),
    "network": Architecture(options={"width": 8}),
    "repeats": 2,
    "progress": False,
}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """Noisy pictures of three colours, 32 pixels a side: four for training and two for tests of each."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("colours")
    draw = torch.Generator().manual_seed(0)
    for split, count in (("train", 4), ("test", 2)):
        for channel, name in zip((2, 1, 0), COLOURS, strict=True):
            for number in range(count):
                picture = torch.randint(0, 120, (32, 32, 3), generator=draw, dtype=torch.uint8)
                picture[..., channel] += 130
                file = folder / "photos" / split / name / f"{number}.png"
                file.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(picture.numpy()).save(file)
    return limbeck.prepare(
        "folder", folder / "photos", out=folder / "prepared", modality="image", image_size=32, progress=False, workers=1
    )


@pytest.fixture
def mtt(tmp_path: Path) -> Path:
    """A set of three classes with two images each, in the order of the dataset's classes."""
    folder = tmp_path / "CIFAR10"
    folder.mkdir()
    torch.save(images(3), folder / "images_100.pt")
    torch.save(labels(3), folder / "labels_100.pt")
    return folder


def test_accuracy_is_that_of_the_same_tensors_made_here(prepared: Prepared, mtt: Path) -> None:
    """To the last prediction of every student."""
    made = limbeck.import_set(mtt, like=prepared, dataset="CIFAR10")
    here = published_forms.a_set(
        {"image": images(3)}, labels(3), {"image": CIFAR}, classes=COLOURS, recipe=prepared.recipe
    )
    found, wanted = (limbeck.evaluate(one, on=prepared, **QUICK) for one in (made, here))
    assert [r.predictions for r in found.repeats] == [r.predictions for r in wanted.repeats]
    assert [r.losses for r in found.repeats] == [r.losses for r in wanted.repeats]
    assert found.mean == wanted.mean


def test_mosaics_too_see_what_they_are_meant_to(prepared: Prepared, tmp_path: Path) -> None:
    torch.save([pixels(3), labels(3)], tmp_path / "data.pt")
    made = limbeck.import_set(tmp_path / "data.pt", like=prepared, dataset="cifar10", factor=2)
    here = published_forms.a_set(
        {"image": CIFAR.apply(pixels(3), 2)}, labels(3), {"image": CIFAR}, classes=COLOURS, hold="mosaic:2",
        recipe=prepared.recipe,
    )  # fmt: skip
    found, wanted = (limbeck.evaluate(one, on=prepared, **QUICK) for one in (made, here))
    assert [r.predictions for r in found.repeats] == [r.predictions for r in wanted.repeats]


def test_every_verb_takes_it_as_any_set(prepared: Prepared, mtt: Path, tmp_path: Path) -> None:
    out = tmp_path / "set"
    limbeck.import_set(mtt, out=out, like=prepared, dataset="CIFAR10")
    limbeck.evaluate(out, on=prepared, **QUICK)
    controls = limbeck.evaluate_controls(out, on=prepared, **(QUICK | {"repeats": 1}))
    assert {"random", "whole"} <= {*controls}
    page = limbeck.report.page(out, on=prepared, out=tmp_path / "page", progress=False)
    assert "mtt (imported)" in page.read_text(encoding="utf-8")
    assert limbeck.inspect(out)["provenance"]["imported"]["form"] == "mtt"
    back = limbeck.import_set(limbeck.export(out, out=tmp_path / "again", to="folder"))
    assert back.fingerprint == DistilledSet.load(out).fingerprint


def test_a_measure_that_distils_again_is_refused_with_the_reason(prepared: Prepared, mtt: Path) -> None:
    made = limbeck.import_set(mtt, like=prepared, dataset="CIFAR10")
    train, test = prepared.clips("train"), prepared.clips("test")
    with pytest.raises(InputError, match="the set was imported: other code made it"):
        Subject.of(made, test, clips=train).again(train)


def test_what_is_assumed_is_told(prepared: Prepared, mtt: Path) -> None:
    notes = " ".join(limbeck.import_set(mtt, dataset="CIFAR10").provenance["imported"]["notes"])
    assert "The files do not name classes" in notes
    assert "mean 0.4914, 0.4822, 0.4465, std 0.2023, 0.1994, 0.201" in notes
    notes = " ".join(limbeck.import_set(mtt, like=prepared, dataset="CIFAR10").provenance["imported"]["notes"])
    assert "in the order of the classes of folder" in notes
    assert "distilled from the training clips of folder" in notes


def test_labels_follow_the_order_of_the_dataset(prepared: Prepared, mtt: Path) -> None:
    """A file's labels may count classes in another order; names say it."""
    made = limbeck.import_set(mtt, like=prepared, classes=["red", "blue", "green"], dataset="CIFAR10")
    assert made.classes == COLOURS
    assert made.labels.tolist() == [0, 0, 1, 1, 2, 2]
    assert torch.equal(made.tensors["image"], images(3)[[2, 3, 4, 5, 0, 1]])


def test_soft_labels_follow_it_too(prepared: Prepared, mtt: Path) -> None:
    told = torch.tensor([[0.7, 0.2, 0.1]] * 2 + [[0.1, 0.6, 0.3]] * 2 + [[0.0, 0.1, 0.9]] * 2)
    torch.save(told, mtt / "labels_100.pt")
    made = limbeck.import_set(mtt, like=prepared, classes=["red", "blue", "green"], dataset="CIFAR10")
    assert made.soft_labels is not None
    assert torch.equal(made.soft_labels, told[[2, 3, 4, 5, 0, 1]][:, [1, 2, 0]])
    assert torch.equal(made.soft_labels.argmax(1), made.labels)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"classes": ["a", "b"]}, "labels of 3 classes, but 2 names"),
        ({"classes": ["a", "b", "b"]}, "labels of 3 classes, but 2 names"),
        ({"mean": [0.5]}, "mean and std together"),
        ({"mean": [0.5], "std": [0.0]}, "above 0"),
        ({"mean": [0.5, 0.5], "std": [1.0, 1.0]}, "a number for each of three channels"),
        ({"dataset": "CIFAR11"}, "Did you mean 'CIFAR10'"),
        ({"dataset": None}, "It is not known on which scale"),
        ({"nosuch": 1}, "nosuch"),
        ({"form": "mt"}, "Did you mean 'mtt'"),
        ({"form": "dc"}, "0 files of results"),
    ],
)
def test_what_does_not_fit_is_refused(given: dict[str, object], said: str, mtt: Path) -> None:
    given = {"dataset": "CIFAR10"} | given
    with pytest.raises(InputError, match=re.escape(said)):
        limbeck.import_set(mtt, **given)  # type: ignore[arg-type]


def test_another_size_or_other_classes_than_the_dataset_are_refused(prepared: Prepared, tmp_path: Path) -> None:
    torch.save([pixels(3, size=16), labels(3)], tmp_path / "data.pt")
    with pytest.raises(InputError, match=r"is \(3, 16, 16\), but by .* it is \(3, 32, 32\)"):
        limbeck.import_set(tmp_path / "data.pt", like=prepared, dataset="cifar10")
    torch.save([pixels(3), labels(3)], tmp_path / "data.pt")
    with pytest.raises(InputError, match="The classes are"):
        limbeck.import_set(tmp_path / "data.pt", like=prepared, dataset="cifar10", classes=["red", "blue", "pink"])


def test_a_scale_that_is_given_is_the_sets(mtt: Path) -> None:
    made = limbeck.import_set(mtt, mean=[0.5], std=[0.25])
    assert made.scales == {"image": Scale(mean=(0.5,), std=(0.25,))}
    assert made.arrays(made.samples())["image"].dtype == torch.uint8


def test_none_of_the_forms_is_told_with_what_is_there(tmp_path: Path) -> None:
    torch.save({"epoch": 3, "model": torch.zeros(2)}, tmp_path / "model.pt")
    with pytest.raises(InputError) as caught:
        limbeck.import_set(tmp_path / "model.pt")
    said = str(caught.value)
    assert "a file of torch.save that holds a dictionary with 'epoch', 'model'" in said
    assert all(f"(`{name}`)" in said for name in imports.names())
    with pytest.raises(InputError, match=re.escape("a folder that holds model.pt")):
        limbeck.import_set(tmp_path)
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(InputError, match=re.escape("a file that torch.save did not write")):
        limbeck.import_set(tmp_path / "notes.txt")


def test_a_distilled_set_needs_no_import(tmp_path: Path) -> None:
    published_forms.small_set().save(tmp_path / "set")
    with pytest.raises(InputError, match="is a distilled set of Limbeck's already"):
        limbeck.import_set(tmp_path / "set")


def test_two_forms_in_one_folder_are_told_apart_by_name(tmp_path: Path) -> None:
    published_forms.idc(tmp_path / "both")
    published_forms.dc(tmp_path / "elsewhere").path.rename(tmp_path / "both" / "res_DM_CIFAR10_ConvNet_2ipc.pt")
    with pytest.raises(InputError, match=re.escape("fits 2 forms; say which with form (--form)")):
        limbeck.import_set(tmp_path / "both")
    assert limbeck.import_set(tmp_path / "both", form="dc").provenance["method"] == "DM (imported)"


def test_the_command_tells_what_it_assumed(
    prepared: Prepared, mtt: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from limbeck import cli

    def run(*words: object) -> tuple[str, str]:
        with pytest.raises(SystemExit) as caught:
            cli.main([str(word) for word in words])
        out, err = capsys.readouterr()
        assert not caught.value.code, err
        return out, err

    words = ["import", mtt, "--like", prepared.folder, "--set", "dataset=CIFAR10", "--set", "step=100"]
    out, err = run(*words, "--out", tmp_path / "one")
    assert out == f"{tmp_path / 'one'}\n"
    assert "mtt: 6 samples stored, 6 to train on, of 3 classes, held as plain." in err
    assert "Images are taken not to be whitened" in err
    (tmp_path / "names.txt").write_text("red\nblue\n\ngreen\n")
    out, _ = run(
        "import", mtt, "--classes", tmp_path / "names.txt", "--mean", "0.5,0.5,0.5", "--std", "0.25,0.25,0.25",
        "--out", tmp_path / "two", "--json",
    )  # fmt: skip
    told = json.loads(out)
    assert told["classes"] == ["red", "blue", "green"]
    assert "mtt" in run("list", "imports")[0]
    assert "zca" in run("explain", "mtt", "--kind", "imports")[0]
    with pytest.raises(SystemExit) as caught:
        cli.main(["import", str(mtt), "--mean", "a,b", "--out", str(tmp_path / "three")])
    assert caught.value.code == 2


def test_unknown_form(mtt: Path) -> None:
    with pytest.raises(UnknownNameError):
        limbeck.import_set(mtt, form="nosuch")
