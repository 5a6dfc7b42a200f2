"""`m3d`: kernel discrepancy against loops, `dm` as its linear case, and what must not change it."""

from __future__ import annotations

import math

import pytest
import torch
from tests.helpers.clips import toy_clips

from limbeck import methods
from limbeck.methods.m3d import M3D


def features(real=6, synthetic=3, dim=5, seed=0):
    draw = torch.Generator().manual_seed(seed)
    return [
        torch.randn(n, dim, generator=draw, dtype=torch.float64) + (n == synthetic)
        for n in (real, real, synthetic, synthetic)
    ]


def loss(method, real_audio, real_image, audio, image):
    return method._discrepancy(real_audio, audio) + method._discrepancy(real_image, image)


def naive_discrepancy(real, synthetic, kernel):
    total = 0.0
    for sign, first, second in ((1, real, real), (1, synthetic, synthetic), (-2, real, synthetic)):
        for x in first:
            for y in second:
                total += sign * kernel(x, y) / (len(first) * len(second))
    return total


def naive_gaussian(real, synthetic):
    rows = [*real, *synthetic]
    apart = [sum((a - b) ** 2 for a, b in zip(x, y, strict=True)) for x in rows for y in rows if x is not y]
    base = sum(apart) / len(apart)

    def kernel(x, y):
        squared = sum((a - b) ** 2 for a, b in zip(x, y, strict=True))
        return sum(math.exp(-squared / (base * m)) for m in (0.25, 0.5, 1, 2, 4))

    return naive_discrepancy(real, synthetic, kernel)


def naive_polynomial(real, synthetic, degree=3, offset=0.7):
    def kernel(x, y):
        return (sum(a * b for a, b in zip(x, y, strict=True)) / len(x) + offset) ** degree

    return naive_discrepancy(real, synthetic, kernel)


@pytest.mark.parametrize(
    ("kernel", "naive"),
    [({"kind": "gaussian"}, naive_gaussian), ({"kind": "polynomial", "degree": 3, "offset": 0.7}, naive_polynomial)],
)
def test_loss_equals_loops(kernel, naive):
    ra, rv, a, v = features()
    method = M3D.from_json({"kernel": kernel})
    wanted = naive(ra.tolist(), a.tolist()) + naive(rv.tolist(), v.tolist())
    assert loss(method, ra, rv, a, v).item() == pytest.approx(wanted, rel=1e-10)


def test_with_a_linear_kernel_a_whole_run_is_dm_at_another_rate():
    real = toy_clips()
    base = {
        "steps": 3,
        "encoders": {"network": {"options": {"width": 8}}, "bank": None, "batch": None},
        "start": "random",
    }
    dim = 8 * 4 * 4
    dm = methods.load("dm").from_json({**base, "optimiser": {"kind": "sgd", "lr": 0.02}})
    linear = M3D.from_json(
        {
            **base,
            "kernel": {"kind": "polynomial", "degree": 1},
            "optimiser": {"kind": "sgd", "lr": 0.02 * dim},
        }
    )
    wanted, made = dm.distill(real, seed=1), linear.distill(real, seed=1)
    moved = (wanted.tensors["image"] - wanted.start["image"]).abs().max()
    assert moved > 1e-3
    torch.testing.assert_close(made.tensors["image"], wanted.tensors["image"], rtol=0, atol=float(moved) * 0.02)


def test_invariant_to_order_rotation_and_shift_and_to_scale():
    ra, rv, a, v = features()
    method, before = M3D(), loss(M3D(), ra, rv, a, v)
    shuffled = torch.randperm(len(ra), generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(loss(method, ra[shuffled], rv, a, v), before)
    turn = torch.linalg.qr(torch.randn(5, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(2)))[0]
    torch.testing.assert_close(loss(method, *((x @ turn + 3) * 7 for x in (ra, rv, a, v))), before)


def test_zero_where_synthetic_is_real_and_positive_elsewhere_also_at_equal_means():
    ra, rv, _, _ = features()
    assert loss(M3D(), ra, rv, ra, rv).item() == pytest.approx(0, abs=1e-12)
    around = torch.cat([ra, 2 * ra.mean(0) - ra])
    wider = around.mean(0) + 2 * (around - around.mean(0))
    assert loss(M3D(), around, rv, wider, rv).item() > 0.01
    linear = M3D.from_json({"kernel": {"kind": "polynomial", "degree": 1}})
    assert loss(linear, around, rv, wider, rv).item() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("kernel", ["gaussian", "polynomial"])
def test_gradient(kernel):
    ra, rv, a, v = features(real=4, synthetic=2, dim=3)
    method = M3D.from_json({"kernel": {"kind": kernel}})
    if kernel == "gaussian":  # the width is held fixed, so the derivative is that of the loss at that width
        pulled = torch.autograd.grad(loss(method, ra, rv, a.requires_grad_(), v), a)[0]
        fixed = fixed_width_difference(ra, a.detach())
        torch.testing.assert_close(pulled, fixed, rtol=1e-5, atol=1e-8)
    else:
        assert torch.autograd.gradcheck(
            lambda x, y: loss(method, ra, rv, x, y), (a.requires_grad_(), v.requires_grad_())
        )


def fixed_width_difference(real, synthetic, step=1e-6):
    """Derivative of the Gaussian discrepancy by central differences, width as at `synthetic`."""
    rows = torch.cat([real, synthetic])
    base = torch.cdist(rows, rows).square().sum() / (len(rows) * (len(rows) - 1))

    def value(x):
        def kernel(p, q):
            return sum(torch.exp(-torch.cdist(p, q).square() / (base * m)).mean() for m in (0.25, 0.5, 1, 2, 4))

        return kernel(real, real) + kernel(x, x) - 2 * kernel(real, x)

    out = torch.zeros_like(synthetic)
    for i in range(len(synthetic)):
        for j in range(synthetic.shape[1]):
            nudge = torch.zeros_like(synthetic)
            nudge[i, j] = step
            out[i, j] = (value(synthetic + nudge) - value(synthetic - nudge)) / (2 * step)
    return out
