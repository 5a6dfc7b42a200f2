"""`krr`: the closed form against gradient-free second implementations, and what must not matter."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge
from tests.helpers.clips import network_input, toy_clips
from tests.helpers.resume import distil_in_two_goes, same_bits

from limbeck import methods
from limbeck._runtime import generator
from limbeck.errors import InputError
from limbeck.methods import EncoderSource, RunContext
from limbeck.methods._ridge import ridge_predictions, unit_rows
from limbeck.networks.convnet import ConvNet
from limbeck.parameterisations.mosaic import unpack

ENCODERS = {"network": {"options": {"width": 4}}, "bank": 2, "batch": None}


def make(**settings):
    base = {"steps": 4, "per_class": 2, "encoders": ENCODERS, "start": "random", "ridge": 1}
    return methods.load("krr").from_json({**base, **settings})


def features(classes=3, real=6, synthetic=2, dims=(20, 15), seed=0):
    """Random embeddings of every class: real sound, real pictures, synthetic sound, synthetic pictures."""
    source = torch.Generator().manual_seed(seed)

    def drawn(*shape):
        return torch.randn(*shape, dtype=torch.float64, generator=source)

    sizes = range(real, real + classes)  # classes of different size
    reals = [[drawn(n, d) + 3 for n in sizes] for d in dims]
    return [*reals, *(drawn(classes, synthetic, d) + 3 for d in dims)]


def loss(method, real_audio, real_image, audio, image):
    return method._errors({"audio": real_audio, "image": real_image}, {"audio": audio, "image": image})


def naive(real_audio, real_image, audio, image, ridge, joint):
    """Sample by sample in NumPy, weights from scikit-learn's primal ridge regression."""
    sides = []
    for real, synthetic in ((real_audio, audio), (real_image, image)):
        mean = np.concatenate(real).mean(0)
        centred = [[row - mean for row in own] for own in (*real, *synthetic)]
        unit = [np.array([row / np.sqrt(row @ row) for row in own]) for own in centred]
        sides.append((unit[: len(real)], unit[len(real) :]))
    if joint:
        (ra, sa), (rv, sv) = sides
        sides = [tuple([np.hstack(x) / 2**0.5 for x in zip(a, v, strict=True)] for a, v in ((ra, rv), (sa, sv)))]
    classes = len(real_audio)
    losses = np.zeros(classes)
    for real, synthetic in sides:
        rows = [(x, np.eye(classes)[c] - 1 / classes) for c in range(classes) for x in synthetic[c]]
        model = Ridge(alpha=ridge, fit_intercept=False, solver="svd").fit(*map(np.array, zip(*rows, strict=True)))
        for c in range(classes):
            wanted = np.eye(classes)[c] - 1 / classes
            losses[c] += np.mean([((model.coef_ @ x - wanted) ** 2).sum() for x in real[c]])
    return losses


@pytest.mark.parametrize("joint", [False, True])
@pytest.mark.parametrize(("synthetic", "ridge"), [(1, 1.0), (2, 0.01), (9, 1.0), (12, 0.3)])  # dual, then primal
def test_the_loss_is_that_of_a_ridge_regression_by_scikit_learn(joint, synthetic, ridge):
    parts = features(synthetic=synthetic)
    ours = loss(make(joint=joint, ridge=ridge), *parts)
    theirs = naive(*([x.numpy() for x in side] for side in parts), ridge, joint)
    np.testing.assert_allclose(ours, theirs, rtol=1e-8)


@pytest.mark.parametrize("rows", [3, 30])
def test_gradients_match_finite_differences(rows):
    source = torch.Generator().manual_seed(1)
    train, test, targets = (torch.randn(n, d, dtype=torch.float64, generator=source) for n, d in
                            ((rows, 8), (5, 8), (rows, 2)))  # fmt: skip
    assert torch.autograd.gradcheck(lambda x: ridge_predictions(x, targets, test, 0.1), train.requires_grad_())


@pytest.mark.parametrize("joint", [False, True])
def test_blind_to_rotation_shift_and_scale_of_features_and_to_the_order_of_real_clips(joint):
    real_audio, real_image, audio, image = features()
    method = make(joint=joint)
    plain = loss(method, real_audio, real_image, audio, image)
    draw = torch.Generator().manual_seed(3)
    turn = torch.linalg.qr(torch.randn(20, 20, dtype=torch.float64, generator=draw)).Q
    orders = [torch.randperm(len(x), generator=draw) for x in real_audio]
    turned = loss(
        method,
        [(x @ turn * 5 + 2)[o] for x, o in zip(real_audio, orders, strict=True)],
        [x[o] for x, o in zip(real_image, orders, strict=True)],
        audio @ turn * 5 + 2,
        image,
    )
    torch.testing.assert_close(turned, plain)


def test_only_the_joint_regression_lets_the_modalities_meet():
    real_audio, real_image, audio, image = features()
    for joint in (False, True):
        a, v = audio.clone().requires_grad_(), image.clone().requires_grad_()
        total = loss(make(joint=joint), real_audio, real_image, a, v).sum()
        (gradient,) = torch.autograd.grad(total, a, create_graph=True)
        (mixed,) = torch.autograd.grad(gradient.square().sum(), v, allow_unused=True, materialize_grads=True)
        assert bool(mixed.abs().max() > 1e-9) is joint


def test_equal_rows_and_rows_at_the_mean_give_finite_gradients():
    same = torch.ones(4, 5)
    real, synthetic = unit_rows([same, same], same[None].clone().requires_grad_())
    predicted = ridge_predictions(synthetic, torch.eye(4), real, 1e-3)
    (gradient,) = torch.autograd.grad(predicted.sum(), synthetic)
    assert torch.isfinite(gradient).all()
    assert (predicted == 0).all()


@pytest.mark.parametrize("joint", [False, True])
@pytest.mark.parametrize(("hold", "side"), [("plain", 1), ("mosaic:2", 2)])
def test_a_run_equals_the_naive_loop(joint, hold, side):
    """Network by network, clip by clip; torch's SGD on the loss written out with an inverse matrix."""
    real = toy_clips(per_class=5)
    optimiser = {"kind": "sgd", "lr": 20, "momentum": 0.5}
    method = make(joint=joint, hold=hold, augment=None, per_class=1, steps=3, optimiser=optimiser)
    made = method.distill(real, seed=4)
    pairs, clips = {m: t.clone().requires_grad_() for m, t in made.start.items()}, network_input(real)
    optimiser = torch.optim.SGD([*pairs.values()], lr=20, momentum=0.5)
    wanted = torch.eye(3) - 1 / 3
    for step in range(3):
        encoders = ConvNet(width=4).encoders(real.shapes, generator=generator(4, "weights", step % 2))
        kernels = []
        for modality, encoder in encoders.items():
            ours = encoder(unpack(pairs[modality], (side, side)))
            theirs = torch.stack([encoder(x[None])[0].detach() for x in clips[modality]])
            ours, theirs = ours - theirs.mean(0), theirs - theirs.mean(0)
            ours, theirs = (x / x.norm(dim=1, keepdim=True) for x in (ours, theirs))
            kernels.append((ours @ ours.T, theirs @ ours.T))
        if joint:
            kernels = [tuple(sum(k) / 2 for k in zip(*kernels, strict=True))]
        labels = wanted.repeat(side**2, 1)
        guesses = [k @ torch.linalg.inv(own + torch.eye(len(own))) @ labels for own, k in kernels]
        optimiser.zero_grad()
        sum((g - wanted[real.labels]).square().sum(1).mean() * 3 for g in guesses).backward()
        optimiser.step()
    for modality, began in made.start.items():
        ours = made.tensors[modality]
        assert (ours - began).abs().max() > 0.05
        assert (ours - pairs[modality].detach()).norm() < 0.01 * (ours - began).norm()


def test_a_run_that_was_stopped_ends_with_the_same_bits():
    real, method = toy_clips(), make(hold="mosaic:2", encoders=ENCODERS | {"batch": 5})
    assert same_bits(distil_in_two_goes(method, real, seed=2, stop_at=3), method.distill(real, seed=2))


def test_the_loss_goes_down():
    losses = []
    make(steps=20, start="noise", encoders=ENCODERS | {"bank": 1}).distill(
        toy_clips(), run=RunContext(on_step=lambda report: losses.append(report.loss))
    )
    assert losses[-1] < 0.5 * losses[0]


def test_a_plan_counts_real_clips_once_a_network():
    method = make(steps=10, per_class=3, hold="mosaic:2", encoders=ENCODERS | {"batch": 5})
    assert method.passes([4, 9]) == (2 * (4 + 5), 10 * 2 * 3 * 4)


def test_a_ridge_too_small_for_single_precision_is_refused():
    with pytest.raises(InputError, match="ridge"):
        make(ridge=0)
    assert EncoderSource.from_json(ENCODERS).training is None
    assert not make().sees_labels
