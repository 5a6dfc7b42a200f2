"""`idm`: a whole run against the loop a person would write, and its cross-entropy."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from tests.helpers.clips import network_input, toy_clips, view_of
from tests.helpers.resume import distil_in_two_goes, same_bits

from limbeck import methods
from limbeck._runtime import generator
from limbeck.errors import InputError
from limbeck.methods import RunContext
from limbeck.methods._experts import Experts, Snapshot
from limbeck.methods.idm import recognition

ENCODERS = {
    "network": {"options": {"width": 4}},
    "bank": 3,
    "batch": None,
    "training": {"epochs": 3, "batch": 12, "lr": 0.05},
    "age": "any",
}
SGD = {"kind": "sgd", "lr": 0.02, "momentum": 0.5, "loop": "joint"}


def make(**settings):
    base = {"steps": 3, "encoders": ENCODERS, "augment": None, "per_class": 2, "start": "random"}
    return methods.load("idm").from_json({**base, **settings})


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A cache in which the experts are trained once for all tests."""
    return RunContext(cache=tmp_path_factory.mktemp("cache"))


def naive(real, method, seed, run):
    """Class by class, modality by modality, sample by sample; torch's SGD stepped once a class."""
    encoders, clips = method.encoders, network_input(real, kind=method.sound)
    experts = Experts(encoders.training, encoders.network, view_of(real, method.sound), run.cache)
    began = method.model_copy(update={"steps": 0}).distill(real, seed=seed, run=run)
    pairs = {m: t.clone().requires_grad_() for m, t in began.tensors.items()}
    optimiser = torch.optim.SGD([*pairs.values()], lr=0.02, momentum=0.5)
    for step in range(method.steps):
        age = int(torch.randint(4, (), generator=generator(seed, "age", step % 3)))
        expert = experts.snapshot(step % 3, age)
        for c in range(len(real.classes)):
            index, own = real.of_class(c), began.labels == c
            loss = 0.0
            for modality in ("audio", "image"):
                encoder, head = expert.student.encoders[modality], expert.student.head.classifiers[modality]
                made = [encoder(x[None])[0] for x in pairs[modality][own]]
                wanted = sum(encoder(x[None])[0] for x in clips[modality][index]) / len(index)
                loss = loss + (wanted.detach() - sum(made) / len(made)).square().sum()
                entropy = sum(-head(x[None]).log_softmax(1)[0, c] for x in made) / len(made)
                loss = loss + method.cross_entropy_weight * 100 * expert.accuracy[modality] * entropy
            optimiser.zero_grad(set_to_none=False)
            loss.backward()
            optimiser.step()
    return pairs


def test_a_run_equals_the_naive_loop(run):
    real, method = toy_clips(), make(optimiser=SGD)
    made = method.distill(real, seed=5, run=run)
    for modality, theirs in naive(real, method, 5, run).items():
        ours = made.tensors[modality]
        moved = float((ours - made.start[modality]).abs().max())
        assert moved > 1e-3
        torch.testing.assert_close(ours, theirs.detach(), rtol=0, atol=moved * 1e-3)


def test_without_cross_entropy_it_is_dm_under_the_same_experts(run):
    real, plain = toy_clips(), make(cross_entropy_weight=0.0, optimiser=SGD)
    dm = methods.load("dm").from_json({k: v for k, v in plain.to_json().items() if k != "cross_entropy_weight"})
    assert same_bits(plain.distill(real, run=run), dm.distill(real, run=run))
    assert not same_bits(plain.distill(real, run=run), make(optimiser=SGD).distill(real, run=run))


def expert(run, epoch):
    real, encoders = toy_clips(), make().encoders
    return Experts(encoders.training, encoders.network, view_of(real), run.cache).snapshot(0, epoch)


def noise(trained, *shape, **how):
    """Features of both modalities."""
    return {
        m: torch.randn(*shape, encoder.dim, generator=torch.Generator().manual_seed(s), **how)
        for s, (m, encoder) in enumerate(trained.student.encoders.items())
    }


def test_the_cross_entropy_weighs_as_much_as_the_expert_knows(run):
    fresh, trained = expert(run, 0), expert(run, 3)
    features, labels = noise(trained, 2, 4), torch.tensor([1, 2])
    assert torch.equal(recognition(fresh, features, labels), torch.zeros(2))
    assert trained.accuracy["audio"] > 0.3
    for c, label in enumerate((1, 2)):
        wanted = sum(
            100 * trained.accuracy[m] * F.cross_entropy(classify(features[m][c]), torch.full((4,), label))
            for m, classify in trained.student.head.classifiers.items()
        )
        torch.testing.assert_close(recognition(trained, features, labels)[c], wanted)
    knows_more = Snapshot(trained.student, {m: 2 * a for m, a in trained.accuracy.items()})
    torch.testing.assert_close(recognition(knows_more, features, labels), 2 * recognition(trained, features, labels))


def test_gradient_of_the_cross_entropy(run):
    trained = expert(run, 3)
    features = noise(trained, 1, 2, dtype=torch.float64, requires_grad=True)
    check = Snapshot(trained.student.double(), trained.accuracy)

    def found(audio, image):
        return recognition(check, {"audio": audio, "image": image}, torch.tensor([1]))

    assert torch.autograd.gradcheck(found, (features["audio"], features["image"]))


def test_classes_are_matched_apart_but_recognised_among_all(run, monkeypatch):
    real, method = toy_clips(), make()
    whole = method.distill(real, run=run)
    monkeypatch.setattr("limbeck.methods._steps.GRAPH_PIXELS", 1)
    apart = method.distill(real, run=run)
    torch.testing.assert_close(apart.tensors["audio"], whole.tensors["audio"], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("bank", [None, 3])
def test_stopped_in_the_middle_ends_with_the_same_bits(bank, run):
    real, method = toy_clips(), make(steps=4, augment={}, encoders={**ENCODERS, "bank": bank})
    assert same_bits(
        method.distill(real, seed=2, run=run),
        distil_in_two_goes(method, real, seed=2, stop_at=2, run=run),
    )


def test_refuses_to_do_without_experts():
    with pytest.raises(InputError, match=r"set encoders\.training"):
        make(encoders={**ENCODERS, "training": None})
