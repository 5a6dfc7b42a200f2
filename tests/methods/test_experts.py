"""Experts: trained once, kept epoch by epoch, the same bits however often the training is killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tests.helpers.clips import network_input, toy_clips, view_of
from tests.helpers.killed_experts import EPOCHS, EXPERTS, TRAINING, contents, experts

from limbeck import methods
from limbeck.errors import DivergedError, InputError
from limbeck.methods import RunContext
from limbeck.methods._experts import Experts, Training
from limbeck.networks import Architecture

NETWORK = Architecture(options={"width": 6})
ROOT = Path(__file__).parents[2]
KILLS = 12


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


@pytest.mark.slow
def test_killed_at_random_moments_the_files_are_those_of_a_run_left_alone(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "tests.helpers.killed_experts", str(tmp_path), str(KILLS)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        timeout=300,
        check=True,
    )
    told = json.loads(done.stdout)
    assert len(told["whole"]) == EXPERTS * (EPOCHS + 2)  # epoch 0, the others, the optimiser
    assert told["ends"]
    for end in told["ends"]:
        assert end.keys() == told["whole"].keys()
        behind = {name for name, digest in end.items() if digest != told["whole"][name]}
        # Killed between the last weights and the optimiser: a longer training does the last epoch again.
        assert all("optimiser" in name and end[name] == told["shorter"][name] for name in behind)
    assert any(0 < files < len(told["whole"]) for files in told["left"]), "no kill came in the middle"


def test_a_shorter_training_goes_on_as_a_longer_one(tmp_path):
    short = TRAINING.model_copy(update={"epochs": 3})
    experts(tmp_path / "in turns", short).tensors(0, 3)
    before = contents(tmp_path / "in turns")
    experts(tmp_path / "in turns").tensors(0, EPOCHS)
    experts(tmp_path / "at once").tensors(0, EPOCHS)
    after = contents(tmp_path / "in turns")
    assert after == contents(tmp_path / "at once")
    assert all(after[k] == v for k, v in before.items() if "optimiser" not in k)


def test_an_optimiser_that_is_behind_its_weights_costs_an_epoch_and_no_bit(tmp_path):
    longer = TRAINING.model_copy(update={"epochs": EPOCHS + 1})
    experts(tmp_path / "behind", TRAINING.model_copy(update={"epochs": EPOCHS - 1})).tensors(0, EPOCHS - 1)
    (file,) = (tmp_path / "behind").rglob("optimiser.safetensors")
    behind = file.read_bytes()
    experts(tmp_path / "behind").tensors(0, EPOCHS)
    file.write_bytes(behind)
    experts(tmp_path / "behind", longer).tensors(0, EPOCHS + 1)
    experts(tmp_path / "at once", longer).tensors(0, EPOCHS + 1)
    assert contents(tmp_path / "behind") == contents(tmp_path / "at once")


def test_every_setting_but_the_length_makes_other_experts(tmp_path):
    experts(tmp_path).tensors(0, 1)
    experts(tmp_path, TRAINING.model_copy(update={"epochs": 2})).tensors(0, 1)
    assert len(list((tmp_path / "experts").iterdir())) == 1
    experts(tmp_path, TRAINING.model_copy(update={"lr": 0.02, "epochs": 1})).tensors(0, 1)
    assert len(list((tmp_path / "experts").iterdir())) == 2


def test_a_second_distillation_trains_nothing(tmp_path, monkeypatch):
    network = {"network": {"options": {"width": 6}}}
    method = methods.load("mtt").configured(
        steps=2, student_steps=2, encoders={**network, "bank": 2, "training": {"epochs": 2, "batch": 16}}
    )
    method.distill(toy_clips(), seed=0, run=RunContext(cache=tmp_path))
    written = {f: f.stat().st_mtime_ns for f in tmp_path.rglob("*.safetensors")}
    monkeypatch.setattr(Experts, "_train", lambda *a: pytest.fail("trained again"))
    for seed, per_class in ((0, 1), (0, 2)):
        method.model_copy(update={"per_class": per_class}).distill(
            toy_clips(), seed=seed, run=RunContext(cache=tmp_path)
        )
    assert {f: f.stat().st_mtime_ns for f in tmp_path.rglob("*.safetensors")} == written


@pytest.mark.slow
def test_two_processes_at_once_train_once(tmp_path):
    """The second waits for the first, and then finds every epoch there."""
    code = (
        "import sys, torch; from pathlib import Path; torch.set_num_threads(1)\n"
        "from tests.helpers.killed_experts import EPOCHS, Experts, experts\n"
        "epoch, trained = Experts._epoch, []\n"
        "Experts._epoch = lambda *a: (trained.append(1), epoch(*a))[1]\n"
        "made = experts(Path(sys.argv[1])); made.tensors(0, EPOCHS); print(len(trained))\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    both = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert sum(int(p.communicate(timeout=120)[0]) for p in both) == EPOCHS


def test_without_a_cache_experts_are_kept_in_memory(tmp_path, monkeypatch):
    kept = experts(tmp_path)
    loose = experts(None)
    assert all(same(loose.tensors(0, e), kept.tensors(0, e)) for e in range(EPOCHS + 1))
    monkeypatch.setattr(Experts, "_train", lambda *a: pytest.fail("trained again"))
    assert same(loose.tensors(0, 2), kept.tensors(0, 2))


def test_a_missing_epoch_is_made_again(tmp_path):
    made = experts(tmp_path)
    first = made.tensors(0, 2)
    (file,) = tmp_path.rglob("2.safetensors")
    file.unlink()
    assert same(experts(tmp_path).tensors(0, 2), first)


def test_experts_learn_and_say_how_well(tmp_path):
    made = experts(tmp_path, TRAINING.model_copy(update={"lr": 0.05, "augment": None}))
    assert made.snapshot(0, 0).accuracy == {"audio": 0.0, "image": 0.0}
    last = made.snapshot(0, EPOCHS)
    assert last.accuracy["audio"] > 0.8
    assert not any(w.requires_grad for w in last.student.parameters())
    assert not same(made.tensors(0, EPOCHS), made.tensors(1, EPOCHS))


def test_an_epoch_equals_plain_gradient_descent_written_out():
    """Full batches, momentum and weight decay by hand, one modality after the other."""
    training = Training(
        epochs=3, batch=100, lr={"audio": 0.1, "image": 0.05}, momentum=0.9, weight_decay=0.01, augment=None
    )
    made = experts(None, training)
    real = toy_clips()
    for modality, rate in training.lr.items():
        x = network_input(real)[modality]
        student = made.snapshot(0, 0).student.requires_grad_()
        encode, classify = student.encoders[modality], student.head.classifiers[modality]
        weights = [*encode.parameters(), *classify.parameters()]
        speed = [torch.zeros_like(w) for w in weights]
        for _ in range(3):
            logits = classify(encode(x))
            loss = (torch.logsumexp(logits, 1) - logits[torch.arange(len(x)), real.labels]).mean()
            gradients = torch.autograd.grad(loss, weights)
            with torch.no_grad():
                for w, v, g in zip(weights, speed, gradients, strict=True):
                    v.mul_(0.9).add_(g + 0.01 * w)
                    w -= rate * v
        last = made.snapshot(0, 3).student
        theirs = [*last.encoders[modality].parameters(), *last.head.classifiers[modality].parameters()]
        for ours, other in zip(weights, theirs, strict=True):
            torch.testing.assert_close(ours, other, rtol=1e-3, atol=1e-5)


def test_divergence_is_told_and_nothing_of_it_is_kept(tmp_path):
    wild = TRAINING.model_copy(update={"lr": 1e38})
    with pytest.raises(DivergedError, match=r"expert 0 became NaN or infinite in epoch 1 of 6"):
        experts(tmp_path, wild).tensors(0, 1)
    assert [f.name for f in tmp_path.rglob("[0-9].safetensors")] == ["0.safetensors"]


def test_no_half_file_bears_the_name_of_an_epoch(tmp_path, monkeypatch):
    """Writing ends in the middle: the temporary name is all that is left, then not even that."""

    def stop(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        experts(tmp_path).tensors(0, 1)
    assert not list(tmp_path.rglob("*.safetensors"))


def test_experts_of_one_modality_have_its_classifier_alone(tmp_path):
    made = Experts(TRAINING, NETWORK, view_of(toy_clips().seen_by(["image"])), tmp_path)
    last = made.snapshot(0, EPOCHS)
    assert set(last.accuracy) == set(last.student.encoders) == set(last.student.head.classifiers) == {"image"}


def test_a_modality_without_a_rate_is_told_before_an_epoch_is_kept(tmp_path):
    with pytest.raises(InputError, match="no learning rate of image; there is one of audio"):
        experts(tmp_path, TRAINING.model_copy(update={"lr": {"audio": 0.02}})).tensors(0, 1)
    assert not list(tmp_path.rglob("*.safetensors"))
