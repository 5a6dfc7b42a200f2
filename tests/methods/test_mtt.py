"""`mtt`: the published numbers, plain unrolling, and what must not change the result."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import ClassVar

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from tests.helpers.clips import toy_clips, view_of
from tests.helpers.resume import distil_in_two_goes, same_bits

from limbeck import methods
from limbeck._runtime import generator
from limbeck.augment import SiameseAugment
from limbeck.errors import InputError
from limbeck.methods import RunContext
from limbeck.methods._branch import Branch
from limbeck.methods._experts import Experts
from limbeck.methods._losses import trajectory_distance
from limbeck.methods._unrolled import descend
from limbeck.networks import Student, heads
from limbeck.networks.convnet import ConvNet

MODALITIES = ("audio", "image")
ENCODERS = {
    "network": {"options": {"width": 6}},
    "bank": 2,
    "training": {"epochs": 3, "batch": 8, "lr": 0.05},
}


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def make(**settings):
    base = {"steps": 3, "encoders": ENCODERS, "student_steps": 3, "start": "random", "rate_lr": 1e-5}
    return methods.load("mtt").configured(**{**base, **settings})


def test_loss_and_gradients_of_a_linear_student_match_the_reference(golden):
    file = np.load(golden / "mtt_loss.npz")
    x, labels, theta0, target, rate = (torch.tensor(file[n]) for n in ("x", "y", "theta0", "target", "syn_lr"))
    batches = [torch.tensor([i for i in row if i >= 0]) for row in file["indices"].tolist()]

    def inner(weights, inputs, step):
        return F.cross_entropy(inputs @ weights[:18].view(3, 6).T + weights[18:], labels[batches[step]])

    outer = partial(trajectory_distance, target=target, departed=theta0)
    found = descend(inner, outer, start=theta0, rate=rate, inputs=x, batches=batches)
    np.testing.assert_allclose(found.weights, file["theta_T"], rtol=1e-12)
    assert float(found.loss) == pytest.approx(file["loss"].item(), rel=1e-12)
    np.testing.assert_allclose(found.inputs, file["grad_x"], rtol=1e-9, atol=1e-14)
    assert found.rate.item() == pytest.approx(file["grad_lr"].item(), rel=1e-9)


def unrolled(inner, outer, start, rate, inputs, batches):
    """The same by keeping the graph of everything."""
    inputs, rate = inputs.clone().requires_grad_(), rate.clone().requires_grad_()
    weights = start.clone().requires_grad_()
    for step, index in enumerate(batches):
        (gradient,) = torch.autograd.grad(inner(weights, inputs[index], step), weights, create_graph=True)
        weights = weights - rate * gradient
    loss = outer(weights)
    return (weights, loss, *torch.autograd.grad(loss, [inputs, rate]))


@pytest.mark.parametrize("augment", [None, SiameseAugment()])
@pytest.mark.parametrize("modality", MODALITIES)
def test_constant_memory_drops_no_term(modality, augment, tmp_path):
    """A convolutional branch in float64, mini-batches of uneven size, against the graph of the whole descent."""
    draw = torch.Generator().manual_seed(0)
    encoders = ConvNet(width=4).encoders({"audio": (1, 16, 16), "image": (3, 16, 16)}, generator=draw)
    dims, letters = {m: e.dim for m, e in encoders.items()}, {"audio": "A", "image": "V"}
    student = Student(encoders, heads.load("ensemble")(dims, 3, letters, generator=draw)).double()
    branch = Branch(student, modality)
    start = branch.flat() + 0.05 * torch.randn(branch.flat().shape, generator=draw, dtype=torch.float64)
    target = start + 0.1 * torch.randn(start.shape, generator=draw, dtype=torch.float64)
    inputs = torch.randn(5, 1 if modality == "audio" else 3, 16, 16, generator=draw, dtype=torch.float64)
    labels = torch.tensor([0, 1, 2, 0, 1])
    batches = [torch.tensor(b) for b in ([3, 0], [1, 2, 4], [4], [0, 1, 2, 3], [2, 0], [1, 3, 4])]
    changes = [augment.draw(draw, len(b)) if augment else None for b in batches]

    def inner(weights, x, step):
        x = augment.apply(x, changes[step]) if augment else x
        return F.cross_entropy(branch.with_weights(weights, x), labels[batches[step]])

    outer = partial(trajectory_distance, target=target, departed=start)
    rate = torch.tensor(0.2, dtype=torch.float64)
    ours = descend(inner, outer, start=start, rate=rate, inputs=inputs, batches=batches, folder=tmp_path)
    weights, loss, to_inputs, to_rate = unrolled(inner, outer, start, rate, inputs, batches)
    torch.testing.assert_close(ours.weights, weights, rtol=1e-11, atol=1e-12)
    assert float(ours.loss) == pytest.approx(loss.item(), rel=1e-11)
    torch.testing.assert_close(ours.inputs, to_inputs, rtol=1e-8, atol=1e-11 * float(to_inputs.abs().max()))
    assert ours.rate.item() == pytest.approx(to_rate.item(), rel=1e-9)
    assert not list(tmp_path.iterdir())


def naive(real, method, seed, run):
    """One step as a person would write it first: pairs, rates, everything in one graph, torch's own optimiser."""
    began = method.model_copy(update={"steps": 0}).distill(real, seed=seed)
    pairs = [began.tensors[m].clone().requires_grad_() for m in MODALITIES]
    rates = [torch.tensor(method.rate, requires_grad=True) for _ in MODALITIES]
    images = torch.optim.SGD(pairs, lr=method.optimiser.lr, momentum=0.5)
    learning = torch.optim.SGD(rates, lr=method.rate_lr, momentum=0.5)
    experts = Experts(method.encoders.training, method.encoders.network, view_of(real, method.sound), run.cache)
    losses = []
    for step in range(method.steps):
        draw = generator(seed, "trajectory", step)
        expert = int(torch.randint(2, (), generator=draw))
        begin = int(torch.randint(2, (), generator=draw))
        total = torch.zeros(())
        for pair, rate, modality in zip(pairs, rates, MODALITIES, strict=True):
            first, last = (
                list(Branch(experts.snapshot(expert, e).student, modality).parameters())
                for e in (begin, begin + method.expert_epochs)
            )
            template = Branch(experts.snapshot(expert, begin).student, modality)
            names = [n for n, _ in template.named_parameters()]
            weights = [w.clone().requires_grad_() for w in first]
            for _ in range(method.student_steps):
                logits = torch.func.functional_call(template, dict(zip(names, weights, strict=True)), (pair,))
                loss = F.cross_entropy(logits, began.labels)
                gradients = torch.autograd.grad(loss, weights, create_graph=True)
                weights = [w - rate * g for w, g in zip(weights, gradients, strict=True)]
            far = sum((w - t).square().sum() for w, t in zip(weights, last, strict=True))
            way = sum((w - t).square().sum() for w, t in zip(first, last, strict=True))
            total = total + far / way
        images.zero_grad()
        learning.zero_grad()
        total.backward()
        images.step()
        learning.step()
        losses.append(total.item())
    return *(p.detach() for p in pairs), losses


def test_the_method_equals_the_naive_loop(tmp_path):
    real, run, losses = toy_clips(), RunContext(cache=tmp_path), []
    sgd = {"kind": "sgd", "lr": 20.0, "momentum": 0.5}
    method = make(optimiser=sgd, rate=0.05, rate_lr=1e-5, augment=None, per_class=2)
    made = method.distill(real, seed=4, run=RunContext(cache=tmp_path, on_step=lambda r: losses.append(r.loss)))
    audio, image, expected = naive(real, method, 4, run)
    assert losses == pytest.approx(expected, rel=1e-4)
    for modality, theirs in (("audio", audio), ("image", image)):
        ours = made.tensors[modality]
        moved = float((ours - made.start[modality]).abs().max())
        assert moved > 1e-3
        torch.testing.assert_close(ours, theirs, rtol=0, atol=2e-3 * moved)


def test_a_perfect_imitation_costs_nothing():
    """Where the pairs are the experts' only clips, the student does what the expert did: distance 0, gradient 0."""
    real = toy_clips(per_class=4)
    losses = []
    encoders = ENCODERS | {"training": {"epochs": 2, "batch": 12, "augment": None}}
    method = make(
        per_class=4, steps=1, encoders=encoders, augment=None, student_steps=2, expert_epochs=2, rate=0.01, sound="raw"
    )
    made = method.distill(real, run=RunContext(on_step=lambda r: losses.append(r.loss)))
    assert len(made) == len(real)
    assert losses[0] < 1e-6


def test_the_order_of_classes_does_not_matter(tmp_path):
    """The first loss of one descent over the same clips in another order of samples."""
    draw = torch.Generator().manual_seed(1)
    inputs = torch.randn(6, 4, generator=draw, dtype=torch.float64)
    labels = torch.arange(6) % 2
    order = torch.randperm(6, generator=draw)

    def run(x, y):
        def inner(w, part, step):
            return F.cross_entropy(part @ w.view(2, 4).T, y)

        start, target = torch.linspace(-1, 1, 8, dtype=torch.float64), torch.ones(8, dtype=torch.float64)
        outer = partial(trajectory_distance, target=target, departed=start)
        rate = torch.tensor(0.3, dtype=torch.float64)
        return descend(inner, outer, start=start, rate=rate, inputs=x, batches=[torch.arange(6)] * 5)

    plain, shuffled = run(inputs, labels), run(inputs[order], labels[order])
    torch.testing.assert_close(shuffled.inputs, plain.inputs[order])
    torch.testing.assert_close(shuffled.rate, plain.rate)


@pytest.mark.parametrize("stop_at", [1, 3])
def test_resumed_in_the_middle_it_ends_with_the_same_bits(stop_at, tmp_path):
    """The learnt rates move far enough to tell, and their momentum with them."""
    real, run = toy_clips(), RunContext(cache=tmp_path)
    method = make(steps=5, student_batch=2, hold="mosaic:2", rate_lr=1e-4)
    whole = method.distill(real, seed=2, run=run)
    assert same_bits(whole, distil_in_two_goes(method, real, seed=2, stop_at=stop_at, run=run))
    still = method.model_copy(update={"rate_lr": 0.0}).distill(real, seed=2, run=run)
    assert not same_bits(whole, still)


def test_the_loss_goes_down(tmp_path):
    losses = []
    encoders = ENCODERS | {"bank": 1}
    method = make(steps=15, student_steps=2, augment=None, encoders=encoders, max_start_epoch=1, start="noise")
    method.distill(toy_clips(), run=RunContext(cache=tmp_path, on_step=lambda r: losses.append(r.loss)))
    assert losses[-1] < 0.9 * losses[0]


def test_experts_are_needed_and_must_go_far_enough():
    with pytest.raises(InputError, match=r"encoders\.training must say"):
        make(encoders=ENCODERS | {"training": None})
    with pytest.raises(InputError, match="expert_epochs is 4, but experts are trained for 3"):
        make(expert_epochs=4)


def test_a_learnt_rate_stays_above_zero_whatever_its_gradient(tmp_path):
    class Watch:
        rates: ClassVar[list[float]] = []

        def load(self):
            return None

        def offer(self, step, tensors):
            self.rates.append(tensors()["state.audio.rate"].item())

    make(rate=1.0, rate_lr=1e6, steps=6).distill(toy_clips(), run=RunContext(cache=tmp_path, checkpoint=Watch()))
    assert all(later / earlier >= 0.899 for earlier, later in pairwise([1.0, *Watch.rates]))
    assert Watch.rates[-1] != 1.0


def test_plans_count_second_order():
    method = make(per_class=2, hold="mosaic:2", student_batch=5)
    assert method.passes([12, 12, 12]).backward == 3 * 3 * 5 * 4
