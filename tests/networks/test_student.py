from __future__ import annotations

import pytest
import torch

from limbeck.networks import Student, heads
from limbeck.networks.convnet import ConvNet


def _student(head: str, classes: int = 3) -> Student:
    draw = torch.Generator().manual_seed(0)
    pair = ConvNet(width=4).pair((1, 20, 12), (3, 16, 16), generator=draw)
    return Student(pair, heads.load(head)(pair.audio.dim, pair.image.dim, classes, generator=draw))


def _batch(samples: int = 4) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    draw = torch.Generator().manual_seed(1)
    return (
        torch.randn(samples, 1, 20, 12, generator=draw),
        torch.randn(samples, 3, 16, 16, generator=draw),
        torch.arange(samples) % 3,
    )


@pytest.mark.parametrize(
    ("head", "groups"),
    [
        ("ensemble", ["sound", "frame", "classifier"]),
        ("audio", ["sound", "classifier"]),
        ("image", ["frame", "classifier"]),
    ],
)
def test_parameter_groups_hold_every_parameter_once(head: str, groups: list[str]) -> None:
    student = _student(head)
    found = student.parameter_groups()
    assert [g["name"] for g in found] == groups
    held = [id(p) for g in found for p in g["params"]]  # type: ignore[attr-defined]
    assert sorted(held) == sorted(map(id, student.parameters()))


def test_an_encoder_that_is_not_read_is_not_there_and_its_input_does_not_matter() -> None:
    student = _student("audio")
    assert list(student.pair) == ["audio"]
    audio, image, _ = _batch()
    assert torch.equal(student.scores(audio, image)["A"], student.scores(audio, image * torch.nan)["A"])


def test_a_student_learns_three_classes_by_heart() -> None:
    student, (audio, image, labels) = _student("concat"), _batch(9)
    optimiser = torch.optim.Adam(student.parameter_groups(), lr=1e-2)
    first = float(student.loss(audio, image, labels).detach())
    for _ in range(20):
        optimiser.zero_grad()
        student.loss(audio, image, labels).backward()
        optimiser.step()
    assert abs(first - torch.tensor(3.0).log()) < 0.01
    assert bool((student(audio, image)["A+V"].argmax(1) == labels).all())


def test_half_precision_training_keeps_the_head_in_float32() -> None:
    student, (audio, image, labels) = _student("ensemble"), _batch()
    with torch.autocast("cpu", torch.bfloat16):
        features = student.features(audio, image)
    assert {f.dtype for f in features} == {torch.float32}
    student.loss(audio, image, labels).backward()
