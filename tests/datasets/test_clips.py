"""Labelled clips: selecting, relabelling, refusing."""

from __future__ import annotations

import pytest
import torch

from limbeck.datasets import LabelledClips
from limbeck.errors import BudgetError, InputError
from limbeck.media import ClipRecipe

RECIPE = ClipRecipe(image_size=8)
LABELS = [2, 0, 1, 0, 2, 0]


def clips(labels: list[int] = LABELS, name: str = "arrays") -> LabelledClips:
    """Clip i holds the number i everywhere."""
    number = torch.arange(len(labels))
    return LabelledClips.from_arrays(
        {
            "audio": number.float()[:, None, None, None].expand(-1, 1, 128, 56).clone(),
            "image": number.to(torch.uint8)[:, None, None, None].expand(-1, 3, 8, 8).clone(),
        },
        torch.tensor(labels),
        ["a", "b", "c"],
        recipe=RECIPE,
        name=name,
    )


def numbers(selection: LabelledClips) -> list[int]:
    assert selection.array("audio")[:, 0, 0, 0].tolist() == selection.array("image")[:, 0, 0, 0].tolist()
    return [int(x) for x in selection.array("image")[:, 2, 7, 7]]


def test_take_keeps_order_and_labels() -> None:
    taken = clips().take(torch.tensor([4, 1, 1]))
    assert numbers(taken) == [4, 1, 1]
    assert taken.labels.tolist() == [2, 0, 0]
    assert numbers(taken.take(torch.tensor([2, 0]))) == [1, 4]
    assert taken.array("audio", torch.tensor([0])).shape == (1, 1, 128, 56)


def test_of_class_and_per_class() -> None:
    assert clips().of_class(0).tolist() == [1, 3, 5]
    assert clips().per_class() == (3, 1, 2)
    assert clips([0, 0]).per_class() == (2, 0, 0)


def test_only_relabels_in_the_order_given() -> None:
    selection = clips().only(["c", "a"])
    assert selection.classes == ("c", "a")
    assert numbers(selection) == [0, 1, 3, 4, 5]
    assert selection.labels.tolist() == [0, 1, 1, 0, 1]
    with pytest.raises(InputError, match=r"Unknown classes \['d'\]"):
        clips().only(["a", "d"])


def test_classes_one_by_one_are_the_whole() -> None:
    whole = clips()
    parts = [numbers(whole.only([c])) for c in whole.classes]
    assert parts == [[int(i) for i in whole.of_class(label)] for label in range(3)]


def test_require_names_what_is_short() -> None:
    clips().require(1, "dm")
    with pytest.raises(BudgetError, match="dm needs 3 training clips of every class, but 'b' has 1, 'c' has 2"):
        clips().require(3, "dm")


def test_fingerprints_tell_selections_apart() -> None:
    whole = clips()
    prints = [
        whole.fingerprint,
        clips(name="others").fingerprint,
        clips([0, 0, 1, 0, 2, 2]).fingerprint,
        whole.take(torch.tensor([0, 1])).fingerprint,
        whole.take(torch.tensor([1, 0])).fingerprint,
        whole.only(["a"]).fingerprint,
        whole.only(["a", "b"]).fingerprint,
        whole.only(["b", "a"]).fingerprint,
    ]
    assert len(set(prints)) == len(prints)
    assert clips().fingerprint == whole.fingerprint


def test_arrays_in_another_order_have_another_fingerprint() -> None:
    whole = clips([0, 0, 0, 0, 1, 2])
    swapped = LabelledClips.from_arrays(
        {name: array.flip(0).roll(2, 0) for name, array in whole.arrays().items()},
        whole.labels,
        whole.classes,
        recipe=RECIPE,
    )
    assert swapped.fingerprint != whole.fingerprint


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"audio": torch.zeros(2, 128, 56)}, "Arrays of audio must be torch.float32"),
        ({"audio": torch.zeros(2, 1, 128, 56, dtype=torch.float64)}, "Arrays of audio must be torch.float32"),
        ({"image": torch.zeros(2, 3, 8, 8)}, "Arrays of image must be torch.uint8"),
        (
            {"labels": torch.tensor([0])},
            r"must be torch.float32 \(1, 1, 128, 56\) \(clip, 1, mel, frame\), but got torch.float32 \(2, ",
        ),
        ({"labels": torch.tensor([0, 2])}, r"lie in 0\.\.1, but lie in 0\.\.2"),
        ({"labels": torch.tensor([-1, 0])}, r"lie in -1\.\.0"),
        (
            {
                "audio": torch.zeros(0, 1, 128, 56),
                "image": torch.zeros(0, 3, 8, 8, dtype=torch.uint8),
                "labels": torch.zeros(0, dtype=torch.int64),
            },
            "There are no clips",
        ),
    ],
)
def test_arrays_that_do_not_fit_are_refused(change: dict[str, torch.Tensor], match: str) -> None:
    arrays = {
        "audio": torch.zeros(2, 1, 128, 56),
        "image": torch.zeros(2, 3, 8, 8, dtype=torch.uint8),
        "labels": torch.tensor([0, 1]),
    }
    arrays |= change
    labels = arrays.pop("labels")
    with pytest.raises(InputError, match=match):
        LabelledClips.from_arrays(arrays, labels, ["a", "b"], recipe=RECIPE)
