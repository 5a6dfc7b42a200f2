from __future__ import annotations

import pytest
import torch

from limbeck.modalities import Batch
from limbeck.networks import HEAD, Student, heads
from limbeck.networks.convnet import ConvNet

SHAPES = {"audio": (1, 20, 12), "image": (3, 16, 16)}
LETTERS = {"audio": "A", "image": "V"}


def _student(head: str, classes: int = 3, modalities: tuple[str, ...] = ("audio", "image")) -> Student:
    draw = torch.Generator().manual_seed(0)
    encoders = ConvNet(width=4).encoders({m: SHAPES[m] for m in modalities}, generator=draw)
    dims, letters = {m: e.dim for m, e in encoders.items()}, {m: LETTERS[m] for m in modalities}
    return Student(encoders, heads.load(head)(dims, classes, letters, generator=draw))


def _batch(samples: int = 4) -> tuple[Batch, torch.Tensor]:
    draw = torch.Generator().manual_seed(1)
    batch = {m: torch.randn(samples, *shape, generator=draw) for m, shape in SHAPES.items()}
    return batch, torch.arange(samples) % 3


@pytest.mark.parametrize("modalities", [("audio", "image"), ("audio",), ("image",)])
@pytest.mark.parametrize("head", heads.names())
def test_parameter_groups_hold_every_parameter_once(head: str, modalities: tuple[str, ...]) -> None:
    student = _student(head, modalities=modalities)
    found = student.parameter_groups()
    assert [g["name"] for g in found] == [*modalities, HEAD]
    held = [id(p) for g in found for p in g["params"]]
    assert sorted(held) == sorted(map(id, student.parameters()))


def test_a_student_of_one_modality_sees_nothing_else() -> None:
    student = _student("ensemble", modalities=("audio",))
    assert list(student.encoders) == ["audio"]
    batch, _ = _batch()
    scores = student.scores(batch)
    assert list(scores) == ["A"]
    assert torch.equal(scores["A"], student.scores(batch | {"image": batch["image"] * torch.nan})["A"])
    assert torch.equal(scores["A"], student.scores({"audio": batch["audio"]})["A"])


def test_a_student_learns_three_classes_by_heart() -> None:
    student, (batch, labels) = _student("concat"), _batch(9)
    optimiser = torch.optim.Adam(student.parameter_groups(), lr=1e-2)
    first = float(student.loss(batch, labels).detach())
    for _ in range(20):
        optimiser.zero_grad()
        student.loss(batch, labels).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    assert abs(first - torch.tensor(3.0).log()) < 0.01
    assert bool((student(batch)["A+V"].argmax(1) == labels).all())


def test_half_precision_training_keeps_the_head_in_float32() -> None:
    student, (batch, labels) = _student("ensemble"), _batch()
    with torch.autocast("cpu", torch.bfloat16):
        features = student.features(batch)
    assert {f.dtype for f in features.values()} == {torch.float32}
    student.loss(batch, labels).backward()  # type: ignore[no-untyped-call]
