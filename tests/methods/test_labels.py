"""Soft labels: what the teacher says, beside a second way of asking it; how they reach students and scores."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from tests.helpers.clips import toy_clips, view_of
from tests.helpers.resume import same_bits
from tests.helpers.subjects import evaluated

from limbeck import methods
from limbeck.distilled import DistilledSet
from limbeck.errors import InputError
from limbeck.evaluation import Protocol, Source, TensorSamples
from limbeck.evaluation.measures.accuracy import Accuracy
from limbeck.methods import Experts, RunContext, Training
from limbeck.networks import Architecture

NETWORK = {"options": {"width": 8}}
TRAINING = {"epochs": 3, "batch": 12, "lr": 0.02, "momentum": 0.9, "augment": None}
SOFT = {"kind": "soft", "network": NETWORK, "training": TRAINING}


def distil(labels, **settings) -> DistilledSet:
    return methods.load("random").from_json({"labels": labels, **settings}).distill(toy_clips(), seed=2)


@pytest.mark.parametrize(("hold", "cells"), [("plain", 1), ("mosaic:2", 4)])
def test_probabilities_are_the_teachers_on_what_students_see(hold, cells):
    made = distil(SOFT | {"temperature": 3.0}, hold=hold, storage="uint8")
    real = toy_clips()
    experts = Experts(Training(**TRAINING), Architecture(**NETWORK), view_of(real), None)
    student = experts.snapshot(2, 3).student
    for number in range(len(made)):
        sample, _ = made[number]
        features = student.features({m: x[None] for m, x in sample.items()})
        told = [F.softmax(features[m] @ h.weight.T / 3 + h.bias / 3, 1)[0] for m, h in student.head.classifiers.items()]
        torch.testing.assert_close(made.soft_labels[number], (told[0] + told[1]) / 2, atol=5e-4, rtol=0)
    assert made.soft_labels.shape == (3 * cells, 3)


def test_labels_stay_classes_and_bytes_are_counted():
    hard, soft = distil("hard", hold="mosaic:2"), distil(SOFT, hold="mosaic:2")
    assert hard.soft_labels is None
    assert torch.equal(soft.labels, hard.labels)
    assert same_bits(soft, hard)
    assert soft.stored_bytes == hard.stored_bytes + 2 * 12 * 3


def test_the_likeliest_classes_alone_are_kept_and_counted(tmp_path):
    every, top = distil(SOFT), distil(SOFT | {"top": 1})
    sure = F.one_hot(every.soft_labels.argmax(1), 3).float()
    assert torch.equal(top.soft_labels, sure)
    two = distil(SOFT | {"top": 2}).soft_labels
    assert ((two > 0).sum(1) == 2).all()
    torch.testing.assert_close(two.sum(1), torch.ones(len(two)), atol=1e-3, rtol=0)
    hard = distil("hard")
    assert top.stored_bytes == hard.stored_bytes + 3 * len(top)
    assert torch.equal(DistilledSet.load(top.save(tmp_path)).soft_labels, sure)
    method = methods.load("random").from_json({"labels": SOFT | {"top": 1}})
    assert method.label_bytes(toy_clips()) == 3


def test_they_are_kept_on_disk(tmp_path):
    made = distil(SOFT)
    back = DistilledSet.load(made.save(tmp_path))
    assert torch.equal(back.soft_labels, made.soft_labels)
    assert "Labels: soft" in made.card()
    assert "Labels: hard" in distil("hard").card()


def test_students_are_told_them():
    made = distil(SOFT, hold="mosaic:2")
    assert torch.equal(TensorSamples.of(made).labels, made.soft_labels)
    assert TensorSamples.of(distil("hard")).labels.dtype == torch.int64


@pytest.mark.parametrize("head", ["ensemble", "concat", "sum", "attention"])
def test_every_head_learns_from_probabilities_and_the_score_says_so(head):
    real = toy_clips()
    made = distil(SOFT, per_class=2)
    quick = {"network": Architecture(**NETWORK), "repeats": 1, "protocol": Protocol(epochs=2)}
    quick |= {"measure": Accuracy(head=head)}
    score = evaluated(made, real, **quick)
    assert score.trained_on.labels == "soft"
    assert evaluated(distil("hard", per_class=2), real, **quick).trained_on.labels == "hard"
    assert all(loss > 0 for loss in score.repeats[0].losses)


def test_sure_probabilities_are_the_class_itself():
    """One-hot soft labels train the same student as the classes do."""
    from dataclasses import replace

    real, made = toy_clips(), distil("hard", per_class=2)
    sure = replace(made, soft_labels=F.one_hot(made.labels, 3).float())
    quick = {"network": Architecture(**NETWORK), "repeats": 1, "protocol": Protocol(epochs=3)}
    hard, soft = (evaluated(m, real, **quick).repeats[0] for m in (made, sure))
    assert soft.losses == pytest.approx(hard.losses, rel=1e-4)
    assert Source.of(made).fingerprint != Source.of(sure).fingerprint


@pytest.mark.parametrize("modality", ["audio", "image"])
def test_of_one_modality_the_teacher_says_what_its_classifier_says(modality):
    real = toy_clips().seen_by([modality])
    made = methods.load("random").from_json({"labels": SOFT}).distill(real, seed=2)
    experts = Experts(Training(**TRAINING), Architecture(**NETWORK), view_of(real), None)
    letter = real.modalities[modality].letter
    torch.testing.assert_close(
        made.soft_labels, experts.snapshot(2, 3).student.scores(made.samples())[letter], atol=5e-4, rtol=0
    )


@pytest.mark.parametrize("name", methods.names())
def test_every_method_with_a_teacher_has_seen_labels(name):
    try:
        method = methods.load(name).from_json({"labels": "soft"})
    except InputError as error:
        assert "labels are hard" in str(error)  # noqa: PT017
        return
    assert method.sees_labels


def test_parts_with_soft_labels_do_not_join():
    real = toy_clips()
    method = methods.load("random").from_json({"labels": SOFT})
    with pytest.raises(InputError, match="Soft labels of a part"):
        DistilledSet.concat([method.distill(real.only([c])) for c in real.classes], real.classes)


def test_the_teacher_is_trained_once(tmp_path):
    real, run = toy_clips(), RunContext(cache=tmp_path)
    for name in ("random", "herding"):
        extra = {"network": NETWORK} if name == "herding" else {}
        methods.load(name).from_json({"labels": SOFT, **extra}).distill(real, run=run)
    assert len(list((tmp_path / "experts").iterdir())) == 1
