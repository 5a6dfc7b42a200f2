"""`idm`: a whole run against the loop a person would write, and its cross-entropy."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from tests.helpers.clips import toy_clips
from tests.helpers.resume import distil_in_two_goes, same_bits

from limbeck import methods
from limbeck._runtime import generator
from limbeck.datasets import Scale
from limbeck.errors import InputError
from limbeck.methods import Work
from limbeck.methods._experts import Experts, Snapshot
from limbeck.methods.idm import recognition

ENCODERS = {
    "network": {"options": {"width": 4}},
    "bank": 3,
    "batch": None,
    "training": {"epochs": 3, "batch": 12, "audio_lr": 0.05, "image_lr": 0.05},
    "age": "any",
}
SGD = {"kind": "sgd", "audio_lr": 0.02, "image_lr": 0.02, "momentum": 0.5, "loop": "joint"}


def make(**settings):
    base = {"steps": 3, "encoders": ENCODERS, "augment": None, "mosaic": 1, "per_class": 2, "start": "random"}
    return methods.load("idm").from_json({**base, **settings})


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A cache in which the experts are trained once for all tests."""
    return Work(cache=tmp_path_factory.mktemp("cache"))


def naive(real, method, seed, work):
    """Class by class, modality by modality, sample by sample; torch's SGD stepped once a class."""
    scale = Scale.of(real.statistics, method.sound)
    encoders = method.encoders
    experts = Experts(encoders.training, encoders.network, real, scale, work)
    began = method.model_copy(update={"steps": 0}).distill(real, seed=seed, work=work)
    audio, image = (t.clone().requires_grad_() for t in (began.audio, began.image))
    optimiser = torch.optim.SGD([audio, image], lr=0.02, momentum=0.5)
    for step in range(method.steps):
        age = int(torch.randint(4, (), generator=generator(seed, "age", step % 3)))
        expert = experts.snapshot(step % 3, age)
        for c in range(len(real.classes)):
            index, own = real.of_class(c), began.labels == c
            loss = 0.0
            for modality, pairs, clips in (
                ("audio", audio, scale.audio(real.audio(index))),
                ("image", image, scale.image(real.frames(index))),
            ):
                encoder, head = expert.student.pair[modality], getattr(expert.student.head, modality)
                made = [encoder(x[None])[0] for x in pairs[own]]
                wanted = sum(encoder(x[None])[0] for x in clips) / len(clips)
                loss = loss + (wanted.detach() - sum(made) / len(made)).square().sum()
                entropy = sum(-head(x[None]).log_softmax(1)[0, c] for x in made) / len(made)
                loss = loss + method.cross_entropy_weight * 100 * expert.accuracy[modality] * entropy
            optimiser.zero_grad(set_to_none=False)
            loss.backward()
            optimiser.step()
    return audio.detach(), image.detach()


def test_a_run_equals_the_naive_loop(work):
    real, method = toy_clips(), make(optimiser=SGD)
    made = method.distill(real, seed=5, work=work)
    audio, image = naive(real, method, 5, work)
    for ours, theirs, start in ((made.audio, audio, made.start[0]), (made.image, image, made.start[1])):
        moved = float((ours - start).abs().max())
        assert moved > 1e-3
        torch.testing.assert_close(ours, theirs, rtol=0, atol=moved * 1e-3)


def test_without_cross_entropy_it_is_dm_under_the_same_experts(work):
    real, plain = toy_clips(), make(cross_entropy_weight=0.0, optimiser=SGD)
    dm = methods.load("dm").from_json({k: v for k, v in plain.to_json().items() if k != "cross_entropy_weight"})
    assert same_bits(plain.distill(real, work=work), dm.distill(real, work=work))
    assert not same_bits(plain.distill(real, work=work), make(optimiser=SGD).distill(real, work=work))


def expert(work, epoch):
    real = toy_clips()
    method = make()
    return Experts(
        method.encoders.training, method.encoders.network, real, Scale.of(real.statistics, "standardised"), work
    ).snapshot(0, epoch)


def test_the_cross_entropy_weighs_as_much_as_the_expert_knows(work):
    fresh, trained = expert(work, 0), expert(work, 3)
    dim = trained.student.encoders().audio.dim
    audio, image = (torch.randn(2, 4, dim, generator=torch.Generator().manual_seed(s)) for s in (0, 1))
    labels = torch.tensor([1, 2])
    assert torch.equal(recognition(fresh, audio, image, labels), torch.zeros(2))
    assert trained.accuracy["audio"] > 0.3
    for c, label in enumerate((1, 2)):
        wanted = sum(
            100 * trained.accuracy[m] * F.cross_entropy(getattr(trained.student.head, m)(x[c]), torch.full((4,), label))
            for m, x in (("audio", audio), ("image", image))
        )
        torch.testing.assert_close(recognition(trained, audio, image, labels)[c], wanted)
    knows_more = Snapshot(trained.student, {m: 2 * a for m, a in trained.accuracy.items()})
    torch.testing.assert_close(
        recognition(knows_more, audio, image, labels), 2 * recognition(trained, audio, image, labels)
    )


def test_gradient_of_the_cross_entropy(work):
    trained = expert(work, 3)
    student = trained.student.double()
    dim = student.encoders().audio.dim
    audio, image = (
        torch.randn(1, 2, dim, generator=torch.Generator().manual_seed(s), dtype=torch.float64, requires_grad=True)
        for s in (0, 1)
    )
    check = Snapshot(student, trained.accuracy)
    assert torch.autograd.gradcheck(lambda x, y: recognition(check, x, y, torch.tensor([1])), (audio, image))


def test_classes_are_matched_apart_but_recognised_among_all(work, monkeypatch):
    real, method = toy_clips(), make()
    whole = method.distill(real, work=work)
    monkeypatch.setattr("limbeck.methods._matching.GRAPH_PIXELS", 1)
    torch.testing.assert_close(method.distill(real, work=work).audio, whole.audio, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("bank", [None, 3])
def test_stopped_in_the_middle_ends_with_the_same_bits(bank, work):
    real, method = toy_clips(), make(steps=4, augment={}, encoders={**ENCODERS, "bank": bank})
    assert same_bits(
        method.distill(real, seed=2, work=work),
        distil_in_two_goes(method, real, seed=2, stop_at=2, work=work),
    )


def test_refuses_to_do_without_experts():
    with pytest.raises(InputError, match=r"set encoders\.training"):
        make(encoders={**ENCODERS, "training": None})
