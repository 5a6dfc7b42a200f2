"""Soft labels: what the teacher says, beside a second way of asking it; how they reach students and scores."""

from __future__ import annotations

import json

import pytest
import torch
import torch.nn.functional as F
from tests.helpers.clips import toy_clips

from limbeck import methods
from limbeck.distilled import DistilledSet
from limbeck.errors import InputError
from limbeck.evaluation import Protocol, Source, TensorPairs, evaluate, source_of
from limbeck.methods import Work
from limbeck.methods._experts import Experts, Training
from limbeck.networks import Architecture

NETWORK = {"options": {"width": 8}}
TRAINING = {"epochs": 3, "batch": 12, "audio_lr": 0.02, "image_lr": 0.02, "momentum": 0.9, "augment": None}
SOFT = {"kind": "soft", "network": NETWORK, "training": TRAINING}


def distil(labels, **settings) -> DistilledSet:
    return methods.load("random").from_json({"labels": labels, **settings}).distill(toy_clips(), seed=2)


@pytest.mark.parametrize("mosaic", [1, 2])
def test_probabilities_are_the_teachers_on_what_students_see(mosaic):
    made = distil(SOFT | {"temperature": 3.0}, mosaic=mosaic, storage="uint8")
    real = toy_clips()
    experts = Experts(Training(**TRAINING), Architecture(**NETWORK), real, made.scale, Work())
    student = experts.snapshot(2, 3).student
    for number in range(len(made)):
        audio, image, _ = made[number]
        features = student.features(audio[None], image[None])
        told = [F.softmax(x @ h.weight.T / 3 + h.bias / 3, 1)[0] for x, h in zip(
            features, (student.head.audio, student.head.image), strict=True
        )]  # fmt: skip
        torch.testing.assert_close(made.soft_labels[number], (told[0] + told[1]) / 2)
    assert made.soft_labels.shape == (3 * mosaic**2, 3)


def test_labels_stay_classes_and_bytes_are_counted():
    hard, soft = distil("hard", mosaic=2), distil(SOFT, mosaic=2)
    assert hard.soft_labels is None
    assert torch.equal(soft.labels, hard.labels)
    assert torch.equal(soft.audio, hard.audio)
    assert soft.stored_bytes == hard.stored_bytes + 4 * 12 * 3


def test_they_are_kept_on_disk(tmp_path):
    made = distil(SOFT)
    back = DistilledSet.load(made.save(tmp_path))
    assert torch.equal(back.soft_labels, made.soft_labels)
    assert "Labels: soft" in made.card()
    assert "Labels: hard" in distil("hard").card()


def test_students_are_told_them():
    made = distil(SOFT, mosaic=2)
    assert torch.equal(TensorPairs.of(made).labels, made.soft_labels)
    assert TensorPairs.of(distil("hard")).labels.dtype == torch.int64


@pytest.mark.parametrize("head", ["ensemble", "concat", "sum", "attention", "audio", "image"])
def test_every_head_learns_from_probabilities_and_the_score_says_so(head):
    real = toy_clips()
    made = distil(SOFT, per_class=2)
    quick = {"network": Architecture(**NETWORK), "head": head, "repeats": 1, "protocol": Protocol(epochs=2)}
    score = evaluate(made, real, **quick)
    assert score.trained_on.labels == "soft"
    assert evaluate(distil("hard", per_class=2), real, **quick).trained_on.labels == "hard"
    assert all(loss > 0 for loss in score.repeats[0].losses)


def test_sure_probabilities_are_the_class_itself():
    """One-hot soft labels train the same student as the classes do."""
    from dataclasses import replace

    real, made = toy_clips(), distil("hard", per_class=2)
    sure = replace(made, soft_labels=F.one_hot(made.labels, 3).float())
    quick = {"network": Architecture(**NETWORK), "repeats": 1, "protocol": Protocol(epochs=3)}
    hard, soft = (evaluate(m, real, **quick).repeats[0] for m in (made, sure))
    assert soft.losses == pytest.approx(hard.losses, rel=1e-4)
    assert source_of(made).fingerprint != source_of(sure).fingerprint


def test_a_score_of_an_older_version_is_read():
    data = Source(kind="distilled", name="dm", fingerprint="0", pairs=1, stored_bytes=4, storage="float32").to_json()
    del data["labels"]
    assert Source.from_json(json.loads(json.dumps(data))).labels == "hard"


@pytest.mark.parametrize("name", methods.names())
def test_every_method_with_a_teacher_has_seen_labels(name):
    assert methods.load(name).from_json({"labels": "soft"}).sees_labels


def test_parts_with_soft_labels_do_not_join():
    real = toy_clips()
    method = methods.load("random").from_json({"labels": SOFT})
    with pytest.raises(InputError, match="Soft labels of a part"):
        DistilledSet.concat([method.distill(real.only([c])) for c in real.classes], real.classes)


def test_the_teacher_is_trained_once(tmp_path):
    real, work = toy_clips(), Work(cache=tmp_path)
    for name in ("random", "herding"):
        extra = {"network": NETWORK} if name == "herding" else {}
        methods.load(name).from_json({"labels": SOFT, **extra}).distill(real, work=work)
    assert len(list((tmp_path / "experts").iterdir())) == 1
